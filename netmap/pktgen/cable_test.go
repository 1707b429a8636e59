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
