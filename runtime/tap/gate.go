package tap

import "time"

// gate knows at which times a device was the port. The zero value is closed.
type gate struct {
	open    bool
	changes []change // that lie ahead, in order
}

type change struct {
	at   time.Time
	open bool
}

// set notes that the gate is open, or closed, from a time on.
func (g *gate) set(open bool, at time.Time) { g.changes = append(g.changes, change{at, open}) }

// at says whether it was open. Times that are asked for go up.
func (g *gate) at(t time.Time) bool {
	for len(g.changes) > 0 && !g.changes[0].at.After(t) {
		g.open = g.changes[0].open
		g.changes = g.changes[1:]
	}
	return g.open
}
