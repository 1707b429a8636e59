package runtime

import (
	"context"
	"errors"

	"github.com/valelab/valelab/runtime/agent"
	"github.com/valelab/valelab/runtime/executor"
	"github.com/valelab/valelab/runtime/state"
	"github.com/valelab/valelab/topology"
)

// nodeStep starts a node's init and lets the agent watch it. The node's
// command does not run yet.
func (d *deployment) nodeStep(n *topology.Node) executor.Step {
	started := false // by this step, so that undoing stops it
	s := executor.Step{
		Observe: func(context.Context) (string, error) { return d.observeNode(n) },
		Do: func(ctx context.Context) error {
			pid, ok := d.pids.get(n.Name)
			if !ok {
				var err error
				if pid, err = d.startNode(ctx, n); err != nil {
					return err
				}
				started = true
			}
			_, err := d.agent.PutNode(ctx, n.Name, nodeSpec(pid))
			return err
		},
		Undo: func(ctx context.Context) error {
			err := d.agent.DeleteNode(ctx, n.Name)
			if started {
				err = errors.Join(err, d.machine.StopNode(ctx, d.lab, n.Name))
			}
			return err
		},
	}
	if d.fresh {
		s.Observe = nil
	}
	return s
}

func (d *deployment) observeNode(n *topology.Node) (missing string, err error) {
	pid, err := d.machine.FindNode(d.lab, n.Name)
	if gone(err) {
		return "it does not run", nil
	}
	if err != nil {
		return "", err
	}
	d.pids.set(n.Name, pid)
	return unless(d.inventory.hasNode(n.Name, nodeSpec(pid)), "the agent does not watch it"), nil
}

// startNode starts the node's init, in place of one that has died.
func (d *deployment) startNode(ctx context.Context, n *topology.Node) (state.PID, error) {
	if !d.fresh {
		if err := d.clearNode(ctx, n); err != nil {
			return state.PID{}, err
		}
	}
	pid, note, err := d.machine.StartNode(ctx, d.lab, n)
	if err != nil {
		return state.PID{}, err
	}
	d.notes.add(note)
	d.pids.set(n.Name, pid)
	return pid, nil
}

// clearNode takes away what is left of a node that has died: its folders, and
// what the agent knew of it. The other ends of its interfaces went with it.
func (d *deployment) clearNode(ctx context.Context, n *topology.Node) error {
	for _, e := range d.endpointsOf(n.Name) {
		if err := d.agent.DeleteEndpoint(ctx, e.Node, e.Interface); err != nil {
			return err
		}
		d.inventory.dropEndpoint(e.Node, e.Interface)
	}
	return errors.Join(d.agent.DeleteNode(ctx, n.Name), d.machine.StopNode(ctx, d.lab, n.Name))
}

func nodeSpec(pid state.PID) agent.NodeSpec {
	return agent.NodeSpec{PID: pid.Number, StartTime: pid.Start}
}
