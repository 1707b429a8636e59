package serve

import (
	"fmt"
	"testing"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// TestRoomOfOthers: what programs take beside one endpoint keeps nobody from opening the next one: extra buffers are of
// the endpoint's own room, and where ports of the program's own fill the memory, the next endpoint has another.
func TestRoomOfOthers(t *testing.T) {
	s, h := newNode(t, newEngine(t), "n")
	h.addEndpoint("eth2", Geometry{Rings: 1, Slots: 1024})
	h.addEndpoint("eth3", Geometry{Rings: 1, Slots: 1024})
	a, b, c := s.program(t), s.program(t), s.program(t)
	if got := a.must("eth1", abi.ReqRegister{ExtraBufs: maxExtra}).ExtraBufs; got == 0 || got > 4096 {
		t.Errorf("%d extra buffers", got)
	}
	b.must("eth2", abi.ReqRegister{})
	if !sameRegion(t, a, b) {
		t.Error("extra buffers part endpoints")
	}
	s.program(t).must("vale1:x", abi.ReqRegister{MemID: globalID, ExtraBufs: maxExtra})
	if id := c.must("eth3", abi.ReqRegister{}).MemID; id == globalID {
		t.Error("there is room in a memory that is full")
	}
}

// TestSharedMemory: the size of the memory can be told in 32 bits. Endpoints that do not fit have their own.
func TestSharedMemory(t *testing.T) {
	s, h := newNode(t, newEngine(t), "n")
	for i := range 12 {
		h.addEndpoint(fmt.Sprintf("large%d", i), Geometry{Rings: 16, Slots: 4096}) // 424 MB
	}
	together := 0
	for name := range h.endpoints {
		r := s.program(t).must(name, abi.ReqRegister{})
		if r.Memsize > maxShared {
			t.Errorf("%s: %d bytes", name, r.Memsize)
		}
		if r.MemID == globalID {
			together++
		}
	}
	if together < 10 {
		t.Errorf("%d endpoints are in one memory", together)
	}
}

// TestHostRingsBeside: endpoints that a program opens with more host rings each are in one memory, too.
func TestHostRingsBeside(t *testing.T) {
	s, h := newNode(t, newEngine(t), "n")
	h.addEndpoint("eth2", Geometry{Rings: 1, Slots: 1024})
	h.addEndpoint("eth3", Geometry{Rings: 16, Slots: 64})
	want := abi.ReqRegister{HostTxRings: 4, HostRxRings: 4}
	a := s.program(t)
	a.must("eth1", want)
	for _, name := range []string{"eth2", "eth3"} {
		p := s.program(t)
		p.must(name, want)
		if !sameRegion(t, a, p) {
			t.Errorf("%s is in another region", name)
		}
	}
}
