package runtime

import (
	"cmp"
	"slices"
	"strings"

	"github.com/valelab/valelab/topology"
)

// touched returns the nodes of a running lab whose traffic the changes touch,
// and how.
func (d *deployment) touched(s *survey, changes []*change) []Touched {
	t := toucher{how: make(map[string][]string), on: make(map[string][]string)}
	for _, thing := range s.found {
		if e := thing.step.Endpoint; e != nil && e.Switch != "" {
			t.on[e.Switch] = append(t.on[e.Switch], e.Node)
		}
	}
	anew := make(map[string]bool)
	for _, c := range changes {
		if c.again && c.new != nil {
			anew[c.id] = true
		}
	}
	for _, c := range changes {
		t.change(c, anew)
	}
	for name, nodes := range t.on { // a wire has two ends
		for i, node := range nodes {
			if other := nodes[len(nodes)-1-i]; strings.Contains(name, "--") && anew[id(topology.KindNode, other)] && node != other {
				t.add(node, "the other end of its wire, "+other+", starts anew")
			}
		}
	}
	if s.lab != "" {
		for name := range d.pids.known {
			t.add(name, "all links down for a moment: "+s.lab)
		}
	}
	out := []Touched{}
	for node, how := range t.how {
		slices.Sort(how)
		out = append(out, Touched{Node: node, How: slices.Compact(how)})
	}
	slices.SortFunc(out, func(a, b Touched) int { return cmp.Compare(a.Node, b.Node) })
	return out
}

// toucher collects what the changes do to nodes.
type toucher struct {
	how map[string][]string
	on  map[string][]string // nodes with an endpoint on each switch
}

func (t *toucher) add(node, how string) { t.how[node] = append(t.how[node], how) }

// change adds what one change does.
func (t *toucher) change(c *change, anew map[string]bool) {
	step := c.new
	if step == nil {
		step = c.old
	}
	switch {
	case step.Node != nil:
		switch {
		case anew[c.id]:
			t.add(step.Node.Name, "recreated: its programs start anew")
		case c.action == actRemove:
			t.add(step.Node.Name, "removed")
		case c.action == actMake:
			t.add(step.Node.Name, "started")
		}
	case step.Endpoint != nil && !anew[id(topology.KindNode, step.Endpoint.Node)]:
		t.endpoint(c, step.Endpoint)
	case step.Access != nil && !anew[id(topology.KindNode, step.Access.Node)]:
		t.access(c, step.Access)
	case step.Trunk != nil:
		t.all(verb(c)+" link of "+step.Trunk.A+" to "+step.Trunk.B, step.Trunk.A, step.Trunk.B)
	case step.Uplink != nil:
		switches := []string{step.Uplink.Switch}
		if c.old != nil && c.old.Uplink.Switch != step.Uplink.Switch {
			switches = append(switches, c.old.Uplink.Switch)
		}
		t.all(verb(c)+" uplink "+step.Uplink.Interface, switches...)
	}
}

func (t *toucher) endpoint(c *change, e *topology.Endpoint) {
	switch {
	case c.action == actRemove:
		t.add(e.Node, e.Interface+" removed: programs that have it open are detached")
	case c.action == actMake:
		t.add(e.Node, e.Interface+" added")
	case endpointSpec(c.old.Endpoint) != endpointSpec(e):
		t.add(e.Node, e.Interface+" reopened ("+c.why+"): programs that have it open are detached")
	case strings.HasPrefix(c.why, "ipv"):
		t.add(e.Node, e.Interface+" has other addresses ("+c.why+")")
	default:
		t.add(e.Node, e.Interface+" down for a moment: "+c.why)
	}
}

func (t *toucher) access(c *change, a *topology.Access) {
	if c.action == actRemove {
		t.add(a.Node, "loses "+a.As()+": programs that have ports there are detached")
	} else {
		t.add(a.Node, "gets "+a.As())
	}
}

// all adds the same to all nodes on some switches.
func (t *toucher) all(how string, switches ...string) {
	for _, s := range switches {
		for _, node := range t.on[s] {
			t.add(node, how)
		}
	}
}

// verb says what becomes of a thing.
func verb(c *change) string {
	switch c.action {
	case actRemove:
		return "loses"
	case actMake:
		return "gets"
	}
	return "changes"
}
