package region

import (
	"encoding/binary"
	"testing"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// FuzzParse: whatever a region and a grant say, either parse refuses them or every slot, every buffer and every
// control block that the rings show lies inside the region.
func FuzzParse(f *testing.F) {
	spec := Spec{Name: "p", TxRings: 1, RxRings: 1, HostTxRings: 1, HostRxRings: 1, TxSlots: 4, RxSlots: 4}
	geo := Geometry{IfSize: 1024, IfNum: 4, RingSize: 1024, RingNum: 4, BufSize: 2048, BufNum: 18}
	r := InMemory(geo)
	size := geo.Size()
	p, err := r.NewPort(spec)
	if err == nil {
		err = r.OpenRings(p, []bool{true, true, true, true}, nil)
	}
	if err != nil {
		f.Fatal(err)
	}
	if _, err := r.AddIf(p, []bool{true, true, true, true}); err != nil {
		f.Fatal(err)
	}
	good := r.Grant(p, 0)
	add := func(patch []byte, g abi.Grant) {
		f.Add(patch, g.IfOfs, g.Memsize, g.CtlOfs, g.BufOfs, g.RingOfs, g.BufNum, g.BufSize, g.RingNum, g.RingSize, g.TxRings, g.HostRxRings)
	}
	add([]byte{}, good)
	add([]byte{0, 0, 56, 255}, good)
	bad := good
	bad.IfOfs, bad.BufOfs, bad.RingNum = 8, ^uint64(0), ^uint32(0)
	add([]byte{0, 0, 56, 8, 16, 8, 3, 7}, bad)

	if v, err := parse(r.mem, good); err != nil || len(v.Rings) != 4 {
		f.Fatalf("the seed does not parse: %v", err)
	}
	f.Fuzz(func(t *testing.T, patch []byte, ifOfs, memsize, ctlOfs, bufOfs, ringOfs uint64,
		bufNum, bufSize, ringNum, ringSize uint32, txRings, hostRxRings uint16) {
		mem := append([]byte(nil), r.mem...)
		// The patch is a list of changes: offset (3 bytes), value.
		for ; len(patch) >= 4; patch = patch[4:] {
			mem[int(binary.BigEndian.Uint32(patch)>>8)%size] = patch[3]
		}
		v, err := parse(mem, abi.Grant{
			IfOfs: ifOfs, Memsize: memsize, CtlOfs: ctlOfs, BufOfs: bufOfs, RingOfs: ringOfs, BufNum: bufNum, BufSize: bufSize,
			RingNum: ringNum, RingSize: ringSize, TxRings: txRings, HostTxRings: 1, RxRings: 1, HostRxRings: hostRxRings,
		})
		if (v == nil) == (err == nil) {
			t.Fatalf("view %v, error %v", v, err)
		}
		if err != nil {
			return
		}
		for _, ring := range v.Rings {
			ring.Ctl.Syncs.Add(1)
			for k := range ring.Array {
				ring.Array[k].Flags++
				ring.Array[k].BufIdx = uint32(k) * 0x10001
				touch(ring.Bytes(&ring.Array[k]))
			}
			touch(ring.Buf(ring.NumBufs() - 1))
			touch(ring.Buf(ring.NumBufs()))
		}
	})
}

// touch reads and writes the ends of b.
func touch(b []byte) {
	if len(b) > 0 {
		b[0]++
		b[len(b)-1]++
	}
}
