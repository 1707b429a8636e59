package sample

import "slices"

// Rates are how a ring's counters grow, each second. They are absent when there is no sample before, or when
// a ring is new.
type Rates struct {
	PacketRate float64  `json:"packets-per-second"`
	ByteRate   float64  `json:"bytes-per-second"`
	DropRate   *float64 `json:"drops-per-second,omitempty"`
	SyncRate   *float64 `json:"syncs-per-second,omitempty"`
}

// PacketsPerSync is how many packets go with one sync of the program; false: there was none.
func (r *Ring) PacketsPerSync() (float64, bool) {
	if r.Rates == nil || r.SyncRate == nil || *r.SyncRate == 0 {
		return 0, false
	}
	return r.PacketRate / *r.SyncRate, true
}

// SetRates fills in the rates of s from last, an earlier sample of the same lab; nil is fine. A ring whose
// counters went back has begun anew and has no rates.
func (s *Sample) SetRates(last *Sample) {
	if last == nil {
		return
	}
	seconds := s.Time.Sub(last.Time).Seconds()
	if seconds <= 0 {
		return
	}
	rates := make([]Rates, len(s.Rings)) // one piece of memory, not one a ring
	more := make([]struct{ drops, syncs float64 }, len(s.Rings))
	find := last.finder()
	for i := range s.Rings {
		r := &s.Rings[i]
		b := find(i, r)
		if b == nil || r.Counts == nil || b.Counts == nil || r.Packets < b.Packets || r.Bytes < b.Bytes ||
			r.Dropped() < b.Dropped() || (r.Drops == nil) != (b.Drops == nil) {
			continue
		}
		rates[i] = Rates{
			PacketRate: float64(r.Packets-b.Packets) / seconds,
			ByteRate:   float64(r.Bytes-b.Bytes) / seconds,
		}
		if r.Drops != nil {
			more[i].drops = float64(r.Dropped()-b.Dropped()) / seconds
			rates[i].DropRate = &more[i].drops
		}
		if r.Program != nil && b.Program != nil && r.Syncs >= b.Syncs {
			more[i].syncs = float64(r.Syncs-b.Syncs) / seconds
			rates[i].SyncRate = &more[i].syncs
		}
		r.Rates = &rates[i]
	}
	s.setLoads(last)
}

// DropsPerSecond is the rate of drops, 0 where it is not known.
func (r *Ring) DropsPerSecond() float64 {
	if r.Rates == nil || r.DropRate == nil {
		return 0
	}
	return *r.DropRate
}

// setLoads does the same for the nodes, which are looked at less often.
func (s *Sample) setLoads(last *Sample) {
	before := make(map[string]*Node, len(last.Nodes))
	for i := range last.Nodes {
		before[last.Nodes[i].Name] = &last.Nodes[i]
	}
	s.Nodes = slices.Clone(s.Nodes) // others may have the same
	for i := range s.Nodes {
		n := &s.Nodes[i]
		b := before[n.Name]
		if b == nil || n.CPU == nil || b.CPU == nil {
			continue
		}
		seconds := n.Seen.Sub(b.Seen).Seconds()
		switch {
		case seconds == 0:
			n.Load = b.Load
		case seconds > 0 && *n.CPU >= *b.CPU:
			load := (*n.CPU - *b.CPU) / seconds
			n.Load = &load
		}
	}
}

// finder returns a function that finds the ring of this sample that has the key of r, which is ring i of
// another sample. Mostly it stands in the same place.
func (s *Sample) finder() func(i int, r *Ring) *Ring {
	var byKey map[Key]int
	return func(i int, r *Ring) *Ring {
		if i < len(s.Rings) && sameRing(&s.Rings[i], r) {
			return &s.Rings[i]
		}
		if byKey == nil {
			byKey = make(map[Key]int, len(s.Rings))
			for k := range s.Rings {
				byKey[s.Rings[k].Key()] = k
			}
		}
		if k, ok := byKey[r.Key()]; ok {
			return &s.Rings[k]
		}
		return nil
	}
}

func sameRing(a, b *Ring) bool {
	return a.Ring == b.Ring && a.Host == b.Host && a.Dir == b.Dir && a.Port == b.Port && a.Switch == b.Switch
}

// Since returns a copy of s, in the memory, whose counters begin at those of base: a baseline of the display.
// Rings that are not in base, or have begun anew since, are counted from their own beginning.
func (s *Sample) Since(base *Sample, memory *Memory) *Sample {
	out := *s
	out.Rings = memory.copy(s.Rings)
	find := base.finder()
	for i := range out.Rings {
		r := &out.Rings[i]
		b := find(i, r)
		if b != nil && r.Moved != nil && b.Moved != nil && *r.Moved >= *b.Moved {
			*r.Moved -= *b.Moved
		}
		if r.Counts == nil || b == nil || b.Counts == nil || r.Packets < b.Packets {
			continue
		}
		r.Packets, r.Bytes = r.Packets-b.Packets, r.Bytes-b.Bytes
		if r.Drops != nil && b.Drops != nil {
			*r.Drops = r.Drops.Minus(*b.Drops)
		}
		if r.Program != nil && b.Program != nil && r.Syncs >= b.Syncs {
			r.Syncs -= b.Syncs
			if r.Wakeups != nil && b.Wakeups != nil {
				*r.Wakeups -= *b.Wakeups
			}
			if r.Stalls != nil && b.Stalls != nil {
				*r.Stalls -= *b.Stalls
			}
		}
	}
	return &out
}
