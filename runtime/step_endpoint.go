package runtime

import (
	"context"
	"errors"
	"fmt"

	"github.com/valelab/valelab/runtime/agent"
	"github.com/valelab/valelab/runtime/executor"
	"github.com/valelab/valelab/runtime/state"
	"github.com/valelab/valelab/topology"
)

// endpointStep makes an interface of a node, and it a port of a switch.
func (d *deployment) endpointStep(e *topology.Endpoint) executor.Step {
	made := false // by this step, so that undoing removes it
	s := executor.Step{
		Observe: func(ctx context.Context) (string, error) { return d.observeEndpoint(ctx, e) },
		Do: func(ctx context.Context) error {
			pid, err := d.initOf(e.Node)
			if err != nil {
				return err
			}
			if made, err = d.network.AddEndpoint(ctx, e, pid); err != nil {
				return err
			}
			return d.putEndpoint(ctx, e, made)
		},
		Undo: func(ctx context.Context) error {
			err := d.agent.DeleteEndpoint(ctx, e.Node, e.Interface)
			if made {
				err = errors.Join(err, d.network.RemoveEndpoint(ctx, e))
			}
			return err
		},
	}
	if d.fresh {
		s.Observe = nil
	}
	return s
}

func (d *deployment) observeEndpoint(ctx context.Context, e *topology.Endpoint) (missing string, err error) {
	pid, runs := d.pids.get(e.Node)
	have, ok := d.inventory.endpoint(e.Node, e.Interface)
	switch {
	case !runs:
		return "its node does not run", nil
	case !ok:
		return "it is no port of a switch", nil
	case have.EndpointSpec != endpointSpec(e):
		return "it is another port than planned", nil
	}
	there, err := d.network.HasEndpoint(ctx, e, pid)
	return unless(there, "its device is gone or was changed"), err
}

// putEndpoint makes the interface a port; fresh says that its device is a new
// one. A port holds on to its device, not to its name: one whose device was
// made anew has to be a new port.
func (d *deployment) putEndpoint(ctx context.Context, e *topology.Endpoint, fresh bool) error {
	spec := endpointSpec(e)
	if have, ok := d.inventory.endpoint(e.Node, e.Interface); ok && (fresh || have.EndpointSpec != spec) {
		if err := d.agent.DeleteEndpoint(ctx, e.Node, e.Interface); err != nil {
			return err
		}
	}
	_, err := d.agent.PutEndpoint(ctx, e.Node, e.Interface, spec)
	return err
}

// initOf returns the init that the node's step has found or started.
func (d *deployment) initOf(node string) (state.PID, error) {
	pid, ok := d.pids.get(node)
	if !ok {
		return state.PID{}, fmt.Errorf("node %s: %w", node, state.ErrGone)
	}
	return pid, nil
}

func endpointSpec(e *topology.Endpoint) agent.EndpointSpec {
	return agent.EndpointSpec{
		Switch: e.Switch, Device: deviceName(e.Node, e.Interface),
		MTU: e.MTU, MAC: e.MAC, Rings: e.Rings, Slots: e.Slots,
	}
}
