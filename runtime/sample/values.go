package sample

// The numbers of a ring that change all the time, in one order, for the stream.
const (
	atPackets = 0
	atBytes   = 1
	atDrops   = 2 // and seven more
	atSyncs   = 10
	atWakeups = 11
	atStalls  = 12
	atHead    = 13
	atCur     = 14
	atTail    = 15
	numValues = 16
)

type values [numValues]uint64

// get collects the numbers; those that are not known are 0.
func (v *values) get(r *Ring) {
	*v = values{}
	if c := r.Counts; c != nil {
		v[atPackets], v[atBytes] = c.Packets, c.Bytes
		for i, reason := range Reasons(c.Drops) {
			v[atDrops+i] = reason.Count
		}
	}
	if p := r.Program; p != nil {
		v[atSyncs], v[atWakeups] = p.Syncs, p.Wakeups
		if p.Stalls != nil {
			v[atStalls] = *p.Stalls
		}
	}
	if p := r.Positions; p != nil {
		v[atHead], v[atCur], v[atTail] = uint64(p.Head), uint64(p.Cur), uint64(p.Tail)
	}
}

// put is the opposite of get: it sets the numbers that r has.
func (v *values) put(r *Ring) {
	if c := r.Counts; c != nil {
		c.Packets, c.Bytes = v[atPackets], v[atBytes]
		d := &c.Drops
		for i, field := range []*uint64{&d.Full, &d.Runt, &d.Bad, &d.Closed, &d.TooBig, &d.NoPort, &d.Socket, &d.Kernel} {
			*field = v[atDrops+i]
		}
	}
	if p := r.Program; p != nil {
		p.Syncs, p.Wakeups = v[atSyncs], v[atWakeups]
		if p.Stalls != nil {
			*p.Stalls = v[atStalls]
		}
	}
	if p := r.Positions; p != nil {
		p.Head, p.Cur, p.Tail = uint32(v[atHead]), uint32(v[atCur]), uint32(v[atTail])
	}
}

// sameShape says whether a and b are the same ring with the same parts, so that only values differ.
func sameShape(a, b *Ring) bool {
	if !sameRing(a, b) || a.Mode != b.Mode || a.Exact != b.Exact || a.Node != b.Node || a.Interface != b.Interface ||
		(a.Counts == nil) != (b.Counts == nil) || (a.Program == nil) != (b.Program == nil) ||
		(a.Positions == nil) != (b.Positions == nil) {
		return false
	}
	if a.Program != nil && (a.Stalls == nil) != (b.Stalls == nil) {
		return false
	}
	return a.Positions == nil || a.Slots == b.Slots
}

// cloneRings returns rings with the same shape and values in memory of their own, without rates.
func cloneRings(from []Ring) []Ring {
	rings := make([]Ring, len(from))
	parts := make([]struct {
		counts    Counts
		program   Program
		stalls    uint64
		positions Positions
	}, len(from))
	for i := range from {
		r, p := &from[i], &parts[i]
		rings[i] = *r
		rings[i].Rates = nil
		if r.Counts != nil {
			p.counts = *r.Counts
			rings[i].Counts = &p.counts
		}
		if r.Program != nil {
			p.program = *r.Program
			rings[i].Program = &p.program
			if r.Stalls != nil {
				p.stalls = *r.Stalls
				p.program.Stalls = &p.stalls
			}
		}
		if r.Positions != nil {
			p.positions = *r.Positions
			rings[i].Positions = &p.positions
		}
	}
	return rings
}
