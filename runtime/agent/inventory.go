package agent

import (
	"cmp"
	"slices"
)

// inventory answers GET /v1/lab.
func (a *agent) inventory() *Lab {
	a.mu.Lock()
	defer a.mu.Unlock()
	lab := &Lab{
		Lab:       a.name(),
		Switches:  make([]SwitchState, 0, len(a.switches)),
		Endpoints: make([]EndpointState, 0, len(a.endpoints)),
		Accesses:  make([]AccessState, 0, len(a.accesses)),
		Trunks:    make([]TrunkState, 0, len(a.trunks)),
		Uplinks:   make([]UplinkState, 0, len(a.uplinks)),
		Nodes:     a.nodeStates(),
	}
	opened := make(map[string]int) // ports of programs on each switch
	for access := range a.accesses {
		ports := 0
		if n := a.nodes[access.Node]; n != nil {
			ports = n.space.PortsOn(access.As())
		}
		opened[access.Switch] += ports
		lab.Accesses = append(lab.Accesses, AccessState{Node: access.Node, Switch: access.Switch, Ports: ports})
	}
	for _, s := range a.switches {
		lab.Switches = append(lab.Switches, SwitchState{Name: s.name, SwitchSpec: s.spec, Ports: s.ports + opened[s.name]})
	}
	for _, e := range a.endpoints {
		lost := deviceFault(a.lab, e.Spec.Device, e.At)
		shown := ""
		if a.nodes[e.Node].isGuest() {
			shown = portName(a.shown(e))
		}
		lab.Endpoints = append(lab.Endpoints, EndpointState{
			Node: e.Node, Interface: e.Interface, EndpointSpec: e.Spec, Shown: shown, Mode: e.mode(),
			Lost: lost != "", Fault: cmp.Or(lost, e.fault),
		})
	}
	for _, t := range a.trunks {
		lab.Trunks = append(lab.Trunks, TrunkState{A: t.a.name, B: t.b.name})
	}
	for _, u := range a.uplinks {
		lab.Uplinks = append(lab.Uplinks, UplinkState{
			Interface: u.Interface, UplinkSpec: u.Spec, Fault: a.uplinkFault(u),
		})
	}
	slices.SortFunc(lab.Switches, func(x, y SwitchState) int { return cmp.Compare(x.Name, y.Name) })
	slices.SortFunc(lab.Endpoints, func(x, y EndpointState) int {
		return cmp.Or(cmp.Compare(x.Node, y.Node), cmp.Compare(x.Interface, y.Interface))
	})
	slices.SortFunc(lab.Accesses, func(x, y AccessState) int {
		return cmp.Or(cmp.Compare(x.Node, y.Node), cmp.Compare(x.Switch, y.Switch))
	})
	slices.SortFunc(lab.Trunks, func(x, y TrunkState) int {
		return cmp.Or(cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B))
	})
	slices.SortFunc(lab.Uplinks, func(x, y UplinkState) int { return cmp.Compare(x.Interface, y.Interface) })
	return lab
}

// nodeList answers GET /v1/nodes.
func (a *agent) nodeList() []NodeState {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.nodeStates()
}

func (a *agent) nodeStates() []NodeState {
	states := make([]NodeState, 0, len(a.nodes))
	for _, n := range a.nodes {
		states = append(states, NodeState{Node: n.name, Init: n.spec, Status: n.status})
	}
	slices.SortFunc(states, func(x, y NodeState) int { return cmp.Compare(x.Node, y.Node) })
	return states
}
