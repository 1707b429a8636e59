// Package vale is the user-space VALE switch: learning switches, wires and trunks whose ports are the
// rings of netmap programs, AF_PACKET sockets, or both.
//
// # What belongs here
//
// The engine and everything a frame passes through on its way: rings in shared memory, sockets, trunk
// channels, the MAC table, checksums and segmentation, counters, and what must survive the process. What
// does not: the layout of the shared memory (package region), the messages by which a program opens a
// port, network devices, and who may open what.
//
// # Structure
//
// An Engine has workers. A worker is an OS thread that moves the frames of the switches given to it; a
// switch belongs to one worker for its life, so that no lock is needed between its ports. The worker's
// loop is C (package core), as are all other steps of a frame; Go does everything that happens once per port
// and not once per frame. The thread is inside the C loop for good, busy or asleep, so that neither Go's
// scheduler nor its collector has to do with traffic; it comes back for control operations, which are
// functions that it runs itself, and to report a port that broke the rules. So the C core is single-threaded
// per worker.
//
//	worker.c   the loop: passes, spinning, sleeping   source.c   who is awake: TX rings, sockets, trunks
//	ring_tx.c  taking a program's slots               ring_rx.c  filling a program's slots
//	socket.c   AF_PACKET with virtio-net headers      channel.c  the two queues of a trunk
//	forward.c  lookup, lists per destination          table.c    the MAC table
//	gso.c      segmentation                           csum.c     checksums
//	wake.c     waking programs                        break.c    ports that break the rules
//	port.c     switches, ports and trunks             open.c     netmap mode
//	state.h    what survives the process
//
// # Semantics
//
// Those of vale(4), where a program can see them: source learning into a table of 1024 places without
// ageing, flooding of what is unknown, order kept per source ring and destination ring, a destination
// that is full drops the newest frames (the tail of the batch), and a sender is never held back by a slow
// receiver. Where the module's behaviour helps nobody this switch differs: the table entries of a removed
// port are forgotten instead of swallowing frames, and a station that moves is learned at its first frame.
//
// # Trust
//
// A port's shared memory is written by a program that is not trusted. Everything is read from it once and
// checked; slots that break the rules are dropped and counted, positions that break the rules end the
// open, with an Event. Positions, geometry, counters and the MAC table lie in memory that no program maps.
//
// # Restart
//
// That memory is a sealed memfd per switch (Switch.StateFile). With it, the Files of the opens and
// the sockets, an engine in a new process carries on where the last one was killed: a ring position is
// written there before the frames behind it are handed on, so a frame is delivered at most once.
package vale
