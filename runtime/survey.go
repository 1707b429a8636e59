package runtime

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/valelab/valelab/runtime/executor"
	"github.com/valelab/valelab/runtime/state"
	"github.com/valelab/valelab/topology"
)

// survey is what there is of a lab that may run, as steps of a plan. What
// exists is found by its marks and by asking the agent, never concluded from a
// plan.
type survey struct {
	lab   string // what is wrong with the lab's own step, or ""
	found map[string]*thing
}

// thing is one object of the lab.
type thing struct {
	step *topology.Step // as it is; of an object that is not whole, its names only
	// whole says that the object works as the step says, so that it could be
	// made again from the step. Another one is in part there.
	whole bool
	fault string // what of the object is not as the plan wants it, though whole
}

// survey looks at everything. What it learns about agent, network and nodes it
// leaves in the deployment for the steps.
func (d *deployment) survey(ctx context.Context) (*survey, error) {
	s := &survey{found: make(map[string]*thing)}
	var err error
	if s.lab, err = d.observeLab(ctx); err != nil {
		return nil, err
	}
	for _, look := range []func(context.Context, *survey) error{
		d.findNodes, d.findEndpoints, d.findUplinks, d.lookClosely,
	} {
		if err := look(ctx, s); err != nil {
			return nil, err
		}
	}
	if s.lab == "" {
		s.add(topology.Step{Kind: topology.KindLab, ID: string(topology.KindLab), Lab: &topology.LabStep{Name: d.plan.Lab}}, true)
	}
	for _, v := range d.inventory.switches {
		s.add(topology.Step{Kind: topology.KindSwitch, ID: id(topology.KindSwitch, v.Name),
			Switch: &topology.Switch{Name: v.Name, Wire: v.Wire}}, true)
	}
	for a := range d.inventory.accesses {
		s.add(topology.Step{Kind: topology.KindAccess, ID: id(topology.KindAccess, a.Node+":"+a.Switch), Access: &a}, true)
	}
	for ends := range d.inventory.trunks {
		s.add(topology.Step{Kind: topology.KindTrunk, ID: id(topology.KindTrunk, ends[0]+"--"+ends[1]),
			Trunk: &topology.Trunk{A: ends[0], B: ends[1]}}, true)
	}
	return s, nil
}

func (s *survey) add(step topology.Step, whole bool) *thing {
	t := &thing{step: &step, whole: whole}
	s.found[step.ID] = t
	return t
}

// id returns the ID of a plan's step.
func id(kind topology.Kind, name string) string { return string(kind) + "/" + name }

// findNodes looks for nodes, and whether their commands were let go.
func (d *deployment) findNodes(ctx context.Context, s *survey) error {
	nodes, err := d.machine.Nodes(ctx, d.lab)
	if err != nil {
		return err
	}
	for name := range d.inventory.nodes {
		if _, ok := nodes[name]; !ok {
			nodes[name] = state.PID{}
		}
	}
	for name, pid := range nodes {
		runs := pid != state.PID{}
		made, cutOff, err := d.readMade(name)
		if err != nil {
			return err
		}
		step := topology.Step{Kind: topology.KindNode, ID: id(topology.KindNode, name), Node: made}
		if made == nil {
			step.Node = &topology.Node{Name: name}
		}
		t := s.add(step, runs && made != nil)
		t.fault = unless(!cutOff, "a change of it was cut off")
		if !runs {
			continue
		}
		d.pids.set(name, pid)
		waits, err := d.machine.Waits(d.lab, name)
		if gone(err) {
			continue // just now
		}
		if err != nil {
			return err
		}
		if !waits {
			s.add(topology.Step{Kind: topology.KindStart, ID: id(topology.KindStart, name), Start: &topology.Start{Node: name}}, true)
		}
	}
	return nil
}

// findEndpoints looks for ports and devices of nodes.
func (d *deployment) findEndpoints(ctx context.Context, s *survey) error {
	devices := make(map[string]bool)
	if d.network != nil {
		names, err := d.network.Endpoints(ctx)
		if err != nil {
			return err
		}
		for _, name := range names {
			devices[name] = true
		}
	}
	for _, have := range d.inventory.endpoints {
		name := have.Node + ":" + have.Interface
		e := &topology.Endpoint{
			Node: have.Node, Interface: have.Interface, Switch: have.Switch,
			MAC: have.MAC, MTU: have.MTU, Rings: have.Rings, Slots: have.Slots,
		}
		_, runs := d.pids.get(have.Node)
		s.add(topology.Step{Kind: topology.KindEndpoint, ID: id(topology.KindEndpoint, name), Endpoint: e}, runs && devices[name] && !have.Lost)
		delete(devices, name)
	}
	for name := range devices {
		node, iface, _ := strings.Cut(name, ":")
		s.add(topology.Step{Kind: topology.KindEndpoint, ID: id(topology.KindEndpoint, name),
			Endpoint: &topology.Endpoint{Node: node, Interface: iface}}, false)
	}
	// The addresses are those of the plan that the lab is from, or of one that
	// was begun since.
	for _, p := range append(d.written.next[:len(d.written.next):len(d.written.next)], d.written.plan) {
		for i := range p.Steps {
			if e := p.Steps[i].Endpoint; e != nil && s.found[p.Steps[i].ID] != nil {
				was := s.found[p.Steps[i].ID].step.Endpoint
				was.IPv4, was.IPv6 = e.IPv4, e.IPv6
			}
		}
	}
	return nil
}

// findUplinks looks for interfaces that are ports, or that were taken.
func (d *deployment) findUplinks(_ context.Context, s *survey) error {
	intents, err := d.lab.ReadIntents()
	if err != nil {
		return err
	}
	for _, have := range d.inventory.uplinks {
		s.add(topology.Step{Kind: topology.KindUplink, ID: id(topology.KindUplink, have.Interface),
			Uplink: &topology.Uplink{Interface: have.Interface, Switch: have.Switch, Host: topology.HostKeep}}, false)
	}
	for _, i := range intents {
		key := id(topology.KindUplink, i.Interface)
		t := s.found[key]
		if t == nil {
			t = s.add(topology.Step{Kind: topology.KindUplink, ID: key, Uplink: &topology.Uplink{Interface: i.Interface}}, false)
		} else {
			t.whole = d.inventory.uplinks[i.Interface].Fault == ""
		}
		if i.Take {
			t.step.Uplink.Host = topology.HostTake
		}
	}
	return nil
}

// lookClosely compares devices with what the plan wants of them, many at once.
func (d *deployment) lookClosely(ctx context.Context, s *survey) error {
	var looks []executor.Step
	for i := range d.plan.Steps {
		p := &d.plan.Steps[i]
		t := s.found[p.ID]
		if t == nil || !t.whole {
			continue
		}
		switch {
		case p.Endpoint != nil:
			looks = append(looks, executor.Step{ID: p.ID, Do: func(ctx context.Context) error {
				pid, _ := d.pids.get(p.Endpoint.Node)
				there, err := d.network.HasEndpoint(ctx, p.Endpoint, d.former(p), pid)
				if gone(err) {
					there, err = false, nil // just now
				}
				t.fault = unless(there, "its device was changed")
				return err
			}})
		case p.Uplink != nil:
			looks = append(looks, executor.Step{ID: p.ID, Do: func(ctx context.Context) error {
				there, err := d.machine.HasUplink(ctx, d.lab, t.step.Uplink)
				t.fault = unless(there, "the interface is not as it was made")
				return err
			}})
		}
	}
	_, err := executor.Run(ctx, looks, executor.Config{Workers: d.workers})
	var failed *Error
	if errors.As(err, &failed) {
		return failed.Cause // nothing was done that could be left
	}
	return err
}

// former returns the addresses that plans have given an endpoint.
func (d *deployment) former(s *topology.Step) []string {
	all := slices.Sorted(slices.Values(d.addresses[s.ID]))
	return slices.Compact(all)
}

// observeLab looks at keeper and agent, and takes down what they have.
func (d *deployment) observeLab(ctx context.Context) (missing string, err error) {
	processes, err := d.machine.Processes(d.lab)
	if err != nil {
		return "", err
	}
	if !slices.ContainsFunc(processes, func(p state.Process) bool { return p.Role == state.Keeper }) {
		version, err := d.agent.Version(ctx)
		d.orphan = err == nil && !version.Keeper
		return "it has no keeper", nil
	}
	// A keeper is about to have a new agent when the old one has just died.
	inner, cancel := context.WithTimeout(ctx, agentPatience)
	defer cancel()
	err = state.Settle(inner, func() (bool, error) {
		version, err := d.agent.Version(inner)
		if err == nil {
			d.running = *version
		}
		return err == nil, nil
	})
	if err != nil {
		return "its agent does not answer", ctx.Err()
	}
	if !d.running.Keeper {
		d.orphan = true
		return "it has no keeper", nil // one that is just ending is still found
	}
	have, err := d.agent.Lab(ctx)
	if err != nil {
		return "", err
	}
	d.inventory.fill(have)
	if d.network, err = d.machine.Network(ctx, d.lab); err != nil {
		return "", fmt.Errorf("lab %s: %w", d.lab.Name(), err)
	}
	return "", nil
}
