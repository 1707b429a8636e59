package runtime

import (
	"context"
	"errors"
	"strings"

	"github.com/valelab/valelab/runtime/agent"
	"github.com/valelab/valelab/runtime/state"
	"github.com/valelab/valelab/topology"
)

// Inspect looks at a lab: what its plan names, and what there is of it. It
// takes no lock and changes nothing. A lab whose agent does not answer is
// inspected too, by what its nodes' inits have written down.
func Inspect(ctx context.Context, root, name string) (*Inspection, error) {
	return inspect(ctx, Local(), root, name)
}

func inspect(ctx context.Context, m Machine, root, name string) (*Inspection, error) {
	dir, err := state.OpenLab(root, name)
	if err != nil {
		return nil, err
	}
	plugin, err := dir.IsPlugin()
	if err != nil {
		return nil, err
	}
	plan, err := planOf(dir)
	if err != nil {
		return nil, err
	}
	i := &inspector{machine: m, dir: dir, out: Inspection{
		Lab: plan.Lab, Folder: dir.Path(), State: LabRunning,
		Nodes: []NodeInspection{}, Switches: []SwitchInspection{}, Endpoints: []EndpointInspection{},
		Accesses: []AccessInspection{}, Trunks: []TrunkInspection{}, Uplinks: []UplinkInspection{},
	}}
	if err := i.askAgent(ctx); err != nil {
		return nil, err
	}
	if err := i.findKeeper(); err != nil {
		return nil, err
	}
	for s := range plan.Steps {
		i.look(&plan.Steps[s])
	}
	if plugin {
		i.lookAtGuests()
	}
	return &i.out, nil
}

// lookAtGuests adds what a plugin's agent has, as people know it: there is no
// plan to compare it with.
func (i *inspector) lookAtGuests() {
	if i.guests == nil {
		return
	}
	seen := make(map[string]bool)
	for _, e := range i.guests.Endpoints {
		node, iface := e.Node, e.Interface
		if shown, inside, ok := strings.Cut(e.Shown, ":"); ok {
			node, iface = shown, inside
		}
		if !seen[node] {
			seen[node] = true
			i.out.Nodes = append(i.out.Nodes, NodeInspection{Name: node, State: StateRunning})
		}
		i.out.Endpoints = append(i.out.Endpoints, EndpointInspection{
			Node: node, Interface: iface, Switch: e.Switch, State: e.Mode, Fault: e.Fault,
			MAC: e.MAC, MTU: e.MTU, Rings: e.Rings, Slots: e.Slots,
		})
	}
	for _, s := range i.guests.Switches {
		i.out.Switches = append(i.out.Switches, SwitchInspection{Name: s.Name, Wire: s.Wire, State: StateRunning, Ports: s.Ports})
	}
	for _, u := range i.guests.Uplinks {
		out := UplinkInspection{Interface: u.Interface, Switch: u.Switch, Host: topology.HostKeep, State: StateRunning}
		if u.Fault != "" {
			out.State, out.Fault = StateFaulty, u.Fault
		}
		i.out.Uplinks = append(i.out.Uplinks, out)
	}
}

// inspector builds one Inspection.
type inspector struct {
	machine Machine
	dir     state.Dir
	held    inventory // what the agent has; empty when there is none
	guests  *agent.Lab
	out     Inspection
}

func (i *inspector) askAgent(ctx context.Context) error {
	client := i.machine.Agent(i.dir)
	defer client.Close()
	version, err := client.Version(ctx)
	var held *agent.Lab
	if err == nil {
		held, err = client.Lab(ctx)
	}
	if errors.Is(err, agent.ErrNoAgent) {
		i.out.State = LabDown
		return nil
	}
	if err != nil {
		return err
	}
	i.held.fill(held)
	i.guests = held
	i.out.Agent = &AgentInspection{PID: version.PID, Started: version.Started, Restarts: version.Restarts}
	return nil
}

// findKeeper looks for the lab's keeper. Without it the agent works on, but
// none would come after it.
func (i *inspector) findKeeper() error {
	keepers, err := withRole(i.machine, i.dir, state.Keeper)
	if err != nil {
		return err
	}
	if len(keepers) == 0 {
		i.lacks()
		return nil
	}
	i.out.Keeper = keepers[0].Number
	return nil
}

// look adds what one step of the plan has made.
func (i *inspector) look(s *topology.Step) {
	switch {
	case s.Node != nil:
		i.out.Nodes = append(i.out.Nodes, i.node(s.Node))
	case s.Switch != nil:
		i.out.Switches = append(i.out.Switches, i.vale(s.Switch))
	case s.Endpoint != nil:
		i.out.Endpoints = append(i.out.Endpoints, i.endpoint(s.Endpoint))
	case s.Access != nil:
		i.out.Accesses = append(i.out.Accesses, i.access(s.Access))
	case s.Trunk != nil:
		i.out.Trunks = append(i.out.Trunks, i.trunk(s.Trunk))
	case s.Uplink != nil:
		i.out.Uplinks = append(i.out.Uplinks, i.uplink(s.Uplink))
	}
}

// lacks notes that a part of the plan is not there.
func (i *inspector) lacks() {
	if i.out.State == LabRunning {
		i.out.State = LabPartial
	}
}

func (i *inspector) node(n *topology.Node) NodeInspection {
	out := NodeInspection{Name: n.Name, State: StateMissing}
	pid, err := i.machine.FindNode(i.dir, n.Name)
	if err == nil {
		out.Init = pid.Number
	} else if i.lacks(); n.Image == "" {
		return out
	}
	status, err := i.machine.NodeStatus(i.dir, n.Name)
	if err != nil {
		i.lacks() // it was just being made, or goes away
		return out
	}
	out.State, out.PID, out.ExitCode = string(status.State), status.PID, status.ExitCode
	out.Signal, out.Restarts, out.Since = status.Signal, status.Restarts, status.Since
	return out
}

func (i *inspector) vale(s *topology.Switch) SwitchInspection {
	out := SwitchInspection{Name: s.Name, Wire: s.Wire, State: StateMissing}
	if have, ok := i.held.vale(s.Name); ok {
		out.State, out.Ports = StateRunning, have.Ports
	} else {
		i.lacks()
	}
	return out
}

func (i *inspector) endpoint(e *topology.Endpoint) EndpointInspection {
	out := EndpointInspection{
		Node: e.Node, Interface: e.Interface, Switch: e.Switch, State: StateMissing,
		MAC: e.MAC, IPv4: e.IPv4, IPv6: e.IPv6, MTU: e.MTU, Rings: e.Rings, Slots: e.Slots,
	}
	if have, ok := i.held.endpoint(e.Node, e.Interface); ok {
		out.State, out.Fault = have.Mode, have.Fault
	} else {
		i.lacks()
	}
	return out
}

func (i *inspector) access(a *topology.Access) AccessInspection {
	out := AccessInspection{Node: a.Node, Switch: a.Switch, As: a.As(), State: StateMissing}
	if ports, ok := i.held.access(*a); ok {
		out.State, out.Ports = StateRunning, ports
	} else {
		i.lacks()
	}
	return out
}

func (i *inspector) trunk(t *topology.Trunk) TrunkInspection {
	out := TrunkInspection{A: t.A, B: t.B, State: StateMissing}
	if i.held.hasTrunk(t.A, t.B) {
		out.State = StateRunning
	} else {
		i.lacks()
	}
	return out
}

func (i *inspector) uplink(u *topology.Uplink) UplinkInspection {
	out := UplinkInspection{Interface: u.Interface, Switch: u.Switch, Host: u.Host, State: StateMissing}
	switch have, ok := i.held.uplink(u.Interface); {
	case !ok:
		i.lacks()
	case have.Fault != "":
		out.State, out.Fault = StateFaulty, have.Fault
		i.lacks()
	default:
		out.State = StateRunning
	}
	return out
}
