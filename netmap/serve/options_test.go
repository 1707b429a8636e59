package serve

import (
	"encoding/binary"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/internal/wire"
)

// withOffsets makes a registration with the option for offsets.
func withOffsets(t testing.TB, name string, o abi.OptOffsets) wire.Request {
	t.Helper()
	q := request(t, abi.NETMAP_REQ_REGISTER, name, &abi.ReqRegister{Mode: abi.NR_REG_ALL_NIC})
	b, err := binary.Append(nil, binary.LittleEndian, o)
	if err != nil {
		t.Fatal(err)
	}
	head := binary.Size(o.Opt)
	q.Options = []wire.Option{{Option: abi.Option{ReqType: abi.NETMAP_REQ_OPT_OFFSETS}, Rest: b[head:]}}
	return q
}

// TestOffsetsOption: what the program is told, and who has offsets besides it.
func TestOffsetsOption(t *testing.T) {
	s, _ := newNode(t, newEngine(t), "n")
	open := func(name string, o abi.OptOffsets, want unix.Errno) *program {
		t.Helper()
		p := s.program(t)
		r := p.ask(withOffsets(t, name, o))
		if r.Errno != want || unix.Errno(r.Options[0].Status) != want {
			t.Fatalf("%+v: %v, status %d, want %v", o, r.Errno, r.Options[0].Status, want)
		}
		if want == 0 {
			p.mapRegion(r.Grant)
			if got := binary.LittleEndian.Uint64(r.Options[0].Rest); got != 256 {
				t.Fatalf("the largest offset is %d, want 256", got)
			}
		}
		return p
	}
	for _, name := range []string{"vale1:x", "eth1", "vale1:x{1"} {
		p := open(name, abi.OptOffsets{Max: 256, Initial: 128, Bits: 16}, 0)
		open(name, abi.OptOffsets{Max: 100, Bits: 8}, 0) // what there is, is more
		open(name, abi.OptOffsets{Max: 257, Bits: 16}, unix.EBUSY)
		open(name, abi.OptOffsets{Max: 256}, unix.EBUSY) // more bits
		open(name, abi.OptOffsets{Max: 2049, Bits: 16}, unix.EINVAL)
		open(name, abi.OptOffsets{Max: 256, Bits: 8}, unix.EINVAL)
		open(name, abi.OptOffsets{Max: 1, Bits: 65}, unix.EINVAL)
		open(name, abi.OptOffsets{Max: 1, Initial: 2, Bits: 16}, unix.EINVAL)
		for _, tx := range []bool{true, false} {
			if r := p.ring(tx); r.Header.OffsetMask != 0xffff || r.Array[5].Ptr != 128 {
				t.Errorf("%s: mask %#x, offset %d", name, r.Header.OffsetMask, r.Array[5].Ptr)
			}
		}
	}
	// What a pipe's other end gets lies where it was put.
	slave := s.program(t)
	slave.must("vale1:x}1", abi.ReqRegister{})
	if r := slave.ring(false); r.Header.OffsetMask != 0xffff || r.Array[5].Ptr != 128 {
		t.Errorf("the other end: mask %#x, offset %d", r.Header.OffsetMask, r.Array[5].Ptr)
	}
}
