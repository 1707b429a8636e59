// Package region lays out and maps the memory that a program and a switch share.
//
// A region is one sealed memfd: the if pool, the ring pool and the buf pool of netmap(4), each of whole
// pages, then a control area with one abi.Ctl per ring object. A region holds one port or several; each
// port has rings, buffers and control blocks of its own, and each open of it a netmap_if of its own.
//
//	0          RingOfs          BufOfs             MemSize = CtlOfs     Size
//	| netmap_if | netmap_ring+slots | buffers        | control blocks     |
//
// The switch makes regions (Create), puts ports into them (NewPort), opens and closes their rings (OpenRings, AddIf),
// or takes them over after a restart (Attach, RestoreRing, RestoreIf, RestoreBufs). Rings and buffers are given out lowest
// first, as netmap does. A program maps what it was granted (Map) and believes nothing in it: offsets and counts are read once and
// checked.
//
// Here belong layout, mapping and access to mapped rings. Moving positions, syncing and waiting belong to
// package netmap (the program's side) and to package vale (the switch's).
package region
