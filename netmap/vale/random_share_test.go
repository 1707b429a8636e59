package vale

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/internal/region"
)

// share is the switch and the reference for TestRandomSharing.
type share struct {
	t      *testing.T
	rnd    *rand.Rand
	e      *Engine
	ports  []*shared
	number uint32 // of the next frame
	names  int
}

// shared is a port with the opens of its programs, or a monitor.
type shared struct {
	port  *Port
	sw    *Switch // of a monitor
	spec  region.Spec
	mem   *Memory
	opens []sharedOpen
	seen  []uint32 // of RX rings: the next slot to look at

	model    *sharePort
	monitors []*shared // in the order of model.monitors
}

// sharedOpen is an open of all rings and its mapping.
type sharedOpen struct {
	open   *Open
	tx, rx []*prog // by ring
}

// TestRandomSharing has several programs open the same ports and both ends of a pipe, with monitors that come and go,
// and compares every slot that anybody sees, the room that senders find, and the counters of rings.
func TestRandomSharing(t *testing.T) {
	runs := 20
	if testing.Short() {
		runs = 8
	}
	for seed := range runs {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			s := newShare(t, uint64(seed))
			for range 150 {
				s.step()
				s.e.settle()
				s.compare()
			}
		})
	}
}

func newShare(t *testing.T, seed uint64) *share {
	s := &share{t: t, rnd: rand.New(rand.NewPCG(seed, 2)), e: newManual(t, 1)}
	lan, err := s.e.NewSwitch("lan", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		spec := s.spec(1+s.rnd.IntN(2), 8+s.rnd.IntN(60))
		s.addPort(lan, fmt.Sprint("p", i), spec, s.memory(spec))
	}
	pipe, err := s.e.NewSwitch("pipe", true, nil)
	if err != nil {
		t.Fatal(err)
	}
	spec := s.spec(1+s.rnd.IntN(2), 8+s.rnd.IntN(30))
	mem := s.memory(spec)
	a, b := s.addPort(pipe, "{", spec, mem), s.addPort(pipe, "}", spec, mem)
	for _, end := range []*shared{a, b} {
		if _, err := end.port.OpenRings(end.config(0, true)); err != nil {
			t.Fatal(err)
		}
	}
	if err := ConnectPipe(a.port, b.port); err != nil {
		t.Fatal(err)
	}
	a.model.other, b.model.other = b.model, a.model
	for _, p := range s.ports {
		s.open(p, 0)
	}
	return s
}

func (s *share) spec(rings, slots int) region.Spec {
	return region.Spec{
		Name: "x", TxRings: rings, RxRings: rings, HostTxRings: 1, HostRxRings: 1, Hostless: true, TxSlots: slots, RxSlots: slots,
	}
}

func (s *share) memory(spec region.Spec) *Memory {
	geo, err := region.Fit(spec, region.Room{Pipes: 12})
	if err != nil {
		s.t.Fatal(err)
	}
	return NewMemory("x", geo)
}

func (s *share) addPort(sw *Switch, name string, spec region.Spec, mem *Memory) *shared {
	port, err := sw.AttachPort(name, -1)
	if err != nil {
		s.t.Fatal(err)
	}
	p := &shared{port: port, spec: spec, mem: mem, model: &sharePort{slots: spec.TxSlots}}
	for range spec.RxRings {
		p.model.rx = append(p.model.rx, &shareRing{slots: spec.RxSlots})
	}
	p.seen = make([]uint32, spec.RxRings)
	s.ports = append(s.ports, p)
	return p
}

func (p *shared) config(flags uint64, hold bool) OpenConfig {
	return OpenConfig{Interface: "x", Mode: abi.NR_REG_ALL_NIC, Flags: flags, Spec: &p.spec, Memory: p.mem, Hold: hold}
}

func (s *share) open(p *shared, flags uint64) {
	o, err := p.port.OpenRings(p.config(flags, false))
	if err != nil {
		s.t.Fatal(err)
	}
	so := sharedOpen{open: o, tx: make([]*prog, p.spec.TxRings), rx: make([]*prog, p.spec.RxRings)}
	for _, r := range ringsOf(s.t, o) {
		if r.Tx {
			so.tx[r.ID] = r
		} else {
			so.rx[r.ID] = r
		}
	}
	p.opens = append(p.opens, so)
}

// one picks the mapping of a ring in a random open, which goes on where the last one was.
func (s *share) one(p *shared, tx bool) (*prog, int) {
	o := p.opens[s.rnd.IntN(len(p.opens))]
	rings := o.rx
	if tx {
		rings = o.tx
	}
	ring := s.rnd.IntN(len(rings))
	r := rings[ring]
	r.head = r.Ctl.Head.Load()
	return r, ring
}

func (s *share) step() {
	p := s.ports[s.rnd.IntN(len(s.ports))]
	switch n := s.rnd.IntN(20); {
	case n == 0 && len(p.opens) < 4:
		s.open(p, 0)
	case n == 1:
		s.closeOne(p)
	case n < 4 && len(p.monitors) < 4 && len(p.opens) > 0:
		s.monitor(p)
	case n == 4 && len(p.monitors) > 0:
		s.endMonitor(p, s.rnd.IntN(len(p.monitors)))
	case n < 12:
		s.send(p)
	case n < 16:
		s.release(p)
	case len(p.monitors) > 0:
		k := s.rnd.IntN(len(p.monitors))
		r, ring := s.one(p.monitors[k], false)
		queue := len(p.model.monitors[k].rings[ring].queue)
		n := s.some(queue)
		p.model.releaseMonitor(k, ring, n)
		r.head = (r.head + uint32(n)) % r.n()
		r.sync(s.t)
	}
}

// some is a number up to n, often n.
func (s *share) some(n int) int {
	if s.rnd.IntN(2) == 0 {
		return n
	}
	return s.rnd.IntN(n + 1)
}

// closeOne closes an open. With the last one the port's monitors end, and what was delivered is lost unless it is a pipe.
func (s *share) closeOne(p *shared) {
	if len(p.opens) == 0 {
		s.open(p, 0)
		return
	}
	i := s.rnd.IntN(len(p.opens))
	if err := p.opens[i].open.Close(); err != nil {
		s.t.Fatal(err)
	}
	p.opens = slices.Delete(p.opens, i, i+1)
	if len(p.opens) > 0 {
		return
	}
	for _, m := range p.monitors {
		if m.opens[0].rx[0].Ctl.Tail.Load() != abi.NMU_DETACHED {
			s.t.Fatal("a monitor outlives its port")
		}
		s.dropMonitor(m)
	}
	p.monitors, p.model.monitors = nil, nil
	if p.model.other == nil {
		for i, r := range p.model.rx { // others would send to nobody: it is opened again at once
			p.model.rx[i] = &shareRing{slots: r.slots, frames: r.frames, full: r.full}
		}
		p.seen = make([]uint32, p.spec.RxRings)
	}
	s.open(p, 0)
}

func (s *share) monitor(p *shared) {
	m := &shareMonitor{tx: s.rnd.IntN(3) > 0, rx: s.rnd.IntN(3) > 0, zcopy: s.rnd.IntN(2) == 0}
	flags := uint64(0)
	for flag, is := range map[uint64]bool{abi.NR_MONITOR_TX: m.tx, abi.NR_MONITOR_RX: m.rx, abi.NR_ZCOPY_MON: m.zcopy} {
		if is {
			flags |= flag
		}
	}
	s.names++
	sw, err := s.e.NewSwitch(fmt.Sprint("m", s.names), false, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	spec := s.spec(p.spec.RxRings, 4+s.rnd.IntN(80))
	own := &shared{sw: sw, spec: spec, mem: p.mem, seen: make([]uint32, spec.RxRings)}
	if !m.zcopy {
		own.mem = s.memory(spec)
	} else if spec.RxSlots > 68 {
		own.spec.RxSlots, own.spec.TxSlots = 68, 68 // as large as the rings of that memory
	}
	if own.port, err = sw.AttachMonitor("m", -1, p.port, flags); err != nil {
		s.t.Fatal(err)
	}
	s.open(own, flags)
	for range own.spec.RxRings {
		m.rings = append(m.rings, &shareRing{slots: own.spec.RxSlots})
	}
	p.monitors, p.model.monitors = append(p.monitors, own), append(p.model.monitors, m)
}

func (s *share) endMonitor(p *shared, k int) {
	s.dropMonitor(p.monitors[k])
	p.monitors, p.model.monitors = slices.Delete(p.monitors, k, k+1), slices.Delete(p.model.monitors, k, k+1)
}

func (s *share) dropMonitor(m *shared) {
	if err := m.opens[0].open.Close(); err != nil {
		s.t.Fatal(err)
	}
	if err := m.sw.Close(); err != nil {
		s.t.Fatal(err)
	}
}

func (s *share) send(p *shared) {
	r, ring := s.one(p, true)
	var slots []shareSlot
	for range s.some(int(r.free())) {
		slot := shareSlot{number: s.number}
		if p.model.other != nil && s.rnd.IntN(4) == 0 {
			slot.flags = abi.NS_MOREFRAG
		}
		s.number++
		f := eth(0xff, 1, 60)
		copy(f, []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
		binary.BigEndian.PutUint32(f[20:], slot.number)
		r.put(f, slot.flags|uint16(s.rnd.IntN(2))*abi.NS_BUF_CHANGED)
		slots = append(slots, slot)
	}
	var others []*sharePort
	for _, o := range s.ports {
		if o != p && o.model.other == nil {
			others = append(others, o.model)
		}
	}
	p.model.send(ring, slots, others)
	r.sync(s.t)
}

func (s *share) release(p *shared) {
	r, ring := s.one(p, false)
	n := s.some(len(p.model.rx[ring].queue))
	p.model.release(ring, n)
	r.head = (r.head + uint32(n)) % r.n()
	r.sync(s.t)
}

// compare looks at all that anybody can see.
func (s *share) compare() {
	s.t.Helper()
	for _, p := range s.ports {
		s.compareRings(p.port.name, p, p.model.rx)
		for k, m := range p.monitors {
			s.compareRings(fmt.Sprintf("monitor %d (%+v) of %s", k, *p.model.monitors[k], p.port.name), m, p.model.monitors[k].rings)
		}
		for ring, r := range p.opens[0].tx {
			want := r.n() - 1
			if o := p.model.other; o != nil {
				want -= uint32(len(o.rx[ring].queue) + len(p.model.pending(ring)))
			}
			if r.head = r.Ctl.Head.Load(); r.free() != want {
				s.t.Fatalf("%s: room for %d slots in ring %d, want %d", p.port.name, r.free(), ring, want)
			}
		}
	}
}

func (s *share) compareRings(what string, p *shared, rings []*shareRing) {
	s.t.Helper()
	for i, want := range rings {
		view := &prog{Ring: p.opens[0].rx[i].Ring, head: p.seen[i]}
		if len(want.fresh) == 0 && len(want.queue) == 0 {
			view.head = p.opens[0].rx[i].Ctl.Head.Load()
		}
		var got []shareSlot
		for _, slot := range view.take(view.n()) {
			got = append(got, shareSlot{binary.BigEndian.Uint32(slot.data[20:]), slot.flags &^ abi.NS_BUF_CHANGED})
		}
		p.seen[i] = view.head
		if !slices.Equal(got, want.fresh) {
			s.t.Fatalf("%s, ring %d: %s", what, i, cmp.Diff(want.fresh, got, cmp.AllowUnexported(shareSlot{})))
		}
		want.fresh = nil
		c := p.port.sw.state.Counters(p.port.index, ringID(region.Place{Index: i}))
		if c.Packets != want.frames || c.Drops[0] != want.full {
			s.t.Fatalf("%s, ring %d: counts %d frames, %d lost, want %d and %d", what, i, c.Packets, c.Drops[0], want.frames, want.full)
		}
	}
}
