package vale

import (
	"bytes"
	"errors"
	"testing"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// openOffsets opens a port of a new switch with offsets, beside one without.
func openOffsets(t testing.TB, want Offsets) (e *Engine, s *Switch, o *Open, tx, rx *prog) {
	t.Helper()
	e = newManual(t, 1)
	s, err := e.NewSwitch("s", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.AttachPort("offsets", -1)
	if err != nil {
		t.Fatal(err)
	}
	o, err = p.OpenRings(OpenConfig{Interface: "o", Mode: abi.NR_REG_ALL_NIC, Rings: 1, Slots: 64, Offsets: &want})
	if err != nil {
		t.Fatal(err)
	}
	other, _ := mustOpen(t, s, "other", abi.NR_REG_ALL_NIC, 1, 64)
	return e, s, o, find(t, other, true, false, 0), find(t, other, false, false, 0)
}

// at is what a received slot holds, at its offset.
func (p *prog) at(i int) []byte {
	s := p.Array[i]
	ofs := s.Ptr & p.Header.OffsetMask
	return p.Buf(s.BufIdx)[ofs : ofs+uint64(s.Len)]
}

// TestOffsets sends from offsets that fit, are more than was asked for, and leave too little room, and receives frames
// up to the end of the buffer and beyond.
func TestOffsets(t *testing.T) {
	e, _, o, tx, rx := openOffsets(t, Offsets{Mask: 0xfff, Max: 300, Initial: 77})
	from, to := find(t, o, true, false, 0), find(t, o, false, false, 0)
	for k, c := range []struct{ ptr, at, n int }{
		{0, 0, 60}, {77, 77, 100}, {300, 300, 2048 - 300}, {301, 300, 60}, {0xfff, 300, 60}, {0x5000, 0, 60}, {1, 1, 2047}, {2, -1, 2047},
	} {
		frame := eth(9, 1, c.n)
		s := from.put(nil, 0)
		s.Len, s.Ptr = uint16(c.n), uint64(c.ptr)
		if c.at >= 0 {
			copy(from.Buf(s.BufIdx)[c.at:], frame)
		}
		from.sync(t)
		e.settle()
		got := rx.frames()
		if c.at < 0 && len(got) != 0 || c.at >= 0 && (len(got) != 1 || !bytes.Equal(got[0], frame)) {
			t.Errorf("frame %d: %d delivered", k, len(got))
		}
	}
	for i := range to.Array {
		if to.Array[i].Ptr != 77 {
			t.Fatalf("slot %d says %d", i, to.Array[i].Ptr)
		}
	}
	to.Array[1].Ptr, to.Array[2].Ptr = 4000, 300
	for _, n := range []int{2048 - 77, 60, 2048 - 300} {
		tx.put(eth(2, 9, n), 0)
		tx.sync(t)
	}
	e.settle()
	if to.free() != 3 || !bytes.Equal(to.at(0), eth(2, 9, 2048-77)) || !bytes.Equal(to.at(2), eth(2, 9, 2048-300)) {
		t.Error("frames at offsets differ")
	}
	if s := to.Array[1]; !bytes.Equal(to.Buf(s.BufIdx)[300:360], eth(2, 9, 60)) {
		t.Error("the largest offset is not the limit")
	}
	// One byte more than there is room for: two slots, and no byte outside of them.
	guard := to.Buf(to.Array[3].BufIdx + 1)
	clear(guard)
	tx.put(eth(2, 9, 2048-76), 0)
	tx.sync(t)
	e.settle()
	if to.free() != 5 || to.Array[3].Flags != 2<<8|abi.NS_MOREFRAG || to.Array[4].Flags != 2<<8 {
		t.Fatalf("%d slots, flags %#x %#x", to.free(), to.Array[3].Flags, to.Array[4].Flags)
	}
	if got := append(bytes.Clone(to.at(3)), to.at(4)...); !bytes.Equal(got, eth(2, 9, 2048-76)) {
		t.Error("a frame in two slots differs")
	}
	if !bytes.Equal(guard[:77], make([]byte, 77)) {
		t.Error("written beyond the buffer")
	}
}

// TestOffsetsOfWholeBuffer: with offsets that may leave no room, what fits is received.
func TestOffsetsOfWholeBuffer(t *testing.T) {
	e, _, o, tx, _ := openOffsets(t, Offsets{Mask: ^uint64(0), Max: 2048})
	to := find(t, o, false, false, 0)
	to.Array[0].Ptr = 2048 - 60
	to.Array[1].Ptr = 2048
	for _, n := range []int{60, 60} {
		tx.put(eth(2, 9, n), 0)
		tx.sync(t)
	}
	e.settle()
	if to.free() != 1 || !bytes.Equal(to.at(0), eth(2, 9, 60)) {
		t.Errorf("%d frames received, want 1", to.free())
	}
	if drops := e.Stats()[1].Drops; drops.TooBig != 1 {
		t.Errorf("%+v", drops)
	}
}

// TestOffsetsStay: other opens have them too, can't have more, and a restart changes nothing.
func TestOffsetsStay(t *testing.T) {
	e, s, o, _, _ := openOffsets(t, Offsets{Mask: 0xffff, Max: 256})
	again := Offsets{Mask: 0xff, Max: 100, Initial: 10}
	second, err := o.port.OpenRings(OpenConfig{Mode: abi.NR_REG_ALL_NIC, Offsets: &again})
	if err != nil {
		t.Fatal(err)
	}
	if again.Mask != 0xffff || again.Max != 256 || find(t, second, true, false, 0).Array[0].Ptr != 0 {
		t.Errorf("the second open has %+v", again)
	}
	for _, more := range []Offsets{{Mask: 0x1ffff, Max: 256}, {Mask: 0xffff, Max: 257}} {
		if _, err := o.port.OpenRings(OpenConfig{Mode: abi.NR_REG_ALL_NIC, Offsets: &more}); !errors.Is(err, ErrOffsets) || !errors.Is(err, ErrBusy) {
			t.Errorf("%+v: %v", more, err)
		}
	}
	for _, bad := range []Offsets{{Max: 1}, {Mask: 1, Max: 2049}, {Mask: 1, Max: 1, Initial: 2}} {
		if _, err := o.port.OpenRings(OpenConfig{Mode: abi.NR_REG_ALL_NIC, Offsets: &bad}); !errors.Is(err, ErrInvalid) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	state, keep := dupFile(t, s.StateFile()), keepOpen(t, o)
	e.abandon()
	e = newManual(t, 1)
	if s, err = e.NewSwitch("s", false, state); err != nil {
		t.Fatal(err)
	}
	p, err := s.AttachPort("offsets", -1)
	if err != nil {
		t.Fatal(err)
	}
	if o, err = p.OpenRings(OpenConfig{Interface: "o", Mode: abi.NR_REG_ALL_NIC, Rings: 1, Slots: 64, Restore: &keep}); err != nil {
		t.Fatal(err)
	}
	other, _ := mustOpen(t, s, "other", abi.NR_REG_ALL_NIC, 1, 64)
	from := find(t, o, true, false, 0)
	slot := from.put(nil, 0)
	slot.Len, slot.Ptr = 60, 99
	copy(from.Buf(slot.BufIdx)[99:], eth(9, 1, 60))
	from.sync(t)
	e.settle()
	if got := find(t, other, false, false, 0).frames(); len(got) != 1 || !bytes.Equal(got[0], eth(9, 1, 60)) {
		t.Errorf("%d frames after a restart", len(got))
	}
}
