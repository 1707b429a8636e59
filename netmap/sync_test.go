package netmap

import (
	"errors"
	"testing"
	"time"

	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/internal/fakeswitch"
)

// Positions of the other side take effect at a sync and not before.
func TestEffectAtSyncOnly(t *testing.T) {
	p, shared, received := pair(t, 16, 16)
	tx, rx := p.TxRings()[0], p.RxRings()[0]
	lane := fakeswitch.NewLane(shared, received)

	send(t, tx, 0, 3)
	if tx.Pending() != 3 || shared.Ctl.Head.Load() != 0 || shared.Header.Head != 0 {
		t.Errorf("before the sync: %d pending, head %d, shared head %d",
			tx.Pending(), shared.Ctl.Head.Load(), shared.Header.Head)
	}
	if err := p.TxSync(); err != nil {
		t.Fatal(err)
	}
	if tx.Pending() != 0 || shared.Ctl.Head.Load() != 3 || shared.Header.Head != 3 {
		t.Errorf("after the sync: %d pending, head %d, shared head %d",
			tx.Pending(), shared.Ctl.Head.Load(), shared.Header.Head)
	}
	lane.Move()
	if tx.Available() != 12 || rx.Available() != 0 || shared.Header.Tail != 15 {
		t.Errorf("before the second sync: %d free, %d received, shared tail %d",
			tx.Available(), rx.Available(), shared.Header.Tail)
	}
	if err := errors.Join(p.TxSync(), p.RxSync()); err != nil {
		t.Fatal(err)
	}
	if tx.Available() != 15 || rx.Available() != 3 || shared.Header.Tail != 2 || shared.Ctl.Syncs.Load() != 2 {
		t.Errorf("after the second sync: %d free, %d received, shared tail %d, %d syncs",
			tx.Available(), rx.Available(), shared.Header.Tail, shared.Ctl.Syncs.Load())
	}
	receive(t, p, rx, 0, 3)
}

// A full ring lends nothing, and a ring of any size wraps: 5 slots hold 4 frames, round and round.
func TestFullEmptyWrap(t *testing.T) {
	for _, slots := range []int{2, 5, 64, 100} {
		fakeswitch.ForTest(t, fakeswitch.Config{Slots: slots})
		p := open(t, "netmap:eth1")
		tx, rx := p.TxRings()[0], p.RxRings()[0]
		for lap := range 7 {
			send(t, tx, byte(lap), slots-1)
			if b := tx.Borrow(1); b.Len() != 0 {
				t.Fatalf("%d slots: a full ring lends %d", slots, b.Len())
			}
			if err := p.TxSync(); err != nil {
				t.Fatal(err)
			}
			receive(t, p, rx, byte(lap), slots-1)
			if b := rx.Borrow(1); b.Len() != 0 {
				t.Fatalf("%d slots: an empty ring lends %d", slots, b.Len())
			}
			eventually(t, 5*time.Second, "all is sent", func() bool {
				if err := p.TxSync(); err != nil {
					t.Fatal(err)
				}
				return tx.Available() == slots-1
			})
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// What is not committed is not sent, what is not released stays, and both can be borrowed again.
func TestPartialBatches(t *testing.T) {
	fakeswitch.ForTest(t, fakeswitch.Config{Slots: 16})
	p := open(t, "netmap:eth1")
	tx, rx := p.TxRings()[0], p.RxRings()[0]

	b := tx.Borrow(10)
	for i := range b.Len() {
		b.Buf(i)[0] = byte(i)
		b.SetLen(i, 1)
	}
	b.Commit(4)
	if b = tx.Borrow(100); b.Len() != 11 {
		t.Errorf("%d slots left, want 11", b.Len())
	}
	b.Commit(0)
	if err := p.TxSync(); err != nil {
		t.Fatal(err)
	}
	receive(t, p, rx, 0, 2)
	receive(t, p, rx, 2, 2)
	if n := rx.Available(); n != 0 {
		t.Errorf("%d frames too many", n)
	}
}

// Frames of several slots keep their shape, and SetLen ends them.
func TestFragments(t *testing.T) {
	fakeswitch.ForTest(t, fakeswitch.Config{Slots: 16})
	p := open(t, "netmap:eth1")
	tx, rx := p.TxRings()[0], p.RxRings()[0]
	for range 5 {
		b := tx.Borrow(4)
		for i := range 3 {
			b.SetLen(i, b.r.mem.BufSize())
			b.SetFlags(i, MoreFrag)
		}
		b.SetLen(3, 7)
		b.Commit(4)
		if err := p.TxSync(); err != nil {
			t.Fatal(err)
		}
		eventually(t, 5*time.Second, "four slots arrive", func() bool {
			if err := p.RxSync(); err != nil {
				t.Fatal(err)
			}
			return rx.Available() == 4
		})
		r := rx.Borrow(4)
		for i := range 4 {
			want, flags := 2048, MoreFrag
			if i == 3 {
				want, flags = 7, 0
			}
			if len(r.Buf(i)) != want || r.Flags(i) != flags {
				t.Errorf("slot %d: %d bytes, flags %#x", i, len(r.Buf(i)), r.Flags(i))
			}
		}
		r.Release(4)
	}
}

// NIC and host rings do not mix.
func TestHostRings(t *testing.T) {
	fakeswitch.ForTest(t, fakeswitch.Config{Slots: 16})
	p := open(t, "netmap:eth1*")
	send(t, p.TxRings()[0], 10, 2)
	send(t, p.HostTx()[0], 20, 3)
	if err := p.TxSync(); err != nil {
		t.Fatal(err)
	}
	receive(t, p, p.HostRx()[0], 20, 3)
	receive(t, p, p.RxRings()[0], 10, 2)
}

// Whatever the other side writes, the program gets an error or empty frames, not a crash.
func TestHostileSwitch(t *testing.T) {
	for name, tail := range map[string]uint32{
		"beyond the ring": 16,
		"far":             1 << 31,
		"backwards":       14, // tx tail starts at 15
		"onto head":       0,
	} {
		t.Run(name, func(t *testing.T) {
			s := fakeswitch.ForTest(t, fakeswitch.Config{Slots: 16})
			p := open(t, "netmap:eth1")
			shared, err := s.Ring(0)
			if err != nil {
				t.Fatal(err)
			}
			shared.Ctl.Tail.Store(tail)
			if err := p.TxSync(); !errors.Is(err, ErrCorrupt) {
				t.Errorf("sync: %v, want ErrCorrupt", err)
			}
			if _, err := p.Poll(Out, time.Second); !errors.Is(err, ErrCorrupt) {
				t.Errorf("poll: %v, want ErrCorrupt", err)
			}
			if n := p.TxRings()[0].Available(); n != 15 {
				t.Errorf("%d slots, want the 15 from before", n)
			}
		})
	}
	t.Run("slots", func(t *testing.T) {
		s := fakeswitch.ForTest(t, fakeswitch.Config{Slots: 16})
		p := open(t, "netmap:eth1")
		shared, err := s.Ring(2) // rx
		if err != nil {
			t.Fatal(err)
		}
		for i := range shared.Array {
			shared.Array[i] = abi.Slot{BufIdx: 0xfffffff0, Len: 0xffff, Flags: 0xffff}
		}
		shared.Header.NumSlots, shared.Header.BufOfs, shared.Header.BufSize = 1<<31, -1<<62, 1<<31
		shared.Ctl.Tail.Store(9)
		if err := p.RxSync(); err != nil {
			t.Fatal(err)
		}
		b := p.RxRings()[0].Borrow(16)
		for i := range b.Len() {
			if f := b.Buf(i); len(f) != 0 {
				t.Errorf("slot %d: %d bytes", i, len(f))
			}
		}
		b.Release(b.Len())
	})
}
