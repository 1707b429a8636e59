package agent

import (
	"cmp"
	"slices"
	"time"
)

// stats answers GET /v1/stats.
func (a *agent) stats() *Stats {
	counters := a.engine.Stats()
	stats := &Stats{Lab: a.name(), Time: time.Now(), Rings: make([]Ring, 0, len(counters))}
	a.mu.Lock()
	for _, c := range counters {
		ring := Ring{RingStats: c}
		if e := a.endpoints[c.Port]; e != nil && e.Spec.Switch == c.Switch {
			ring.Node, ring.Interface = e.Node, e.Interface
		}
		stats.Rings = append(stats.Rings, ring)
	}
	a.mu.Unlock()
	slices.SortFunc(stats.Rings, func(x, y Ring) int {
		host := func(r Ring) int {
			if r.Host {
				return 1
			}
			return 0
		}
		return cmp.Or(cmp.Compare(x.Switch, y.Switch), cmp.Compare(x.Port, y.Port),
			host(x)-host(y), cmp.Compare(x.Ring, y.Ring), cmp.Compare(y.Dir, x.Dir))
	})
	return stats
}
