package runtime

import (
	"context"

	"github.com/valelab/valelab/runtime/executor"
	"github.com/valelab/valelab/topology"
)

// startStep lets a node's command start. A start can't be taken back; the
// node's own step takes back the node.
func (d *deployment) startStep(s *topology.Start) executor.Step {
	step := executor.Step{
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
