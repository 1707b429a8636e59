package sample

import (
	"slices"

	"github.com/valelab/valelab/netmap/vale"
)

// parts are what the pointers of one ring point to.
type parts struct {
	counts          Counts
	drops           vale.Drops
	program         Program
	wakeups, stalls uint64
	positions       Positions
	moved           uint64
}

// Memory is that of the rings of a sample, which can be used for another one: lists of a thousand rings, made
// ten times a second, would be much garbage. One goroutine uses it.
type Memory struct {
	rings []Ring
	parts []parts
}

// list returns n rings to be overwritten; those of before are gone.
func (m *Memory) list(n int) []Ring {
	m.rings = slices.Grow(m.rings[:0], n)[:n]
	m.parts = slices.Grow(m.parts[:0], n)[:n]
	return m.rings
}

// FromVale returns the rings as the switches count them, in this memory.
func (m *Memory) FromVale(counters []vale.RingStats) []Ring {
	rings := m.list(len(counters))
	for i := range rings {
		r, p, c := &rings[i], &m.parts[i], &counters[i]
		*r = Ring{
			Switch: c.Switch, Port: c.Port, Mode: c.Mode, Ring: c.Ring, Host: c.Host, Dir: c.Dir, Exact: c.Exact,
			Counts: &p.counts,
		}
		p.drops = c.Drops
		p.counts = Counts{Packets: c.Packets, Bytes: c.Bytes, Drops: &p.drops}
		if c.Mode == vale.ModeNetmap || c.Mode == vale.ModeMonitor || c.Syncs+c.Wakeups+c.Stalls > 0 {
			p.wakeups, p.stalls = c.Wakeups, c.Stalls
			p.program = Program{Syncs: c.Syncs, Wakeups: &p.wakeups}
			if c.Dir == "rx" {
				p.program.Stalls = &p.stalls
			}
			r.Program = &p.program
		}
		if c.Open {
			p.positions = Positions{Slots: c.Slots, Head: c.Head, Cur: c.Cur, Tail: c.Tail}
			r.Positions = &p.positions
		}
	}
	return rings
}

// copy returns rings with the same shape and values in this memory; they share rates.
func (m *Memory) copy(from []Ring) []Ring {
	rings := m.list(len(from))
	for i := range from {
		r, p := &rings[i], &m.parts[i]
		*r = from[i]
		if c := r.Counts; c != nil {
			p.counts = *c
			r.Counts = &p.counts
			if c.Drops != nil {
				p.drops = *c.Drops
				p.counts.Drops = &p.drops
			}
		}
		if g := r.Program; g != nil {
			p.program = *g
			r.Program = &p.program
			if g.Wakeups != nil {
				p.wakeups = *g.Wakeups
				p.program.Wakeups = &p.wakeups
			}
			if g.Stalls != nil {
				p.stalls = *g.Stalls
				p.program.Stalls = &p.stalls
			}
		}
		if r.Moved != nil {
			p.moved = *r.Moved
			r.Moved = &p.moved
		}
		if r.Positions != nil {
			p.positions = *r.Positions
			r.Positions = &p.positions
		}
	}
	return rings
}

// Clone returns a sample that stays as it is when the memory of s is used for another one.
func (s *Sample) Clone() *Sample {
	out := *s
	out.Rings = new(Memory).copy(s.Rings)
	return &out
}
