package runtime

import (
	"sync"

	"github.com/valelab/valelab/runtime/agent"
	"github.com/valelab/valelab/topology"
)

// inventory is what a lab's agent had when it was asked. It is asked once for
// everything: a no-op deploy of a thousand nodes is one request. What a step
// has taken away since is struck off, so that the steps after it do not take
// it for present. It may be used concurrently; the zero value is empty.
type inventory struct {
	mu        sync.Mutex
	switches  map[string]agent.SwitchState
	nodes     map[string]agent.NodeSpec
	endpoints map[[2]string]agent.EndpointState
	accesses  map[topology.Access]int // ports that programs have there
	trunks    map[[2]string]bool
	uplinks   map[string]agent.UplinkState
}

// fill takes what the agent answered.
func (v *inventory) fill(lab *agent.Lab) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.switches = make(map[string]agent.SwitchState, len(lab.Switches))
	for _, s := range lab.Switches {
		v.switches[s.Name] = s
	}
	v.nodes = make(map[string]agent.NodeSpec, len(lab.Nodes))
	for _, n := range lab.Nodes {
		v.nodes[n.Node] = n.Init
	}
	v.endpoints = make(map[[2]string]agent.EndpointState, len(lab.Endpoints))
	for _, e := range lab.Endpoints {
		v.endpoints[[2]string{e.Node, e.Interface}] = e
	}
	v.accesses = make(map[topology.Access]int, len(lab.Accesses))
	for _, a := range lab.Accesses {
		v.accesses[topology.Access{Node: a.Node, Switch: a.Switch}] = a.Ports
	}
	v.trunks = make(map[[2]string]bool, len(lab.Trunks))
	for _, t := range lab.Trunks {
		v.trunks[[2]string{t.A, t.B}] = true
	}
	v.uplinks = make(map[string]agent.UplinkState, len(lab.Uplinks))
	for _, u := range lab.Uplinks {
		v.uplinks[u.Interface] = u
	}
}

// vale returns a switch.
func (v *inventory) vale(name string) (agent.SwitchState, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	have, ok := v.switches[name]
	return have, ok
}

// hasNode says whether the agent watches this init of the node.
func (v *inventory) hasNode(name string, spec agent.NodeSpec) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	have, ok := v.nodes[name]
	return ok && have == spec
}

// endpoint returns an endpoint.
func (v *inventory) endpoint(node, iface string) (agent.EndpointState, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	have, ok := v.endpoints[[2]string{node, iface}]
	return have, ok
}

// endpointsOf returns the interfaces of a node that are endpoints.
func (v *inventory) endpointsOf(node string) []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	var all []string
	for key := range v.endpoints {
		if key[0] == node {
			all = append(all, key[1])
		}
	}
	return all
}

// setEndpoint adds an endpoint that was just made.
func (v *inventory) setEndpoint(e agent.EndpointState) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.endpoints == nil {
		v.endpoints = make(map[[2]string]agent.EndpointState)
	}
	v.endpoints[[2]string{e.Node, e.Interface}] = e
}

// dropEndpoint strikes an endpoint off.
func (v *inventory) dropEndpoint(node, iface string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.endpoints, [2]string{node, iface})
}

// access returns how many ports the node's programs have on the switch, if they
// may open any.
func (v *inventory) access(a topology.Access) (ports int, ok bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	ports, ok = v.accesses[a]
	return ports, ok
}

// hasTrunk says whether the trunk is there.
func (v *inventory) hasTrunk(a, b string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.trunks[[2]string{a, b}]
}

// uplink returns an uplink.
func (v *inventory) uplink(iface string) (agent.UplinkState, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	have, ok := v.uplinks[iface]
	return have, ok
}
