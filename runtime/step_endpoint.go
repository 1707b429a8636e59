package runtime

import (
	"context"
	"errors"
	"fmt"

	"github.com/valelab/valelab/runtime/agent"
	"github.com/valelab/valelab/runtime/state"
	"github.com/valelab/valelab/runtime/wiring"
	"github.com/valelab/valelab/topology"
)

// endpointPart is an interface of a node that is a port of a switch.
func (d *deployment) endpointPart(s *topology.Step) part {
	e := s.Endpoint
	return part{
		make: func(ctx context.Context) error {
			pid, err := d.initOf(e.Node)
			if err != nil {
				return err
			}
			made, err := d.network.AddEndpoint(ctx, e, d.former(s), pid)
			if err != nil {
				return err
			}
			return d.putEndpoint(ctx, e, made)
		},
		unmake: func(ctx context.Context) error {
			return errors.Join(d.deleteEndpoint(ctx, e), d.network.RemoveEndpoint(ctx, e))
		},
	}
}

// putEndpoint makes the interface a port; fresh says that its device is a new
// one. A port holds on to its device, not to its name: one whose device was
// made anew has to be a new port.
func (d *deployment) putEndpoint(ctx context.Context, e *topology.Endpoint, fresh bool) error {
	spec := endpointSpec(e)
	if !d.fresh {
		have, ok := d.inventory.endpoint(e.Node, e.Interface)
		if ok && !fresh && have.EndpointSpec == spec {
			return nil
		}
		if err := d.deleteEndpoint(ctx, e); err != nil {
			return err
		}
	}
	_, err := d.agent.PutEndpoint(ctx, e.Node, e.Interface, spec)
	if err == nil {
		d.inventory.setEndpoint(agent.EndpointState{Node: e.Node, Interface: e.Interface, EndpointSpec: spec})
	}
	return err
}

// deleteEndpoint takes the port away. The inventory forgets it first: whether
// the agent has it is not known when the request fails.
func (d *deployment) deleteEndpoint(ctx context.Context, e *topology.Endpoint) error {
	d.inventory.dropEndpoint(e.Node, e.Interface)
	return d.agent.DeleteEndpoint(ctx, e.Node, e.Interface)
}

// initOf returns the init that was found, or that the node's step has started.
func (d *deployment) initOf(node string) (state.PID, error) {
	pid, ok := d.pids.get(node)
	if !ok {
		return state.PID{}, fmt.Errorf("node %s: %w", node, state.ErrGone)
	}
	return pid, nil
}

func endpointSpec(e *topology.Endpoint) agent.EndpointSpec {
	return agent.EndpointSpec{
		Switch: e.Switch, Device: wiring.Device(e.Node, e.Interface),
		MTU: e.MTU, MAC: e.MAC, Rings: e.Rings, Slots: e.Slots,
	}
}
