package runtime

import (
	"context"

	"github.com/valelab/valelab/runtime/agent"
	"github.com/valelab/valelab/runtime/executor"
	"github.com/valelab/valelab/topology"
)

// switchStep makes a switch, or the wire of a node-to-node link.
func (d *deployment) switchStep(s *topology.Switch) executor.Step {
	spec := agent.SwitchSpec{Wire: s.Wire}
	return executor.Step{
		Observe: func(context.Context) (string, error) {
			have, ok := d.inventory.vale(s.Name)
			return unless(ok && have.SwitchSpec == spec, "the agent does not have it"), nil
		},
		Do: func(ctx context.Context) error {
			_, err := d.agent.PutSwitch(ctx, s.Name, spec)
			return err
		},
		Undo: func(ctx context.Context) error { return d.agent.DeleteSwitch(ctx, s.Name) },
	}
}
