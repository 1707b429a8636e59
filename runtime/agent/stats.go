package agent

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/valelab/valelab/netmap/serve"
	"github.com/valelab/valelab/netmap/vale"
	"github.com/valelab/valelab/runtime/sample"
	"github.com/valelab/valelab/topology"
)

// stats answers GET /v1/stats.
func (a *agent) stats() *sample.Sample { return newSampler(a).next() }

// sampler takes one sample after the other without making garbage. One goroutine uses it.
type sampler struct {
	a        *agent
	counters []vale.RingStats
	memory   [2]sample.Memory
	turn     int

	devices map[string]netdevStats
	fresh   bool // devices are of this sample
}

func newSampler(a *agent) *sampler { return &sampler{a: a, devices: make(map[string]netdevStats)} }

// next takes a sample, which is good until next is called for the second time. It makes no system call for a
// ring of the user-space switch.
func (s *sampler) next() *sample.Sample {
	a := s.a
	s.turn = 1 - s.turn
	s.counters = a.engine.AppendStats(s.counters[:0]) // sorted as a sample's rings are
	out := &sample.Sample{Lab: a.name(), Time: time.Now(), Rings: s.memory[s.turn].FromVale(s.counters)}
	a.mu.Lock()
	out.Rings = s.moduleStats(out.Rings)
	for i := range out.Rings {
		r := &out.Rings[i]
		if r.Node != "" {
			continue // known already
		}
		if i > 0 && r.Port == out.Rings[i-1].Port && r.Switch == out.Rings[i-1].Switch {
			r.Node, r.Interface, r.Title = out.Rings[i-1].Node, out.Rings[i-1].Interface, out.Rings[i-1].Title
		} else {
			r.Node, r.Interface = a.portOwner(r.Switch, r.Port)
			if e := a.endpoints[r.Port]; e != nil && a.nodes[e.Node].isGuest() {
				r.Title = portName(r.Node, r.Interface)
			}
		}
	}
	a.mu.Unlock()
	out.Nodes = a.usage.nodes(a, out.Time)
	return out
}

// portOwner is the node that a port belongs to, and the port's name there.
func (a *agent) portOwner(name, port string) (node, iface string) {
	if e := a.endpoints[port]; e != nil && e.Spec.Switch == name {
		return a.shown(e)
	}
	node, iface = serve.Owner(name, port)
	if a.switches[name] != nil && node != "" {
		iface = topology.Access{Node: node, Switch: name}.As() + ":" + iface
	}
	return node, iface
}

// serveMetrics answers GET /v1/metrics.
func (a *agent) serveMetrics(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", sample.MetricsType)
	_ = sample.WriteMetrics(w, a.stats()) // who does not read it does not want it
}

// sampleNode is a node without what it uses.
func (n *labNode) sampleNode() sample.Node {
	return sample.Node{
		Name: n.name, State: string(n.status.State), ExitCode: n.status.ExitCode,
		Signal: n.status.Signal, Restarts: n.status.Restarts,
	}
}

// sameNodes says whether the nodes are those of a list, in the same states.
func (a *agent) sameNodes(list []sample.Node) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(list) != len(a.nodes) {
		return false
	}
	for i := range list {
		n := a.nodes[list[i].Name]
		if n == nil || !sameState(n.sampleNode(), list[i]) {
			return false
		}
	}
	return true
}

// sampleNodes are the nodes by name, without what they use.
func (a *agent) sampleNodes() (nodes []sample.Node, inits []int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, n := range a.nodes {
		nodes = append(nodes, n.sampleNode())
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
