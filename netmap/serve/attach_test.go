package serve

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// attach and detach are the requests.
func (s *Space) attachTo(t testing.TB, name string, mode uint32) unix.Errno {
	t.Helper()
	p := s.program(t)
	return p.ask(request(t, abi.NETMAP_REQ_VALE_ATTACH, name, &abi.ReqAttach{Reg: abi.ReqRegister{Mode: mode}})).Errno
}

func (s *Space) detachFromSwitch(t testing.TB, name string) unix.Errno {
	t.Helper()
	p := s.program(t)
	return p.ask(request(t, abi.NETMAP_REQ_VALE_DETACH, name, nil)).Errno
}

// TestAttachEndpoint: an endpoint is a port of a switch of the node's own, too: its frames pass, and nobody has its rings
// meanwhile. Another server carries on.
func TestAttachEndpoint(t *testing.T) {
	e := newEngine(t)
	s, h := newNode(t, e, "n")
	far, err := h.endpoints["eth1"].Port.Switch().AttachPort("far", -1)
	if err != nil {
		t.Fatal(err)
	}
	h.endpoints["eth2"] = &Endpoint{Port: far, Geometry: Geometry{Rings: 1, Slots: 64}}
	own, lab := s.program(t), s.program(t)
	own.must("vale1:x", abi.ReqRegister{})
	lab.must("eth2", abi.ReqRegister{})
	for _, c := range []struct {
		name string
		mode uint32
		want unix.Errno
	}{
		{"vale1:eth2", abi.NR_REG_ALL_NIC, unix.EBUSY},
		{"vale1:eth9", abi.NR_REG_ALL_NIC, unix.EINVAL},
		{"vale1:eth1", abi.NR_REG_SW, unix.EINVAL},
		{"vale1:eth1", abi.NR_REG_NIC_SW, 0},
		{"vale1:eth1", abi.NR_REG_ALL_NIC, unix.EBUSY},
		{"vale2:eth1", abi.NR_REG_ALL_NIC, unix.EBUSY},
	} {
		if errno := s.attachTo(t, c.name, c.mode); errno != c.want {
			t.Errorf("attach %s: %v, want %v", c.name, errno, c.want)
		}
	}
	check := func(s *Space) {
		t.Helper()
		own.send(frame(1))
		if got := lab.receive(1); got[0] != 1 {
			t.Errorf("frame %d came to the lab", got[0])
		}
		lab.send(frame(2))
		if got := own.receive(1); got[0] != 2 {
			t.Errorf("frame %d came from the lab", got[0])
		}
		for _, name := range []string{"eth1", "vale1:eth1", "vale1:eth1^"} {
			if _, errno := s.program(t).register(name, abi.ReqRegister{Mode: abi.NR_REG_ALL_NIC}); errno != unix.EBUSY {
				t.Errorf("open %s: %v", name, errno)
			}
		}
	}
	check(s)
	if got := h.kept["attachment/n/eth1"].record; len(got) == 0 {
		t.Fatal("nothing is kept")
	}
	if errno := s.detachFromSwitch(t, "vale1:eth1^"); errno != unix.EBUSY {
		t.Errorf("detach the stack: %v", errno)
	}
	if errno := s.detachFromSwitch(t, "vale1:eth1"); errno != 0 {
		t.Errorf("detach: %v", errno)
	}
	if len(h.kept["attachment/n/eth1"].record) > 0 || h.endpoints["eth1"].Port.Attached() {
		t.Error("still attached")
	}
	s.program(t).must("eth1", abi.ReqRegister{})
}

// TestAttachTwice: a persistent port on two switches joins them, and no other may close the ring.
func TestAttachTwice(t *testing.T) {
	s, h := newNode(t, newEngine(t), "n")
	for _, name := range []string{"pv", "pw"} {
		p := s.program(t)
		if r := p.ask(request(t, abi.NETMAP_REQ_VALE_NEWIF, name, nil)); r.Errno != 0 {
			t.Fatal(r.Errno)
		}
	}
	a, b, c := s.program(t), s.program(t), s.program(t)
	a.must("vale1:a", abi.ReqRegister{})
	b.must("vale2:b", abi.ReqRegister{})
	c.must("vale3:c", abi.ReqRegister{})
	for _, step := range []struct {
		name string
		want unix.Errno
	}{
		{"vale1:pv", 0}, {"vale1:pv", unix.EBUSY}, {"vale2:pv", 0}, {"vale3:pv", unix.EBUSY},
		{"vale2:pw", 0}, {"vale1:pw", unix.EBUSY}, {"vale3:pw", 0}, // pw to vale1 would be a second way from vale2
	} {
		if errno := s.attachTo(t, step.name, abi.NR_REG_ALL_NIC); errno != step.want {
			t.Errorf("attach %s: %v, want %v", step.name, errno, step.want)
		}
	}
	a.send(frame(7))
	if got := append(b.receive(1), c.receive(1)...); got[0] != 7 || got[1] != 7 {
		t.Errorf("frames %v", got)
	}
	p := s.program(t)
	if r := p.ask(request(t, abi.NETMAP_REQ_VALE_DELIF, "pv", nil)); r.Errno != unix.EBUSY {
		t.Errorf("delete: %v", r.Errno)
	}
	for _, step := range []struct {
		name string
		want unix.Errno
	}{{"vale1:pv", unix.EBUSY}, {"vale2:pv", 0}, {"vale2:pv", unix.ENXIO}, {"vale1:pv", 0}} {
		if errno := s.detachFromSwitch(t, step.name); errno != step.want {
			t.Errorf("detach %s: %v, want %v", step.name, errno, step.want)
		}
	}
	a.end()
	b.end()
	c.end()
	s.Close()
	if len(h.kept) > 0 {
		t.Errorf("still kept: %d", len(h.kept))
	}
	var none [maxBridges]*bridge
	if s.bridges != none || len(s.hidden) > 0 || len(s.adapters) > 0 || len(s.memories) > 0 {
		t.Errorf("%d hidden switches, %d devices, %d memories are left", len(s.hidden), len(s.adapters), len(s.memories))
	}
}

// TestAttachmentRestored: a server that follows another attaches what was attached.
func TestAttachmentRestored(t *testing.T) {
	s, h := newNode(t, newEngine(t), "n")
	own := s.program(t)
	own.must("vale1:x", abi.ReqRegister{})
	if errno := s.attachTo(t, "vale1:eth1", abi.NR_REG_NIC_SW); errno != 0 {
		t.Fatal(errno)
	}
	record := h.kept["attachment/n/eth1"].record
	again, h2 := newNode(t, newEngine(t), "n")
	if err := again.RestoreAttachment(record); err == nil {
		t.Error("attached to a switch that is not there")
	}
	if _, err := again.openBridge("vale1", true); err != nil {
		t.Fatal(err)
	}
	if err := again.RestoreAttachment(record); err != nil {
		t.Fatal(err)
	}
	again.Restored()
	if !h2.endpoints["eth1"].Port.Attached() || len(again.bridges[0].ports) != 2 {
		t.Errorf("%d ports", len(again.bridges[0].ports))
	}
	if errno := again.detachFromSwitch(t, "vale1:eth1"); errno != 0 {
		t.Errorf("detach: %v", errno)
	}
}

// TestAttachedEndpointGoes: with its endpoint an attachment leads nowhere, until it is taken off.
func TestAttachedEndpointGoes(t *testing.T) {
	s, h := newNode(t, newEngine(t), "n")
	own := s.program(t)
	own.must("vale1:x", abi.ReqRegister{})
	if errno := s.attachTo(t, "vale1:eth1", abi.NR_REG_ALL_NIC); errno != 0 {
		t.Fatal(errno)
	}
	port := h.endpoints["eth1"].Port
	if err := port.Detach(); err != nil {
		t.Fatal(err)
	}
	delete(h.endpoints, "eth1")
	own.send(frame(1))
	if errno := s.detachFromSwitch(t, "vale1:eth1"); errno != 0 {
		t.Errorf("detach: %v", errno)
	}
	if errno := s.attachTo(t, "vale1:eth1", abi.NR_REG_ALL_NIC); errno != unix.EINVAL {
		t.Errorf("attach again: %v", errno)
	}
}

// TestEndpointMadeAnew: an endpoint that is made anew is on no switch of the node's, whatever the one before was on.
func TestEndpointMadeAnew(t *testing.T) {
	s, h := newNode(t, newEngine(t), "n")
	h.addEndpoint("eth2", Geometry{Rings: 1, Slots: 64})
	attach := request(t, abi.NETMAP_REQ_VALE_ATTACH, "vale1:eth2", &abi.ReqAttach{Reg: abi.ReqRegister{Mode: abi.NR_REG_ALL_NIC}})
	if r := s.program(t).ask(attach); r.Errno != 0 {
		t.Fatal(r.Errno)
	}
	h.endpoints["eth2"].Port.Detach()
	h.addEndpoint("eth2", Geometry{Rings: 1, Slots: 64})
	p := s.program(t)
	p.must("eth2", abi.ReqRegister{})
	p.end()
	if r := s.program(t).ask(attach); r.Errno != 0 {
		t.Errorf("attach again: %v", r.Errno)
	}
	h.endpoints["eth2"].Port.Detach()
	delete(h.endpoints, "eth2")
	if _, errno := s.program(t).register("eth2", abi.ReqRegister{}); errno != unix.ENXIO {
		t.Errorf("one that has gone: %v", errno)
	}
	if len(s.adapters) != 0 || len(s.memories) != 0 {
		t.Errorf("left: %d adapters, %d memories", len(s.adapters), len(s.memories))
	}
}

// TestNameTaken: a program's own port that is called as an endpoint that the node gets later stays the program's until
// it is ended.
func TestNameTaken(t *testing.T) {
	s, h := newNode(t, newEngine(t), "n")
	p := s.program(t)
	made := p.ask(request(t, abi.NETMAP_REQ_VALE_NEWIF, "eth9", &abi.ReqNewIf{TxSlots: 128}))
	if made.Errno != 0 {
		t.Fatal(made.Errno)
	}
	h.addEndpoint("eth9", Geometry{Rings: 1, Slots: 64})
	own := s.program(t)
	if r := own.must("eth9", abi.ReqRegister{}); r.TxSlots != 128 {
		t.Errorf("%d slots", r.TxSlots)
	}
	own.end()
	if r := p.ask(request(t, abi.NETMAP_REQ_VALE_DELIF, "eth9", nil)); r.Errno != 0 {
		t.Errorf("end: %v", r.Errno)
	}
	if r := s.program(t).must("eth9", abi.ReqRegister{}); r.TxSlots != 64 {
		t.Errorf("%d slots", r.TxSlots)
	}
	if r := p.ask(request(t, abi.NETMAP_REQ_VALE_DELIF, "eth9", nil)); r.Errno != unix.EINVAL {
		t.Errorf("end of an endpoint: %v", r.Errno)
	}
}
