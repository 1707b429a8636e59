package agent

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/valelab/valelab/netmap/serve"
	"github.com/valelab/valelab/runtime/sample"
	"github.com/valelab/valelab/topology"
)

// stats answers GET /v1/stats. It makes no system call for a ring.
func (a *agent) stats() *sample.Sample {
	counters := a.engine.Stats() // sorted as a sample's rings are
	s := &sample.Sample{Lab: a.name(), Time: time.Now(), Rings: make([]sample.Ring, len(counters))}
	a.mu.Lock()
	for i := range counters {
		r := &s.Rings[i]
		*r = sample.FromVale(&counters[i])
		if e := a.endpoints[r.Port]; e != nil && e.Spec.Switch == r.Switch {
			r.Node, r.Interface = e.Node, e.Interface
		} else if r.Node, r.Interface = serve.Owner(r.Switch, r.Port); a.switches[r.Switch] != nil && r.Node != "" {
			r.Interface = topology.Access{Node: r.Node, Switch: r.Switch}.As() + ":" + r.Interface
		}
	}
	a.mu.Unlock()
	s.Nodes = a.usage.nodes(a, s.Time)
	return s
}

// serveMetrics answers GET /v1/metrics.
func (a *agent) serveMetrics(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", sample.MetricsType)
	_ = sample.WriteMetrics(w, a.stats()) // who does not read it does not want it
}

// sampleNodes are the nodes by name, without what they use.
func (a *agent) sampleNodes() (nodes []sample.Node, inits []int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, n := range a.nodes {
		nodes = append(nodes, sample.Node{
			Name: n.name, State: string(n.status.State), ExitCode: n.status.ExitCode,
			Signal: n.status.Signal, Restarts: n.status.Restarts,
		})
	}
	slices.SortFunc(nodes, func(x, y sample.Node) int { return strings.Compare(x.Name, y.Name) })
	for _, n := range nodes {
		pid := a.nodes[n.Name].spec.PID
		if a.nodes[n.Name].status.State == StateGone {
			pid = 0
		}
		inits = append(inits, pid)
	}
	return nodes, inits
}
