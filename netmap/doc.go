// Package netmap sends and receives Ethernet frames through the rings of a netmap port.
//
// A port is an endpoint of a lab's VALE switch: while a program has it open, its rings are wired to the
// switch and the kernel's stack is behind the host rings. Frames are written into and read from buffers in
// shared memory; nothing is copied on the program's side. System calls are few: to wake the switch when it
// sleeps, to sleep, and to offer the processor to others, once in a ring of sent frames and for a moment
// before a busy program sleeps.
//
//	p, err := netmap.Open("netmap:eth1")
//	...
//	tx := p.TxRings()[0]
//	for {
//		b := tx.Borrow(256)                  // free slots, ours until Commit
//		for i := range b.Len() {
//			b.SetLen(i, copy(b.Buf(i), frame))
//		}
//		b.Commit(b.Len())                    // ready to go
//		if err := p.TxSync(); err != nil {   // gone
//			return err
//		}
//		if b.Len() == 0 {
//			p.Poll(netmap.Out, -1)           // full: sleep until there is room
//		}
//	}
//
// The words are those of netmap(4): head is the first slot that the program owns, tail the first that it
// does not, and both move only at a sync. A ring of n slots holds at most n-1 frames.
//
// # What differs from netmap(4)
//
// TxSync is asynchronous: it publishes what was committed, wakes the switch if it sleeps, and takes back
// what the switch has consumed so far; the module forwards inside the system call, so there the whole ring
// is free afterwards. A ring has one owner: what one program has open, a second one can't open. Buffers stay
// with their slots: NS_BUF_CHANGED and NS_INDIRECT have no counterpart here.
//
// # Concurrency
//
// A Port belongs to one goroutine at a time, but for Interrupt, which any may call. Its rings may be used by one
// goroutine each, each syncing its own ring with Sync; then nobody may call TxSync, RxSync, Poll or Close
// meanwhile, since these use all rings. With NoTxPoll, Poll(In) uses the RX rings only: the goroutine that has
// those may poll while others have the TX rings.
//
// # What does not belong here
//
// The switch is package netmap/vale, traffic programs are package netmap/pktgen. The memory's layout and
// the messages are internal packages. Only files named *_unsafe.go use unsafe, and nothing here needs cgo.
package netmap
