package region

import (
	"errors"
	"testing"
)

// The RX rings of an open are found by what the memory itself says, and all that would lead outside is refused.
func TestDeviceRings(t *testing.T) {
	r, p, _ := lookable(t)
	mem := r.Mem()[:r.Geometry().MemSize()]
	second := uint64(r.Geometry().IfSize)
	rings, err := DeviceRings(mem, second)
	if err != nil || len(rings) != 1 {
		t.Fatalf("%d rings, %v", len(rings), err)
	}
	want, err := r.Ring(p, 3)
	if err != nil {
		t.Fatal(err)
	}
	got := rings[0]
	if got.Header != want.Header || len(got.Array) != 100 || got.NumBufs() != want.NumBufs() || got.Ctl != nil || got.Tx || got.Host {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	last := got.NumBufs() - 1
	touch(got.Buf(last))
	touch(got.Buf(last + 1))

	for what, change := range map[string]func(){
		"buffers outside":   func() { want.Header.BufOfs = int64(len(mem)) },
		"buffers before":    func() { want.Header.BufOfs = -int64(len(mem)) },
		"no buffer size":    func() { want.Header.BufSize = 0 },
		"too many slots":    func() { want.Header.NumSlots = 1 << 30 },
		"another direction": func() { want.Header.Dir = 1 },
	} {
		before := *want.Header
		change()
		if _, err := DeviceRings(mem, second); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", what, err)
		}
		*want.Header = before
	}
	for _, ofs := range []uint64{uint64(len(mem)), ^uint64(7), 4} {
		if _, err := DeviceRings(mem, ofs); !errors.Is(err, ErrMalformed) {
			t.Errorf("netmap_if at %d: %v", ofs, err)
		}
	}
}
