package vale

import (
	"encoding/binary"
	"testing"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// TestSharedRings: two opens of the same rings see the same positions and are both woken; what one has sent and not
// released the other finds as it was, also when the first is gone.
func TestSharedRings(t *testing.T) {
	e := newManual(t, 1)
	s, err := e.NewSwitch("s", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	first, _ := mustOpen(t, s, "shared", abi.NR_REG_ALL_NIC, 1, 64)
	second, err := first.port.OpenRings(OpenConfig{Interface: "eth1", Mode: abi.NR_REG_NIC_SW})
	if err != nil {
		t.Fatal(err)
	}
	other, _ := mustOpen(t, s, "other", abi.NR_REG_ALL_NIC, 1, 64)
	otherTx := find(t, other, true, false, 0)
	a, b := find(t, first, false, false, 0), find(t, second, false, false, 0)
	if a.Ofs != b.Ofs || first.Register().Offset == second.Register().Offset {
		t.Fatalf("rings at %d and %d", a.Ofs, b.Ofs)
	}
	for range 5 {
		otherTx.put(eth(0xff, 3, 60), 0)
	}
	b.Ctl.Wait.Add(1)
	otherTx.sync(t)
	e.settle()
	if !a.await(0) || !b.await(0) {
		t.Error("an open was not woken")
	}
	if got := a.take(2); len(got) != 2 {
		t.Fatalf("%d frames for the first", len(got))
	}
	a.sync(t)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if tail := b.Ctl.Tail.Load(); tail != 5 {
		t.Fatalf("tail is %d after one of two has closed", tail)
	}
	if b.head = b.Ctl.Head.Load(); len(b.take(64)) != 3 {
		t.Errorf("the second begins at %d", b.head)
	}
	b.sync(t)
	tx := find(t, second, true, false, 0)
	tx.put(eth(0xff, 1, 60), 0)
	tx.sync(t)
	e.settle()
	if got := find(t, other, false, false, 0).frames(); len(got) != 1 {
		t.Errorf("%d frames from the second", len(got))
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	if !first.port.isSocket() {
		t.Error("the port is not in socket mode")
	}
}

// TestExtraBuffers: a program's own buffers are in no ring, may go into one, and come back however it left them.
func TestExtraBuffers(t *testing.T) {
	e := newManual(t, 1)
	s, err := e.NewSwitch("s", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	keep, _ := mustOpen(t, s, "p", abi.NR_REG_SW, 1, 64)
	for range 50 { // far more than there are, if they did not come back
		o, err := keep.port.OpenRings(OpenConfig{Mode: abi.NR_REG_ALL_NIC, Extra: 3000})
		if err != nil {
			t.Fatal(err)
		}
		if got := o.Register().ExtraBufs; got != 3000 {
			t.Fatalf("%d extra buffers", got)
		}
		tx := find(t, o, true, false, 0)
		head := keep.rings.memory.region.Mem()[o.ifOfs+32:] // ni_bufs_head
		mine, swapped := binary.LittleEndian.Uint32(head), tx.Array[0].BufIdx
		copy(tx.Buf(swapped)[:4], tx.Buf(mine)[:4]) // the one from the ring takes its place in the list
		binary.LittleEndian.PutUint32(head, swapped)
		tx.Array[0].BufIdx = mine
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
	}
	used := 0
	for _, r := range keep.UsedBufs() {
		used += r.Num
	}
	if used != 2*64 {
		t.Errorf("%d buffers are in use, want those of two rings", used)
	}
}

// TestSpoiltAtTheEnd: a program that ends with a ring spoilt takes nothing away from others that have the port.
func TestSpoiltAtTheEnd(t *testing.T) {
	e := newManual(t, 1)
	s, err := e.NewSwitch("s", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	stays, _ := mustOpen(t, s, "p", abi.NR_REG_ONE_NIC, 2, 64)
	ends, err := stays.port.OpenRings(OpenConfig{Interface: "eth1", Mode: abi.NR_REG_ONE_NIC, RingID: 1})
	if err != nil {
		t.Fatal(err)
	}
	find(t, ends, true, false, 1).Ctl.Head.Store(64)
	if err := ends.Close(); err != nil {
		t.Fatal(err)
	}
	if stays.port.core.Broken() {
		t.Error("the port has broken the rules")
	}
}
