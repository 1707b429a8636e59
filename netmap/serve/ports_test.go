package serve

import (
	"bytes"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/internal/wire"
)

// TestPorts: ports of a switch that a node's programs make exchange frames; those of the same name in another node are
// on another switch.
func TestPorts(t *testing.T) {
	e := newEngine(t)
	s, _ := newNode(t, e, "n1")
	other, _ := newNode(t, e, "n2")
	a, b, far := s.program(t), s.program(t), other.program(t)
	reg := a.must("vale1:a", abi.ReqRegister{})
	if reg.Memsize != 42369024 || reg.TxSlots != 1024 || reg.RxRings != 1 || reg.HostTxRings != 0 || reg.MemID < 2 {
		t.Errorf("answer %+v", reg)
	}
	b.must("vale1:b", abi.ReqRegister{TxSlots: 64, RxSlots: 9999, TxRings: 2, RxRings: 99})
	if n := len(b.view.Rings); n != 18 {
		t.Errorf("%d rings, want 2 and 16", n)
	}
	far.must("vale1:b", abi.ReqRegister{})
	a.send(frame(1), frame(2))
	if got := b.receive(2); !bytes.Equal(got, []byte{1, 2}) {
		t.Errorf("received %v", got)
	}
	if n := far.waiting(); n != 0 {
		t.Errorf("%d frames came to another node", n)
	}
	// The port ends with its program, and with it what its name stood for.
	b.end()
	a.send(frame(3))
	c := s.program(t)
	c.must("vale1:b", abi.ReqRegister{})
	if n := c.waiting(); n != 0 {
		t.Errorf("%d frames in a new port", n)
	}
}

// TestEndpointsShareMemory: endpoints of a node are in one memory, as network cards are, so that a program can forward
// frames by swapping buffers; one that comes while it is in use has its own.
func TestEndpointsShareMemory(t *testing.T) {
	e := newEngine(t)
	s, h := newNode(t, e, "n1")
	// opens opens the endpoints and says which of them are in one region with the first.
	opens := func(names ...string) (together []bool) {
		var first uint64
		for _, name := range names {
			p := s.program(t)
			reg := p.must(name, abi.ReqRegister{})
			var st unix.Stat_t
			if err := unix.Fstat(p.fds[0], &st); err != nil {
				t.Fatal(err)
			}
			if first == 0 {
				first = st.Ino
			}
			together = append(together, st.Ino == first)
			if (st.Ino == first) != (reg.MemID == globalID) {
				t.Errorf("%s: memory %d", name, reg.MemID)
			}
			defer p.end()
			if name == "eth2" {
				h.addEndpoint("late", Geometry{Rings: 1, Slots: 64})
			}
		}
		return together
	}
	h.addEndpoint("eth2", Geometry{Rings: 1, Slots: 1024})
	h.addEndpoint("eth3", Geometry{Rings: 16, Slots: 4096})
	if got := opens("eth1", "eth3", "eth2", "late", "eth1"); !slices.Equal(got, []bool{true, true, true, false, true}) {
		t.Errorf("one came late: in the region of the first: %v", got)
	}
	if got := opens("late", "eth3", "eth1"); !slices.Equal(got, []bool{true, true, true}) {
		t.Errorf("nothing was open: in the region of the first: %v", got)
	}
	if id := s.program(t).must("eth1", abi.ReqRegister{MemID: globalID}).MemID; id != globalID {
		t.Errorf("memory %d by id", id)
	}
}

// TestHostRings: the program that opens an endpoint first says how many host rings it has, as many as there is room for.
func TestHostRings(t *testing.T) {
	s, _ := newNode(t, newEngine(t), "n1")
	p := s.program(t)
	if reg := p.must("eth1", abi.ReqRegister{Mode: abi.NR_REG_ONE_NIC, HostTxRings: 2, HostRxRings: 4}); reg.HostTxRings != 2 || reg.HostRxRings != 4 {
		t.Errorf("%d and %d host rings", reg.HostTxRings, reg.HostRxRings)
	}
	second := s.program(t)
	if reg := second.must("eth1", abi.ReqRegister{Mode: abi.NR_REG_ONE_SW, RingID: 3, HostTxRings: 9}); reg.HostTxRings != 2 {
		t.Errorf("%d host rings for one that came later", reg.HostTxRings)
	}
	if _, errno := s.program(t).register("eth1", abi.ReqRegister{Mode: abi.NR_REG_ONE_SW, RingID: 4}); errno != unix.EINVAL {
		t.Errorf("a host ring that is not there: %v", errno)
	}
	second.end()
	p.end()
	for want, got := range map[uint16]uint16{0: 1, 1: 1, 13: 13, 14: 13, 0xffff: 13} { // beside 4 NIC rings
		p := s.program(t)
		if reg := p.must("eth1", abi.ReqRegister{HostTxRings: want, HostRxRings: want}); reg.HostTxRings != got || reg.HostRxRings != got {
			t.Errorf("%d host rings: %d and %d, want %d", want, reg.HostTxRings, reg.HostRxRings, got)
		}
		p.end()
	}
}

// TestMemories: a memory's id opens it for other ports of the same node, and is nothing to another node, whatever is
// guessed.
func TestMemories(t *testing.T) {
	e := newEngine(t)
	s, _ := newNode(t, e, "n1")
	other, _ := newNode(t, e, "n2")
	a, b := s.program(t), s.program(t)
	id := a.must("vale1:a", abi.ReqRegister{}).MemID
	if got := b.must("vale2:b", abi.ReqRegister{MemID: id}).MemID; got != id {
		t.Errorf("memory %d, want %d", got, id)
	}
	var one, two unix.Stat_t
	if unix.Fstat(a.fds[0], &one) != nil || unix.Fstat(b.fds[0], &two) != nil || one.Ino != two.Ino {
		t.Error("the two are not in one region")
	}
	seen := make(map[uint32]bool)
	for _, p := range []*program{a, b} {
		for _, r := range p.view.Rings {
			for i := range r.Array {
				if buf := r.Array[i].BufIdx; seen[buf] {
					t.Fatalf("buffer %d twice", buf)
				}
				seen[r.Array[i].BufIdx] = true
			}
		}
	}
	null := s.program(t)
	if r := null.must("any", abi.ReqRegister{Mode: abi.NR_REG_NULL, MemID: id}); r.MemID != id || r.TxRings != 0 {
		t.Errorf("NULL port: %+v", r)
	}
	for guess := uint16(2); guess < 50; guess++ {
		p := other.program(t)
		if _, errno := p.register("x", abi.ReqRegister{Mode: abi.NR_REG_NULL, MemID: guess}); errno != unix.EINVAL {
			t.Errorf("memory %d of another node: %v", guess, errno)
		}
	}
	// The global memory is there on demand, for each node its own.
	g1, g2 := s.program(t), other.program(t)
	if m := g1.must("vale3:g", abi.ReqRegister{MemID: 1}); m.MemID != 1 || m.Memsize != 343019520 {
		t.Errorf("global memory: %+v", m)
	}
	g2.must("vale3:g", abi.ReqRegister{MemID: 1})
	if unix.Fstat(g1.fds[0], &one) != nil || unix.Fstat(g2.fds[0], &two) != nil || one.Ino == two.Ino {
		t.Error("two nodes are in one region")
	}
	// Once nobody has it, an id means nothing.
	for _, p := range []*program{a, b, null} {
		p.end()
	}
	if _, errno := s.program(t).register("vale1:a", abi.ReqRegister{MemID: id}); errno != unix.EINVAL {
		t.Errorf("an id of the past: %v", errno)
	}
}

// TestPipe: frames go both ways in order, none is lost when the other end does not read, and a frame of several slots
// is seen whole or not at all.
func TestPipe(t *testing.T) {
	s, _ := newNode(t, newEngine(t), "n")
	a, b := s.program(t), s.program(t)
	a.must("vale1:p{7", abi.ReqRegister{TxSlots: 8, RxSlots: 8})
	var sent []byte
	for n := byte(1); ; n++ { // before there is anybody to read
		if a.send(frame(n)) == 0 {
			break
		}
		sent = append(sent, n)
	}
	if len(sent) != 7 {
		t.Fatalf("%d frames fit, want 7", len(sent))
	}
	b.must("vale1:p}7", abi.ReqRegister{})
	if got := b.receive(3); !bytes.Equal(got, sent[:3]) {
		t.Errorf("received %v", got)
	}
	tx := a.ring(true)
	eventually(t, "room", func() bool { return (tx.Ctl.Tail.Load()+8-tx.Ctl.Head.Load())%8 == 3 })
	if n := a.send(frame(8), frame(9), frame(10), frame(11)); n != 3 {
		t.Errorf("room for %d frames, want 3", n)
	}
	if got := b.receive(7); !bytes.Equal(got, []byte{4, 5, 6, 7, 8, 9, 10}) {
		t.Errorf("received %v", got)
	}
	b.send(frame(99))
	if got := a.receive(1); got[0] != 99 {
		t.Errorf("received %v", got)
	}
	// The first two parts of a frame, then the last.
	eventually(t, "room", func() bool { return (tx.Ctl.Tail.Load()+8-tx.Ctl.Head.Load())%8 == 7 })
	head := tx.Ctl.Head.Load()
	tx.Array[head].Flags, tx.Array[(head+1)%8].Flags, tx.Array[(head+2)%8].Flags = abi.NS_MOREFRAG, abi.NS_MOREFRAG, 0
	a.sync(tx, (head+2)%8)
	if n := b.waiting(); n != 0 {
		t.Errorf("%d slots of a frame that is not whole", n)
	}
	a.sync(tx, (head+3)%8)
	if n := b.waiting(); n != 3 {
		t.Errorf("%d slots of a frame of three", n)
	}
	a.end()
	b.end()
	if len(s.adapters) != 0 || len(s.memories) != 0 {
		t.Errorf("left: %d adapters, %d memories", len(s.adapters), len(s.memories))
	}
}

// TestDescribe: whoever holds the connection learns what is open on it.
func TestDescribe(t *testing.T) {
	s, _ := newNode(t, newEngine(t), "n")
	p := s.program(t)
	describe := wire.Request{Op: abi.NMU_OP_DESCRIBE, ID: 5}
	if r := p.ask(describe); r.Errno != unix.ENXIO {
		t.Errorf("before: %v", r.Errno)
	}
	p.must("eth1", abi.ReqRegister{Mode: abi.NR_REG_ONE_NIC, RingID: 2, Flags: abi.NR_EXCLUSIVE | abi.NR_NO_TX_POLL | 1})
	r := p.ask(describe)
	if r.Errno != 0 || r.ID != 5 || r.Grant == nil || r.Grant.Mode != abi.NR_REG_ONE_NIC || r.Grant.TxRings != 4 ||
		r.Grant.Flags != abi.NR_EXCLUSIVE|abi.NR_NO_TX_POLL|1 {
		t.Errorf("%+v, grant %+v", r, r.Grant)
	}
	if _, errno := p.register("eth1", abi.ReqRegister{}); errno != unix.EBUSY {
		t.Errorf("a second registration: %v", errno)
	}
	if r := p.ask(request(t, abi.NETMAP_REQ_PORT_INFO_GET, "eth1", nil)); r.Errno != 0 {
		t.Errorf("another request: %v", r.Errno)
	}
}

// TestList goes through the ports of all switches, as vale-ctl does.
func TestList(t *testing.T) {
	s, _ := newNode(t, newEngine(t), "n")
	for _, name := range []string{"vale1:b", "vale1:a", "vale2:c"} {
		s.program(t).must(name, abi.ReqRegister{})
	}
	p := s.program(t)
	p.ask(request(t, abi.NETMAP_REQ_VALE_NEWIF, "pv", nil))
	if r := p.ask(request(t, abi.NETMAP_REQ_VALE_ATTACH, "vale2:pv", nil)); r.Body.(*abi.ReqAttach).PortIndex != 1 {
		t.Errorf("attached at %d", r.Body.(*abi.ReqAttach).PortIndex)
	}
	var got []string
	for at := (abi.ReqList{}); ; at.PortIdx++ {
		r := p.ask(request(t, abi.NETMAP_REQ_VALE_LIST, "", &at))
		if r.Errno == unix.ENOENT {
			break
		}
		q := wire.Request{Header: r.Header}
		at = *r.Body.(*abi.ReqList)
		got = append(got, q.Name())
	}
	if want := []string{"vale1:b", "vale1:a", "vale2:c", "vale2:pv"}; !equal(got, want) {
		t.Errorf("listed %v, want %v", got, want)
	}
	r := p.ask(request(t, abi.NETMAP_REQ_VALE_LIST, "vale2:pv", nil))
	if at := r.Body.(*abi.ReqList); at.BridgeIdx != 1 || at.PortIdx != 1 {
		t.Errorf("vale2:pv is at %+v", at)
	}
	r = p.ask(request(t, abi.NETMAP_REQ_VALE_LIST, "vale2:nobody", nil))
	if at := r.Body.(*abi.ReqList); at.PortIdx != 255 {
		t.Errorf("vale2:nobody is at %+v", at)
	}
	s.Close()
}

func equal(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// TestPersistent: a persistent port is one port by either of its names, keeps its memory id, and goes on and off
// switches while nobody has it open.
func TestPersistent(t *testing.T) {
	s, _ := newNode(t, newEngine(t), "n")
	p := s.program(t)
	made := p.ask(request(t, abi.NETMAP_REQ_VALE_NEWIF, "pv", &abi.ReqNewIf{TxSlots: 128}))
	newIf := *made.Body.(*abi.ReqNewIf)
	if newIf.TxSlots != 128 || newIf.RxSlots != 1024 || newIf.TxRings != 1 || newIf.MemID < 2 {
		t.Errorf("made %+v", newIf)
	}
	p.ask(request(t, abi.NETMAP_REQ_VALE_ATTACH, "vale1:pv", nil))
	a, b := s.program(t), s.program(t)
	if reg := a.must("pv", abi.ReqRegister{}); reg.MemID != newIf.MemID || reg.TxSlots != 128 {
		t.Errorf("opened %+v", reg)
	}
	b.must("vale1:b", abi.ReqRegister{})
	b.send(frame(5))
	if got := a.receive(1); got[0] != 5 {
		t.Errorf("received %v", got)
	}
	if r := p.ask(request(t, abi.NETMAP_REQ_VALE_DETACH, "vale1:pv", nil)); r.Errno != unix.EBUSY {
		t.Errorf("detach of an open port: %v", r.Errno)
	}
	if r := p.ask(request(t, abi.NETMAP_REQ_VALE_DELIF, "pv", nil)); r.Errno != unix.EBUSY {
		t.Errorf("end of an open port: %v", r.Errno)
	}
	a.end()
	if r := p.ask(request(t, abi.NETMAP_REQ_VALE_DETACH, "vale1:pv", nil)); r.Errno != 0 {
		t.Errorf("detach: %v", r.Errno)
	}
	c := s.program(t)
	c.must("pv", abi.ReqRegister{})
	b.send(frame(6))
	c.send(frame(7)) // nobody is there
	if n := c.waiting() + b.waiting(); n != 0 {
		t.Errorf("%d frames on a port that is on no switch", n)
	}
	c.end()
	if r := p.ask(request(t, abi.NETMAP_REQ_VALE_DELIF, "pv", nil)); r.Errno != 0 {
		t.Errorf("end: %v", r.Errno)
	}
	if r := p.ask(request(t, abi.NETMAP_REQ_PORT_INFO_GET, "pv", nil)); r.Errno != unix.ENXIO {
		t.Errorf("after the end: %v", r.Errno)
	}
}

// TestLabSwitch: where the lab allows it a program's port is on the lab's switch.
func TestLabSwitch(t *testing.T) {
	s, h := newNode(t, newEngine(t), "n")
	a, b := s.program(t), s.program(t)
	a.must("valelan:a", abi.ReqRegister{})
	b.must("eth1", abi.ReqRegister{})
	a.send(frame(3))
	if got := b.receive(1); got[0] != 3 {
		t.Errorf("received %v", got)
	}
	a.end()
	if h.switches["valelan"] == nil || b.send(frame(1)) != 1 {
		t.Error("the lab's switch has gone with a program's port")
	}
}
