package runtime

import (
	"context"

	"github.com/valelab/valelab/runtime/executor"
	"github.com/valelab/valelab/topology"
)

// trunkStep links two switches.
func (d *deployment) trunkStep(t *topology.Trunk) executor.Step {
	return executor.Step{
		Observe: func(context.Context) (string, error) {
			return unless(d.inventory.hasTrunk(t.A, t.B), "the agent does not have it"), nil
		},
		Do: func(ctx context.Context) error {
			_, err := d.agent.PutTrunk(ctx, t.A, t.B)
			return err
		},
		Undo: func(ctx context.Context) error { return d.agent.DeleteTrunk(ctx, t.A, t.B) },
	}
}
