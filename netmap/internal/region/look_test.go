package region

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// lookable is a region with a port of two opens, of all rings and of one, and what the module says of its layout.
func lookable(t testing.TB) (*Region, *Port, *abi.ReqPoolsInfo) {
	t.Helper()
	geo, err := Fit(endpoint, Room{})
	if err != nil {
		t.Fatal(err)
	}
	r := InMemory(geo)
	p, err := r.NewPort(endpoint)
	if err == nil {
		err = r.OpenRings(p, slices.Repeat([]bool{true}, len(p.Places)), nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, mode := range []uint32{abi.NR_REG_ONE_NIC, abi.NR_REG_NIC_SW} {
		open(t, r, p, mode, 0, 0)
	}
	return r, p, &abi.ReqPoolsInfo{
		IfSize: uint32(geo.IfSize), IfNum: uint32(geo.IfNum), RingOfs: uint64(geo.RingOfs()), RingSize: uint32(geo.RingSize),
		RingNum: uint32(geo.RingNum),
	}
}

// Every ring that is open is seen once, where its header says that it stands.
func TestLook(t *testing.T) {
	r, p, pools := lookable(t)
	for i, at := range p.Places {
		ring, err := r.Ring(p, i)
		if err != nil {
			t.Fatal(err)
		}
		ring.Header.Head, ring.Header.Cur, ring.Header.Tail = uint32(i), uint32(i+10), uint32(i+20)
		if at.Tx && at.ID == 0 {
			ring.Header.Head = 63 // the last slot
		}
	}
	got := Look(r.Mem(), pools, endpoint.Name, nil)
	want := []Position{
		{true, false, 0, 64, 63, 10, 20}, {false, false, 0, 100, 3, 13, 23}, // of the first open
		{true, false, 1, 64, 1, 11, 21}, {true, true, 0, 64, 2, 12, 22}, {false, true, 0, 100, 4, 14, 24},
	}
	if !slices.Equal(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	if got := Look(r.Mem(), pools, "another", nil); len(got) > 0 {
		t.Errorf("rings of another port: %+v", got)
	}
	first, err := r.Ring(p, 0)
	if err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]*uint32{"head": &first.Header.Head, "tail": &first.Header.Tail, "slots": &first.Header.NumSlots} {
		before := *change
		*change = 1 << 20
		if got := Look(r.Mem(), pools, endpoint.Name, nil); len(got) != len(want)-1 {
			t.Errorf("%s that can't be: %+v", what, got)
		}
		*change = before
	}
}

// FuzzLook: whatever is in the memory, nothing beyond it is read, and positions lie in their rings.
func FuzzLook(f *testing.F) {
	r, _, good := lookable(f)
	f.Add([]byte{}, good.IfNum, good.RingNum)
	f.Add([]byte{0, 0, 56, 255, 0, 0, 24, 16}, good.IfNum, uint32(1<<31))
	f.Fuzz(func(t *testing.T, patch []byte, ifs, rings uint32) {
		mem := append([]byte(nil), r.Mem()[:min(len(r.Mem()), 1<<19)]...)
		for ; len(patch) >= 4; patch = patch[4:] {
			mem[int(binary.BigEndian.Uint32(patch)>>8)%len(mem)] = patch[3]
		}
		pools := *good
		pools.IfNum, pools.RingNum = ifs, rings
		for _, p := range Look(mem, &pools, endpoint.Name, nil) {
			if max(p.Head, p.Cur, p.Tail) >= p.Slots || p.Slots > abi.NMU_MAX_SLOTS || p.ID < 0 || p.ID >= abi.NMU_MAX_RINGS {
				t.Errorf("%+v", p)
			}
		}
	})
}
