package serve

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/internal/wire"
)

// refused registers with an option that can't be had, which shows when the rings are open.
func (p *program) refused(name string) {
	p.t.Helper()
	q := request(p.t, abi.NETMAP_REQ_REGISTER, name, &abi.ReqRegister{Mode: abi.NR_REG_ALL_NIC})
	q.Options = []wire.Option{{Option: abi.Option{ReqType: abi.NETMAP_REQ_OPT_CSB}, Rest: make([]byte, 16)}}
	if r := p.ask(q); r.Errno != unix.EINVAL {
		p.t.Errorf("register %s: %v", name, r.Errno)
	}
}

// TestRefused: a request that fails late takes nothing away from those who have the memory, or the parent of a pipe.
func TestRefused(t *testing.T) {
	s, h := newNode(t, newEngine(t), "n")
	h.addEndpoint("eth2", Geometry{Rings: 1, Slots: 64})
	a := s.program(t)
	a.must("eth1", abi.ReqRegister{})
	s.program(t).refused("eth2")
	s.program(t).refused("eth1{1")
	if _, errno := s.program(t).register("eth2{1", abi.ReqRegister{TxSlots: 4096}); errno != unix.ENOMEM {
		t.Errorf("a pipe with more slots than there is room for: %v", errno)
	}
	b := s.program(t)
	b.must("eth2", abi.ReqRegister{})
	if !sameRegion(t, a, b) {
		t.Error("the endpoints are in two regions")
	}
	b.send(frame(1))
	if got := a.receive(1); got[0] != 1 {
		t.Errorf("received %v", got)
	}
	a.end()
	b.end()

	c, d := s.program(t), s.program(t)
	c.must("vale1:c", abi.ReqRegister{})
	d.must("vale1:d", abi.ReqRegister{})
	s.program(t).refused("vale1:c{1")
	d.send(frame(2))
	if got := c.receive(1); got[0] != 2 {
		t.Errorf("received %v", got)
	}
	c.end()
	d.end()
	if len(s.adapters) != 0 || len(s.memories) != 0 {
		t.Errorf("left: %d adapters, %d memories", len(s.adapters), len(s.memories))
	}
}

// TestNothingLeft: a request that opens nothing leaves nothing, so that the memory of the endpoints is made anew.
func TestNothingLeft(t *testing.T) {
	s, _ := newNode(t, newEngine(t), "n")
	p := s.program(t)
	badRing := abi.ReqAttach{Reg: abi.ReqRegister{Mode: abi.NR_REG_ALL_NIC, RingID: 1}}
	global := abi.ReqAttach{Reg: abi.ReqRegister{Mode: abi.NR_REG_ALL_NIC, MemID: globalID}}
	for _, q := range []wire.Request{
		request(t, abi.NETMAP_REQ_VALE_ATTACH, "vale1:eth1", &badRing),
		request(t, abi.NETMAP_REQ_VALE_ATTACH, "vale1:nobody", &global),
		request(t, abi.NETMAP_REQ_VALE_NEWIF, "eth1", &abi.ReqNewIf{MemID: globalID}),
		request(t, abi.NETMAP_REQ_PORT_HDR_GET, "eth1", nil),
		request(t, abi.NETMAP_REQ_PORT_INFO_GET, "eth1", nil),
		request(t, abi.NETMAP_REQ_POOLS_INFO_GET, "eth1", nil),
	} {
		p.ask(q)
		if len(s.adapters) != 0 || len(s.memories) != 0 {
			t.Errorf("request %d of %s left %d adapters, %d memories", q.Header.ReqType, q.Name(), len(s.adapters), len(s.memories))
		}
	}
}
