package sample

import "github.com/valelab/valelab/netmap/vale"

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
	atMoved   = 16
	numValues = 17
)

type (
	values     [numValues]uint64
	dropValues [atSyncs - atDrops]uint64
)

// get collects the numbers; those that are not known are 0.
func (v *values) get(r *Ring) {
	*v = values{}
	if c := r.Counts; c != nil {
		v[atPackets], v[atBytes] = c.Packets, c.Bytes
		if d := c.Drops; d != nil {
			*(*dropValues)(v[atDrops:]) = dropValues{d.Full, d.Runt, d.Bad, d.Closed, d.TooBig, d.NoPort, d.Socket, d.Kernel}
		}
	}
	if p := r.Program; p != nil {
		v[atSyncs] = p.Syncs
		if p.Wakeups != nil {
			v[atWakeups] = *p.Wakeups
		}
		if p.Stalls != nil {
			v[atStalls] = *p.Stalls
		}
	}
	if p := r.Positions; p != nil {
		v[atHead], v[atCur], v[atTail] = uint64(p.Head), uint64(p.Cur), uint64(p.Tail)
	}
	if r.Moved != nil {
		v[atMoved] = *r.Moved
	}
}

// put is the opposite of get: it sets the numbers that r has.
func (v *values) put(r *Ring) {
	if c := r.Counts; c != nil {
		c.Packets, c.Bytes = v[atPackets], v[atBytes]
		if c.Drops != nil {
			d := (*dropValues)(v[atDrops:])
			*c.Drops = vale.Drops{
				Full: d[0], Runt: d[1], Bad: d[2], Closed: d[3], TooBig: d[4], NoPort: d[5], Socket: d[6], Kernel: d[7],
			}
		}
	}
	if p := r.Program; p != nil {
		p.Syncs = v[atSyncs]
		if p.Wakeups != nil {
			*p.Wakeups = v[atWakeups]
		}
		if p.Stalls != nil {
			*p.Stalls = v[atStalls]
		}
	}
	if p := r.Positions; p != nil {
		p.Head, p.Cur, p.Tail = uint32(v[atHead]), uint32(v[atCur]), uint32(v[atTail])
	}
	if r.Moved != nil {
		*r.Moved = v[atMoved]
	}
}

// sameShape says whether a and b are the same ring with the same parts, so that only values differ.
func sameShape(a, b *Ring) bool {
	if !sameRing(a, b) || a.Mode != b.Mode || a.Exact != b.Exact || a.Node != b.Node || a.Interface != b.Interface ||
		(a.Counts == nil) != (b.Counts == nil) || (a.Program == nil) != (b.Program == nil) ||
		(a.Positions == nil) != (b.Positions == nil) || (a.Moved == nil) != (b.Moved == nil) {
		return false
	}
	if a.Counts != nil && (a.Drops == nil) != (b.Drops == nil) {
		return false
	}
	if a.Program != nil && ((a.Stalls == nil) != (b.Stalls == nil) || (a.Wakeups == nil) != (b.Wakeups == nil)) {
		return false
	}
	return a.Positions == nil || a.Slots == b.Slots
}
