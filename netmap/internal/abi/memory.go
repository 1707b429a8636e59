package abi

import "sync/atomic"

// Slot is struct netmap_slot: one place of a ring. The slots of a ring follow its Ring.
type Slot struct {
	BufIdx uint32 `c:"buf_idx"`
	Len    uint16 `c:"len"` // bytes
	Flags  uint16 `c:"flags"`
	Ptr    uint64 `c:"ptr"`
}

// Ring is struct netmap_ring without its slots. Head, Cur and Tail take effect at a sync; between syncs
// they are the program's alone.
type Ring struct {
	BufOfs     int64     `c:"buf_ofs"` // from the ring to buffer 0
	NumSlots   uint32    `c:"num_slots"`
	BufSize    uint32    `c:"nr_buf_size"` // bytes
	RingID     uint16    `c:"ringid"`
	Dir        uint16    `c:"dir"`
	Head       uint32    `c:"head"`
	Cur        uint32    `c:"cur"`
	Tail       uint32    `c:"tail"`
	Flags      uint32    `c:"flags"`
	Pad0       uint32    `c:"pad0"`
	TsSec      int64     `c:"ts_sec"`
	TsUsec     int64     `c:"ts_usec"`
	OffsetMask uint64    `c:"offset_mask"`
	BufAlign   uint64    `c:"buf_align"`
	Pad1       [56]byte  `c:"pad1"`
	Sem        [128]byte `c:"sem"`
}

// If is struct netmap_if without its ring offsets, which follow it as int64: NIC tx, host tx, NIC rx,
// host rx, each relative to the If, 0 for a ring that this open does not bind.
type If struct {
	Name        [NETMAP_IF_NAME]byte `c:"ni_name"`
	Version     uint32               `c:"ni_version"`
	Flags       uint32               `c:"ni_flags"`
	TxRings     uint32               `c:"ni_tx_rings"`
	RxRings     uint32               `c:"ni_rx_rings"`
	BufsHead    uint32               `c:"ni_bufs_head"`
	HostTxRings uint32               `c:"ni_host_tx_rings"`
	HostRxRings uint32               `c:"ni_host_rx_rings"`
	Spare1      [3]uint32            `c:"ni_spare1"`
}

// Ctl is struct nmu_ctl: the control block of a ring, through which program and switch hand positions
// over and say who sleeps. Each line has one writer. The header states the protocol; in Go the loads and
// stores of sync/atomic are sequentially consistent, which includes the full fence it asks for.
type Ctl struct {
	// Line 0, written by the program.
	Head  atomic.Uint32 `c:"head"`
	Wait  atomic.Uint32 `c:"wait"`
	Syncs atomic.Uint32 `c:"syncs"`
	_     [NMU_LINE - 12]byte
	// Line 1, written by the switch.
	Tail atomic.Uint32 `c:"tail"`
	Cur  atomic.Uint32 `c:"cur"`
	_    [NMU_LINE - 8]byte
	// Line 2, written by the switch.
	Doorbell atomic.Uint32 `c:"doorbell"`
	Lockstep atomic.Uint32 `c:"lockstep"`
	_        [NMU_LINE - 8]byte
	// Line 3, written by the program.
	Busy atomic.Uint32 `c:"busy"`
	Told atomic.Uint32 `c:"told"`
	// Shared is not 0 once several processes may sleep on one wake descriptor.
	Shared atomic.Uint32 `c:"shared"`
	_      [NMU_LINE - 12]byte
}
