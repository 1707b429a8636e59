package pktgen

import (
	"testing"

	"github.com/valelab/valelab/netmap"
)

// A frame that fills the ring without an end is dropped; the frame behind it
// is forwarded.
func TestCableDropsEndlessFrames(t *testing.T) {
	from, shared := openStopped(t, "netmap:eth1/R", 2)
	to, _ := openStopped(t, "netmap:eth1/T", 0)
	rx, tx := from.RxRings()[0], to.TxRings()[0]
	c := cable{from: from, rx: from.RxRings(), tx: to.TxRings()}
	last := uint32(rx.Slots() - 1)
	for i := range shared.Array {
		shared.Array[i].Len, shared.Array[i].Flags = 60, netmap.MoreFrag
	}
	shared.Ctl.Tail.Store(last)
	if err := rx.Sync(); err != nil {
		t.Fatal(err)
	}
	if n := c.move(rx, tx); n != int(last) || c.dropped != uint64(last) || tx.Pending() != 0 {
		t.Errorf("%d slots taken, %d dropped, %d sent, want %d dropped", n, c.dropped, tx.Pending(), last)
	}
	if err := rx.Sync(); err != nil {
		t.Fatal(err)
	}
	shared.Array[last].Flags = 0
	shared.Ctl.Tail.Store(0)
	if err := rx.Sync(); err != nil {
		t.Fatal(err)
	}
	if n := c.move(rx, tx); n != 1 || tx.Pending() != 1 || c.packets.Load() != 1 || c.bytes.Load() != 60 {
		t.Errorf("%d slots taken, %d sent, %d packets, %d bytes, want one", n, tx.Pending(), c.packets.Load(), c.bytes.Load())
	}
}

// Parts of a frame wait for its end.
func TestCableWaitsForWholeFrames(t *testing.T) {
	from, shared := openStopped(t, "netmap:eth1/R", 2)
	to, _ := openStopped(t, "netmap:eth1/T", 0)
	rx, tx := from.RxRings()[0], to.TxRings()[0]
	c := cable{from: from, rx: from.RxRings(), tx: to.TxRings()}
	for i, flags := range []uint16{0, netmap.MoreFrag, netmap.MoreFrag, 0} {
		shared.Array[i].Len, shared.Array[i].Flags = 60, flags
	}
	for _, step := range []struct{ tail, taken uint32 }{{3, 1}, {3, 0}, {4, 3}} {
		shared.Ctl.Tail.Store(step.tail)
		if err := rx.Sync(); err != nil {
			t.Fatal(err)
		}
		if n := c.move(rx, tx); n != int(step.taken) {
			t.Errorf("%d slots taken of those up to %d, want %d", n, step.tail, step.taken)
		}
	}
	if c.packets.Load() != 2 || c.bytes.Load() != 240 || c.dropped != 0 {
		t.Errorf("%d packets, %d bytes, %d dropped", c.packets.Load(), c.bytes.Load(), c.dropped)
	}
}

// What found no room waits for room, also if the sync after that has made all of it: the receive ring may be full, and
// then no other frame comes to wake who waits for one.
func TestCableHeldUpDoesNotWaitForFrames(t *testing.T) {
	from, received := openStopped(t, "netmap:eth1/R", 2)
	to, sent := openStopped(t, "netmap:eth1/T", 0)
	rx, tx := from.RxRings()[0], to.TxRings()[0]
	c := cable{from: from, rx: from.RxRings(), tx: to.TxRings()}
	last := uint32(rx.Slots() - 1)
	for i := range received.Array {
		received.Array[i].Len = 60
	}
	frames := tx.Borrow(tx.Slots())
	for i := range frames.Len() {
		frames.SetLen(i, 60)
	}
	frames.Commit(frames.Len()) // the transmit ring is full
	if err := tx.Sync(); err != nil {
		t.Fatal(err)
	}
	received.Ctl.Tail.Store(last) // so is the receive ring
	if err := rx.Sync(); err != nil {
		t.Fatal(err)
	}
	sent.Ctl.Tail.Store(last - 1) // the switch takes all at the next sync
	if moved, waiting, err := c.round(); moved != 0 || !waiting || err != nil || tx.Available() != tx.Slots()-1 {
		t.Errorf("%d slots moved, waiting for room %v, %d free now, %v", moved, waiting, tx.Available(), err)
	}
	if moved, _, err := c.round(); moved == 0 || err != nil {
		t.Errorf("%d slots moved, %v", moved, err)
	}
	// Without a frame it is one that is waited for.
	empty, _ := openStopped(t, "netmap:eth1/R", 2)
	c = cable{from: empty, rx: empty.RxRings(), tx: to.TxRings()}
	if moved, waiting, err := c.round(); moved != 0 || waiting || err != nil {
		t.Errorf("%d slots moved, waiting for room %v, %v", moved, waiting, err)
	}
}
