package agent

import (
	"fmt"
	"sync"
	"time"

	"github.com/valelab/valelab/runtime/sample"
)

// Drops have ended when a ring had none in so many looks, one each dropLook.
const (
	dropLook  = time.Second
	dropCalms = 3
)

// dropWatch publishes when rings begin to drop frames and when they have stopped. It looks only as long as
// somebody reads the events: an agent that nobody asks does nothing. The zero value is ready.
type dropWatch struct {
	mu      sync.Mutex
	readers int
	stop    chan struct{}
}

// begin counts a reader in, and starts the looking with the first.
func (d *dropWatch) begin(a *agent) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.readers++; d.readers > 1 {
		return
	}
	stop := make(chan struct{})
	d.stop = stop
	samples := newSampler(a)
	tracker := newDropTracker(samples.next().Rings) // now: drops from here on are news
	go func() {
		tick := time.NewTicker(dropLook)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				for _, event := range tracker.look(samples.next().Rings) {
					a.hub.publish(event)
				}
			}
		}
	}()
}

// end counts a reader out.
func (d *dropWatch) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.readers--; d.readers == 0 {
		close(d.stop)
	}
}

// dropTracker compares counters. One goroutine uses it.
type dropTracker struct{ rings map[sample.Key]*dropState }

type dropState struct {
	total, atStart uint64
	calm           int // looks without a drop
	dropping       bool
}

func newDropTracker(rings []sample.Ring) *dropTracker {
	t := &dropTracker{rings: make(map[sample.Key]*dropState)}
	t.look(rings)
	return t
}

// look returns the events of what has changed since the last look. A ring that is seen for the first time
// is only noted.
func (t *dropTracker) look(rings []sample.Ring) []Event {
	var events []Event
	for i := range rings {
		r := &rings[i]
		if r.Counts == nil {
			continue
		}
		total := r.Dropped()
		s := t.rings[r.Key()]
		if s == nil || total < s.total {
			t.rings[r.Key()] = &dropState{total: total}
			continue
		}
		switch more := total - s.total; {
		case more > 0:
			s.calm = 0
			if !s.dropping {
				s.dropping, s.atStart = true, s.total
				events = append(events, dropEvent(r, "started", more))
			}
		case s.dropping:
			if s.calm++; s.calm == dropCalms {
				s.dropping = false
				events = append(events, dropEvent(r, "ended", total-s.atStart))
			}
		}
		s.total = total
	}
	return events
}

func dropEvent(r *sample.Ring, state string, frames uint64) Event {
	e := Event{Kind: EventDrops, Node: r.Node, Interface: r.Interface, Switch: r.Switch, State: state}
	e.Message = fmt.Sprintf("%s %s: %d frames", r.Port, r.Name(), frames)
	return e
}
