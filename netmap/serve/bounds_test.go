package serve

import (
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// TestBounds: what programs of a node can make has bounds; at each the answer is ENOMEM, what there is works on, and what
// is given back is there again.
func TestBounds(t *testing.T) {
	e := newEngine(t)
	newIf := func(p *program, name string, want abi.ReqNewIf) unix.Errno {
		t.Helper()
		return p.ask(request(t, abi.NETMAP_REQ_VALE_NEWIF, name, &want)).Errno
	}
	delIf := func(p *program, name string) {
		t.Helper()
		if r := p.ask(request(t, abi.NETMAP_REQ_VALE_DELIF, name, nil)); r.Errno != 0 {
			t.Fatalf("%s: %v", name, r.Errno)
		}
	}
	// Small ports, so that it is not memory that is short: 8.8 MB each.
	small := abi.ReqRegister{TxSlots: 2, RxSlots: 2}
	t.Run("switches", func(t *testing.T) {
		s, _ := newNode(t, e, "switches")
		var all []*program
		for i := range maxBridges {
			p := s.program(t)
			p.must(fmt.Sprintf("vale%d:x", i), small)
			all = append(all, p)
		}
		more := s.program(t)
		if _, errno := more.register("valemore:x", small); errno != unix.ENOMEM {
			t.Errorf("one more: %v", errno)
		}
		all[7].end()
		more.must("valemore:x", small)
	})
	t.Run("persistent ports", func(t *testing.T) {
		s, _ := newNode(t, e, "persistent")
		defer s.Close()
		p := s.program(t)
		for i := range maxVIFs {
			if errno := newIf(p, fmt.Sprintf("pv%d", i), abi.ReqNewIf{TxSlots: 2, RxSlots: 2}); errno != 0 {
				t.Fatalf("port %d: %v", i, errno)
			}
		}
		if errno := newIf(p, "more", abi.ReqNewIf{TxSlots: 2, RxSlots: 2}); errno != unix.ENOMEM {
			t.Errorf("one more: %v", errno)
		}
		delIf(p, "pv7")
		if errno := newIf(p, "more", abi.ReqNewIf{TxSlots: 2, RxSlots: 2}); errno != 0 {
			t.Errorf("in its place: %v", errno)
		}
	})
	t.Run("ports of a lab's switch", func(t *testing.T) {
		s, _ := newNode(t, e, "lab")
		for i := range maxOnLab {
			s.program(t).must(fmt.Sprintf("valelan:%d", i), small)
		}
		p := s.program(t)
		if _, errno := p.register("valelan:more", small); errno != unix.ENOMEM {
			t.Errorf("one more: %v", errno)
		}
		p.must("vale1:more", small)
	})
	t.Run("memory", func(t *testing.T) {
		s, _ := newNode(t, e, "memory")
		defer s.Close()
		p := s.program(t)
		large := abi.ReqNewIf{TxRings: 16, RxRings: 16, TxSlots: 4096, RxSlots: 4096} // 424 MB
		count, errno := 0, unix.Errno(0)
		for ; errno == 0; count++ {
			errno = newIf(p, fmt.Sprintf("pv%d", count), large)
		}
		if count--; errno != unix.ENOMEM || count != maxMemory/423_700_000 {
			t.Errorf("%d ports, then %v", count, errno)
		}
		if r := p.ask(request(t, abi.NETMAP_REQ_PORT_INFO_GET, "", &abi.ReqPortInfo{MemID: globalID})); r.Errno != unix.ENOMEM {
			t.Errorf("the global region: %v", r.Errno)
		}
		if r := p.ask(request(t, abi.NETMAP_REQ_PORT_INFO_GET, "eth1", nil)); r.Errno != 0 {
			t.Errorf("an endpoint: %v", r.Errno)
		}
		delIf(p, "pv3")
		if errno := newIf(p, "more", large); errno != 0 {
			t.Errorf("in its place: %v", errno)
		}
	})
}
