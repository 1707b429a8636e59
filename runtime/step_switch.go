package runtime

import (
	"context"

	"github.com/valelab/valelab/runtime/agent"
	"github.com/valelab/valelab/topology"
)

// switchPart is a switch, or the wire of a node-to-node link.
func (d *deployment) switchPart(s *topology.Switch) part {
	return part{
		make: func(ctx context.Context) error {
			_, err := d.agent.PutSwitch(ctx, s.Name, agent.SwitchSpec{Wire: s.Wire, Kernel: d.plan.Netmap == topology.NetmapKernel})
			return err
		},
		unmake: func(ctx context.Context) error { return d.agent.DeleteSwitch(ctx, s.Name) },
	}
}
