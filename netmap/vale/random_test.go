package vale

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// pair is the switch and the reference, side by side.
type pair struct {
	t     *testing.T
	rnd   *rand.Rand
	e     *Engine
	s     *Switch
	m     *modelSwitch
	ports map[int]*pairPort
	names int
	macs  [][6]byte
}

type pairPort struct {
	port  *Port
	peer  int
	opens []*Open
	rx    map[*modelRing]*rxProg
	tx    map[int]*prog // by ring
	host  *prog         // host TX
}

// rxProg is a program's RX ring: slots behind prog.head are looked at when they come, and given back later.
type rxProg struct {
	*prog
	seen uint32 // next slot to look at
}

// TestRandomAgainstModel sends generated frame sequences through the switch and the reference and compares
// every byte delivered, every slot's flags, and every counter.
func TestRandomAgainstModel(t *testing.T) {
	runs := 60
	if testing.Short() {
		runs = 10
	}
	for seed := range runs {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			newPair(t, uint64(seed)).run(120)
		})
	}
}

func newPair(t *testing.T, seed uint64) *pair {
	p := &pair{t: t, rnd: rand.New(rand.NewPCG(seed, 1)), e: newManual(t, 1), ports: make(map[int]*pairPort)}
	wire := seed%6 == 5
	var err error
	if p.s, err = p.e.NewSwitch("s", wire, nil); err != nil {
		t.Fatal(err)
	}
	p.m = newModel(wire)
	p.macs = [][6]byte{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, {1, 0, 0x5e, 0, 0, 1}}
	for i := range 12 {
		p.macs = append(p.macs, [6]byte{2, 0, 0, 0, byte(seed), byte(i)})
	}
	// A station and a group that want another's place in the table.
	p.macs = append(p.macs, collide(2, p.macs[2]), collide(3, p.macs[3]))
	return p
}

// collide finds an address with this first byte and the place of mac.
func collide(first byte, mac [6]byte) [6]byte {
	for i := 0; ; i++ {
		c := [6]byte{first, 1, byte(i >> 8), byte(i), 0, 0}
		if modelHash(c) == modelHash(mac) {
			return c
		}
	}
}

func (p *pair) run(steps int) {
	for range steps {
		switch n := p.rnd.IntN(20); {
		case n == 0 || len(p.ports) < 2:
			p.attach()
		case n == 1 && len(p.ports) > 2:
			p.detach()
		case n < 4:
			p.toggle()
		case n < 6:
			p.release()
		case n < 9:
			p.sendSocket()
		default:
			p.sendRing()
		}
		p.e.settle()
		p.compare()
	}
}

// pick returns a random port.
func (p *pair) pick() (int, *pairPort) {
	var indices []int
	for i := range p.m.ports {
		if p.ports[i] != nil {
			indices = append(indices, i)
		}
	}
	i := indices[p.rnd.IntN(len(indices))]
	return i, p.ports[i]
}

func (p *pair) attach() {
	if len(p.ports) >= 2 && p.m.wire {
		return
	}
	p.names++
	sock, peer := newSocketPair(p.t)
	mtu := 68 + p.rnd.IntN(9149)
	port, err := p.s.AttachSocket(fmt.Sprint("p", p.names), -1, sock, mtu)
	if err != nil {
		p.t.Fatal(err)
	}
	p.m.attach(port.Index(), mtu)
	p.ports[port.Index()] = &pairPort{port: port, peer: peer}
}

func (p *pair) detach() {
	i, port := p.pick()
	if err := port.port.Detach(); err != nil {
		p.t.Fatal(err)
	}
	p.m.detach(i)
	delete(p.ports, i)
}

// toggle opens a port, or closes it.
func (p *pair) toggle() {
	i, port := p.pick()
	m := p.m.ports[i]
	if len(port.opens) > 0 {
		for _, o := range port.opens {
			if err := o.Close(); err != nil {
				p.t.Fatal(err)
			}
		}
		*port = pairPort{port: port.port, peer: port.peer}
		m.nic, m.open, m.hostRx = false, nil, nil
		return
	}
	m.rings = 1 + p.rnd.IntN(3)
	m.slots = 2 + p.rnd.IntN(600)
	m.open = make([]*modelRing, m.rings)
	port.rx, port.tx = make(map[*modelRing]*rxProg), make(map[int]*prog)
	switch p.rnd.IntN(4) {
	case 0:
		p.open(i, abi.NR_REG_ALL_NIC, 0)
	case 1:
		p.open(i, abi.NR_REG_NIC_SW, 0)
	case 2:
		p.open(i, abi.NR_REG_ONE_NIC, p.rnd.IntN(m.rings))
		p.open(i, abi.NR_REG_SW, 0)
	default:
		p.open(i, abi.NR_REG_SW, 0)
	}
}

func (p *pair) open(i int, mode uint32, id int) {
	m, port := p.m.ports[i], p.ports[i]
	o, err := port.port.OpenRings(OpenConfig{Interface: "eth1", Mode: mode, RingID: id, Rings: m.rings, Slots: m.slots})
	if err != nil {
		p.t.Fatal(err)
	}
	port.opens = append(port.opens, o)
	m.nic = m.nic || mode != abi.NR_REG_SW
	for _, r := range ringsOf(p.t, o) {
		switch {
		case r.Tx && r.Host:
			port.host = r
		case r.Tx:
			port.tx[r.ID] = r
		default:
			mr := &modelRing{slots: m.slots}
			port.rx[mr] = &rxProg{prog: r}
			if r.Host {
				m.hostRx = mr
			} else {
				m.open[r.ID] = mr
			}
		}
	}
}

// release gives some slots of every receiver back.
func (p *pair) release() {
	for _, port := range p.ports {
		for mr, r := range port.rx {
			n := p.rnd.IntN(len(mr.queue) + 1)
			if p.rnd.IntN(2) == 0 {
				n = len(mr.queue)
			}
			mr.queue = mr.queue[n:]
			r.head = (r.head + uint32(n)) % r.n()
			r.sync(p.t)
		}
	}
}

func (p *pair) frame(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(p.rnd.Uint32())
	}
	dst, src := p.macs[p.rnd.IntN(len(p.macs))], p.macs[p.rnd.IntN(len(p.macs))]
	if p.rnd.IntN(3) > 0 {
		src = p.macs[2+p.rnd.IntN(3)]
	}
	copy(b, append(dst[:], src[:]...))
	if n >= 14 && p.rnd.IntN(10) == 0 {
		copy(b[12:], [][]byte{{0x81, 0}, {0x88, 0xa8}}[p.rnd.IntN(2)])
	}
	return b
}

func (p *pair) size() int {
	switch p.rnd.IntN(12) {
	case 0:
		return p.rnd.IntN(20)
	case 1:
		return 2048
	case 2:
		return 14 + p.rnd.IntN(2035)
	}
	return 14 + p.rnd.IntN(120)
}

func (p *pair) sendSocket() {
	i, port := p.pick()
	var frames [][]byte
	for range 1 + p.rnd.IntN(100) {
		n := p.size()
		if p.rnd.IntN(20) == 0 {
			n = p.rnd.IntN(30000)
		}
		f := p.frame(n)
		frames = append(frames, f)
		sendSocket(p.t, port.peer, vnet{}, f)
	}
	p.m.sendSocket(i, frames)
}

// sendRing commits slots on a TX ring: single frames, chains, and what breaks the rules.
func (p *pair) sendRing() {
	i, port := p.pick()
	r, ring, host := port.host, 0, true
	if n := len(port.tx); n > 0 && (r == nil || p.rnd.IntN(4) > 0) {
		host = false
		for ring, r = range port.tx {
			break
		}
	}
	if r == nil {
		return
	}
	var slots []modelSlot
	endless := p.rnd.IntN(20) == 0
	for range p.rnd.IntN(int(r.free()) + 1) {
		more := endless || p.rnd.IntN(8) == 0 || (len(slots) > 0 && slots[len(slots)-1].more && p.rnd.IntN(3) > 0)
		s := modelSlot{data: p.frame(p.size()), more: more}
		flags := uint16(0)
		if more {
			flags = abi.NS_MOREFRAG
		}
		flags |= uint16(p.rnd.IntN(2)) * abi.NS_BUF_CHANGED
		slot := r.put(s.data, flags)
		was := slot.BufIdx
		wrong := p.rnd.IntN(60)
		if endless {
			wrong = -1
		}
		switch wrong {
		case 0:
			s.bad, slot.Flags = true, flags|abi.NS_INDIRECT
		case 1:
			s.bad, slot.Len = true, 2049+uint16(p.rnd.IntN(60000))
		case 2:
			s.bad, slot.BufIdx = true, uint32(p.rnd.IntN(2))
		case 3:
			s.bad, slot.BufIdx = true, 5000+p.rnd.Uint32N(1<<31)
		}
		if was != slot.BufIdx {
			defer func() { slot.BufIdx = was }()
		}
		slots = append(slots, s)
	}
	r.sync(p.t)
	if host {
		p.m.sendHost(i, slots)
	} else {
		p.m.sendRing(i, ring, slots)
	}
	p.e.settle()
}

// compare looks at all that was delivered, and at the counters.
func (p *pair) compare() {
	p.t.Helper()
	for i, port := range p.ports {
		m := p.m.ports[i]
		for k, got := range recvSocket(p.t, port.peer) {
			if k >= len(m.socket) || !bytes.Equal(got, m.socket[k]) {
				p.t.Fatalf("port %d: frame %d of the socket differs: %d bytes", i, k, len(got))
			}
			m.socket[k] = nil
		}
		for _, missing := range m.socket {
			if missing != nil {
				p.t.Fatalf("port %d: a frame for the socket is missing", i)
			}
		}
		m.socket = nil
		for mr, r := range port.rx {
			p.compareRing(fmt.Sprintf("port %d host=%v ring %d", i, r.Host, r.ID), mr, r)
		}
	}
	p.compareCounters()
}

func (p *pair) compareRing(what string, mr *modelRing, r *rxProg) {
	p.t.Helper()
	view := &prog{Ring: r.Ring, head: r.seen}
	got := view.take(r.n())
	r.seen = view.head
	if len(got) != len(mr.fresh) {
		p.t.Fatalf("%s: %d slots delivered, want %d", what, len(got), len(mr.fresh))
	}
	for k, want := range mr.fresh {
		if !bytes.Equal(got[k].data, want.data) || got[k].flags != want.flags {
			p.t.Fatalf("%s: slot %d: %d bytes flags %#x, want %d bytes flags %#x",
				what, k, len(got[k].data), got[k].flags, len(want.data), want.flags)
		}
	}
	mr.fresh = nil
}

func (p *pair) compareCounters() {
	p.t.Helper()
	for _, r := range p.e.Stats() {
		var index int
		for i, port := range p.ports {
			if port.port.Name() == r.Port {
				index = i
			}
		}
		m := p.m.ports[index]
		want := m.rx
		if r.Dir == "tx" {
			want = m.tx
		}
		w := want[r.Ring]
		if r.Host {
			w = m.hostRxC
			if r.Dir == "tx" {
				w = m.hostTx
			}
		}
		got := modelCounters{r.Packets, r.Bytes, r.Drops}
		if got != w {
			p.t.Fatalf("port %d: %s host=%v ring %d: %s", index, r.Dir, r.Host, r.Ring,
				cmp.Diff(w, got, cmp.AllowUnexported(modelCounters{})))
		}
	}
}
