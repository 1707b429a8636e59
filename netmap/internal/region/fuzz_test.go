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
	p, err := r.AddPort(spec)
	if err != nil {
		f.Fatal(err)
	}
	if _, err := r.AddIf(p, []bool{true, true, true, true}); err != nil {
		f.Fatal(err)
	}
	good := r.Grant(p)
	f.Add([]byte{}, uint64(0), uint64(geo.MemSize()), good.CtlOfs, good.BufOfs, good.BufNum, good.BufSize, good.CtlNum)
	f.Add([]byte{0, 0, 24, 255}, uint64(0), uint64(geo.MemSize()), good.CtlOfs, good.BufOfs, good.BufNum, good.BufSize, good.CtlNum)
	f.Add([]byte{0, 0, 56, 8, 16, 8, 3, 7}, uint64(8), uint64(size), good.CtlOfs, ^uint64(0), good.BufNum, good.BufSize, ^uint32(0))

	if v, err := parse(r.mem, abi.ReqRegister{Memsize: uint64(geo.MemSize())}, good); err != nil || len(v.Rings) != 4 {
		f.Fatalf("the seed does not parse: %v", err)
	}
	f.Fuzz(func(t *testing.T, patch []byte, ifOfs, memsize, ctlOfs, bufOfs uint64, bufNum, bufSize, ctlNum uint32) {
		mem := append([]byte(nil), r.mem...)
		// The patch is a list of changes: offset (3 bytes), value.
		for ; len(patch) >= 4; patch = patch[4:] {
			mem[int(binary.BigEndian.Uint32(patch)>>8)%size] = patch[3]
		}
		v, err := parse(mem, abi.ReqRegister{Offset: ifOfs, Memsize: memsize}, abi.Grant{
			CtlOfs: ctlOfs, BufOfs: bufOfs, BufNum: bufNum, BufSize: bufSize, CtlNum: ctlNum,
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
