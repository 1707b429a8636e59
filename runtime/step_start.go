package runtime

import (
	"context"
	"fmt"

	"github.com/valelab/valelab/runtime/executor"
	"github.com/valelab/valelab/topology"
)

// startStep lets a node's command start, once the nodes that it depends on have
// come to their conditions. A start can't be taken back; the node's own step
// takes back the node.
func (d *deployment) startStep(s *topology.Start) executor.Step {
	step := executor.Step{
		Wait: func(ctx context.Context) error { return d.awaitOthers(ctx, s) },
		Observe: func(context.Context) (string, error) {
			if _, runs := d.pids.get(s.Node); !runs {
				return "its node does not run", nil
			}
			waits, err := d.machine.Waits(d.lab, s.Node)
			return unless(!waits, "its command was never let go"), err
		},
		Do: func(context.Context) error { return d.machine.ReleaseNode(d.lab, s.Node) },
	}
	if d.fresh {
		step.Observe = nil
	}
	return step
}

// awaitOthers waits for what a node's command depends on. A node that has been
// let go already waits for nothing.
func (d *deployment) awaitOthers(ctx context.Context, s *topology.Start) error {
	if len(s.After) == 0 {
		return nil
	}
	if _, runs := d.pids.get(s.Node); runs && !d.fresh {
		if waits, err := d.machine.Waits(d.lab, s.Node); err != nil || !waits {
			return err
		}
	}
	for _, other := range s.After {
		if err := d.machine.AwaitNode(ctx, d.lab, other.Node, other.Condition); err != nil {
			if ctx.Err() != nil {
				return err
			}
			return fmt.Errorf("node %s waits for node %s to be %s: %w", s.Node, other.Node, other.Condition, err)
		}
	}
	return nil
}
