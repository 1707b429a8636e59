package runtimetest

import (
	"context"
	"fmt"
	"net/http"

	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/runtime/agent"
	"github.com/valelab/valelab/runtime/state"
	"github.com/valelab/valelab/topology"
)

// held is what an agent has. A nil map is an empty one until the agent starts.
type held struct {
	switches  map[string]agent.SwitchSpec
	nodes     map[string]agent.NodeSpec
	endpoints map[string]agent.EndpointState // by "node:interface"
	accesses  map[topology.Access]bool
	trunks    map[[2]string]bool
	uplinks   map[string]agent.UplinkSpec
}

// StartAgent implements runtime.Machine.
func (m *Machine) StartAgent(ctx context.Context, dir state.Dir) error {
	if err := m.begin(ctx, "StartAgent"); err != nil {
		return err
	}
	defer m.mu.Unlock()
	l := m.lab(dir)
	if l.keeper != nil || l.agent != nil {
		return fmt.Errorf("lab %s: has a keeper already", dir.Name())
	}
	keeper, process := m.newProcess(dir, state.Keeper, ""), m.newProcess(dir, state.Agent, "")
	l.network++
	l.keeper, l.agent, l.build = &keeper, &process, agent.Build()
	l.held = held{
		switches: make(map[string]agent.SwitchSpec), nodes: make(map[string]agent.NodeSpec),
		endpoints: make(map[string]agent.EndpointState), trunks: make(map[[2]string]bool),
		accesses: make(map[topology.Access]bool),
		uplinks:  make(map[string]agent.UplinkSpec),
	}
	return nil
}

// Agent implements runtime.Machine.
func (m *Machine) Agent(dir state.Dir) runtime.Agent { return &client{m, dir} }

// client is a client of the lab's agent.
type client struct {
	machine *Machine
	dir     state.Dir
}

// begin locks the machine for a request to the agent.
func (c *client) begin(ctx context.Context, format string, args ...any) (*lab, error) {
	if err := c.machine.begin(ctx, format, args...); err != nil {
		return nil, err
	}
	l := c.machine.lab(c.dir)
	if l.agent == nil {
		c.machine.mu.Unlock()
		return nil, agent.ErrNoAgent
	}
	return l, nil
}

// refuse is the agent's answer to a request that it can't carry out.
func refuse(format string, args ...any) error {
	return &agent.StatusError{Status: http.StatusConflict, Problem: agent.Problem{Error: fmt.Sprintf(format, args...)}}
}

// put stores a value: the same twice is fine, another one is refused.
func put[K, V comparable](m map[K]V, key K, value V) (bool, error) {
	have, ok := m[key]
	if ok && have != value {
		return false, refuse("%v is there and differs", key)
	}
	m[key] = value
	return !ok, nil
}

func (c *client) Version(ctx context.Context) (*agent.Version, error) {
	l, err := c.begin(ctx, "Version")
	if err != nil {
		return nil, err
	}
	defer c.machine.mu.Unlock()
	return &agent.Version{API: agent.APIVersion, Build: l.build, Lab: c.dir.Path(), Keeper: l.keeper != nil, PID: l.agent.Number}, nil
}

func (c *client) Lab(ctx context.Context) (*agent.Lab, error) {
	l, err := c.begin(ctx, "Lab")
	if err != nil {
		return nil, err
	}
	defer c.machine.mu.Unlock()
	out := &agent.Lab{Lab: c.dir.Path()}
	for name, spec := range l.held.switches {
		out.Switches = append(out.Switches, agent.SwitchState{Name: name, SwitchSpec: spec, Ports: l.ports(name)})
	}
	for name, spec := range l.held.nodes {
		out.Nodes = append(out.Nodes, agent.NodeState{Node: name, Init: spec})
	}
	for _, e := range l.held.endpoints {
		out.Endpoints = append(out.Endpoints, e)
	}
	for a := range l.held.accesses {
		out.Accesses = append(out.Accesses, agent.AccessState{Node: a.Node, Switch: a.Switch})
	}
	for t := range l.held.trunks {
		out.Trunks = append(out.Trunks, agent.TrunkState{A: t[0], B: t[1]})
	}
	for name, spec := range l.held.uplinks {
		out.Uplinks = append(out.Uplinks, agent.UplinkState{Interface: name, UplinkSpec: spec})
	}
	return out, nil
}

// ports counts the ports of a switch.
func (l *lab) ports(name string) int {
	n := 0
	for _, e := range l.held.endpoints {
		if e.Switch == name {
			n++
		}
	}
	for t := range l.held.trunks {
		if t[0] == name || t[1] == name {
			n++
		}
	}
	for _, u := range l.held.uplinks {
		if u.Switch == name {
			n++
		}
	}
	return n
}

func (c *client) PutSwitch(ctx context.Context, name string, spec agent.SwitchSpec) (bool, error) {
	l, err := c.begin(ctx, "PutSwitch %s", name)
	if err != nil {
		return false, err
	}
	defer c.machine.mu.Unlock()
	return put(l.held.switches, name, spec)
}

func (c *client) DeleteSwitch(ctx context.Context, name string) error {
	l, err := c.begin(ctx, "DeleteSwitch %s", name)
	if err != nil {
		return err
	}
	defer c.machine.mu.Unlock()
	if l.ports(name) > 0 {
		return refuse("switch %s has ports", name)
	}
	for a := range l.held.accesses {
		if a.Switch == name {
			return refuse("switch %s is open to node %s", name, a.Node)
		}
	}
	delete(l.held.switches, name)
	return nil
}

func (c *client) PutNode(ctx context.Context, name string, spec agent.NodeSpec) (bool, error) {
	l, err := c.begin(ctx, "PutNode %s", name)
	if err != nil {
		return false, err
	}
	defer c.machine.mu.Unlock()
	if n := l.nodes[name]; n == nil || n.init.Number != spec.PID {
		return false, refuse("node %s: no such process", name)
	}
	return put(l.held.nodes, name, spec)
}

func (c *client) DeleteNode(ctx context.Context, name string) error {
	l, err := c.begin(ctx, "DeleteNode %s", name)
	if err != nil {
		return err
	}
	defer c.machine.mu.Unlock()
	for _, e := range l.held.endpoints {
		if e.Node == name {
			return refuse("node %s has endpoints", name)
		}
	}
	for a := range l.held.accesses {
		if a.Node == name {
			delete(l.held.accesses, a)
		}
	}
	delete(l.held.nodes, name)
	return nil
}

func (c *client) PutEndpoint(ctx context.Context, node, iface string, spec agent.EndpointSpec) (bool, error) {
	key := node + ":" + iface
	l, err := c.begin(ctx, "PutEndpoint %s", key)
	if err != nil {
		return false, err
	}
	defer c.machine.mu.Unlock()
	_, hasNode := l.held.nodes[node]
	_, hasSwitch := l.held.switches[spec.Switch]
	_, hasPair := l.pairs[key]
	if !hasNode || !hasSwitch || !hasPair {
		return false, refuse("endpoint %s: node %v, switch %v, device %v", key, hasNode, hasSwitch, hasPair)
	}
	return put(l.held.endpoints, key, agent.EndpointState{
		Node: node, Interface: iface, EndpointSpec: spec, Mode: agent.ModeSocket,
	})
}

func (c *client) DeleteEndpoint(ctx context.Context, node, iface string) error {
	key := node + ":" + iface
	l, err := c.begin(ctx, "DeleteEndpoint %s", key)
	if err != nil {
		return err
	}
	defer c.machine.mu.Unlock()
	delete(l.held.endpoints, key)
	return nil
}

func (c *client) PutAccess(ctx context.Context, node, on string) (bool, error) {
	l, err := c.begin(ctx, "PutAccess %s %s", node, on)
	if err != nil {
		return false, err
	}
	defer c.machine.mu.Unlock()
	_, hasNode := l.held.nodes[node]
	_, hasSwitch := l.held.switches[on]
	if !hasNode || !hasSwitch {
		return false, refuse("access %s:%s: node %v, switch %v", node, on, hasNode, hasSwitch)
	}
	return put(l.held.accesses, topology.Access{Node: node, Switch: on}, true)
}

func (c *client) DeleteAccess(ctx context.Context, node, on string) error {
	l, err := c.begin(ctx, "DeleteAccess %s %s", node, on)
	if err != nil {
		return err
	}
	defer c.machine.mu.Unlock()
	delete(l.held.accesses, topology.Access{Node: node, Switch: on})
	return nil
}

func (c *client) PutTrunk(ctx context.Context, a, b string) (bool, error) {
	l, err := c.begin(ctx, "PutTrunk %s %s", a, b)
	if err != nil {
		return false, err
	}
	defer c.machine.mu.Unlock()
	for _, name := range []string{a, b} {
		if _, ok := l.held.switches[name]; !ok {
			return false, refuse("switch %s does not exist", name)
		}
	}
	return put(l.held.trunks, [2]string{a, b}, true)
}

func (c *client) DeleteTrunk(ctx context.Context, a, b string) error {
	l, err := c.begin(ctx, "DeleteTrunk %s %s", a, b)
	if err != nil {
		return err
	}
	defer c.machine.mu.Unlock()
	delete(l.held.trunks, [2]string{a, b})
	return nil
}

func (c *client) PutUplink(ctx context.Context, iface string, spec agent.UplinkSpec) (bool, error) {
	l, err := c.begin(ctx, "PutUplink %s", iface)
	if err != nil {
		return false, err
	}
	defer c.machine.mu.Unlock()
	if _, ok := l.held.switches[spec.Switch]; !ok || c.machine.interfaces[iface] == nil {
		return false, refuse("uplink %s: no switch %s, or no such interface", iface, spec.Switch)
	}
	return put(l.held.uplinks, iface, spec)
}

func (c *client) DeleteUplink(ctx context.Context, iface string) error {
	l, err := c.begin(ctx, "DeleteUplink %s", iface)
	if err != nil {
		return err
	}
	defer c.machine.mu.Unlock()
	delete(l.held.uplinks, iface)
	return nil
}

func (c *client) Upgrade(ctx context.Context) error {
	l, err := c.begin(ctx, "Upgrade")
	if err != nil {
		return err
	}
	defer c.machine.mu.Unlock()
	next := c.machine.newProcess(c.dir, state.Agent, "")
	l.agent, l.build = &next, agent.Build()
	return nil
}

func (c *client) Close() {}
