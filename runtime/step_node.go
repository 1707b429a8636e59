package runtime

import (
	"context"
	"errors"

	"github.com/valelab/valelab/runtime/agent"
	"github.com/valelab/valelab/runtime/node"
	"github.com/valelab/valelab/runtime/state"
	"github.com/valelab/valelab/topology"
)

// nodePart is a node's init, and that the agent watches it. Starting the
// node's command is a part of its own.
func (d *deployment) nodePart(n *topology.Node) part {
	return part{
		make: func(ctx context.Context) error {
			pid, runs := d.pids.get(n.Name)
			var err error
			if runs {
				err = d.updateNode(ctx, n)
			} else {
				pid, err = d.startNode(ctx, n)
			}
			if err != nil {
				return err
			}
			_, err = d.agent.PutNode(ctx, n.Name, nodeSpec(pid))
			return err
		},
		unmake: func(ctx context.Context) error { return d.clearNode(ctx, n.Name) },
	}
}

// startNode starts the node's init, in place of one that has died, and writes
// down what it was made from.
func (d *deployment) startNode(ctx context.Context, n *topology.Node) (state.PID, error) {
	if !d.fresh {
		if err := d.clearNode(ctx, n.Name); err != nil {
			return state.PID{}, err
		}
	}
	pid, note, err := d.machine.StartNode(ctx, d.lab, n)
	if err != nil {
		return state.PID{}, err
	}
	d.notes.add(note)
	d.pids.set(n.Name, pid)
	return pid, d.writeMade(n, false)
}

// updateNode changes what can be changed in place, if that is needed.
func (d *deployment) updateNode(ctx context.Context, n *topology.Node) error {
	was, cutOff, err := d.readMade(n.Name)
	if err != nil || was == nil {
		return err
	}
	if light, _ := nodeChange(was, n); len(light) == 0 && !cutOff {
		return nil
	}
	if err := d.writeMade(was, true); err != nil {
		return err
	}
	note, err := d.machine.UpdateNode(ctx, d.lab, n)
	if err != nil {
		return err
	}
	d.notes.add(note)
	return d.writeMade(n, false)
}

// clearNode takes away what is left of a node that has died: its folders, and
// what the agent knew of it. The other ends of its interfaces went with it.
func (d *deployment) clearNode(ctx context.Context, name string) error {
	for _, e := range d.inventory.endpointsOf(name) {
		if err := d.deleteEndpoint(ctx, &topology.Endpoint{Node: name, Interface: e}); err != nil {
			return err
		}
	}
	return d.stopNode(ctx, name)
}

// stopNode ends a node of which the agent has no endpoints any more.
func (d *deployment) stopNode(ctx context.Context, name string) error {
	err := d.agent.DeleteNode(ctx, name)
	if ctx.Err() != nil {
		return err // the node still runs
	}
	// From here on it does not, as far as anybody may count on it.
	d.pids.drop(name)
	return errors.Join(err, forgetMade(d.lab, name), d.machine.StopNode(ctx, d.lab, name))
}

func nodeSpec(pid state.PID) agent.NodeSpec {
	return agent.NodeSpec{PID: pid.Number, StartTime: pid.Start}
}

// finished says whether a node is a container that has done its work: its
// command has ended well and is not to be started again. (A process node's init
// stays when that happens.) There is nothing to heal about it, unless it is to
// be another one now.
func (c *comparison) finished(n *topology.Node, t *thing) bool {
	if n.Image == "" || n.Restart.Name == topology.RestartAlways || n.Restart.Name == topology.RestartUnlessStopped || t == nil {
		return false
	}
	if light, heavy := nodeChange(t.step.Node, n); len(light)+len(heavy) > 0 {
		return false
	}
	status, err := c.machine.NodeStatus(c.lab, n.Name)
	return err == nil && status.State == node.Exited && status.ExitCode == 0 && status.Signal == 0
}
