package runtime

import (
	"context"

	"github.com/valelab/valelab/topology"
)

// trunkPart is a link between two switches.
func (d *deployment) trunkPart(t *topology.Trunk) part {
	return part{
		make: func(ctx context.Context) error {
			_, err := d.agent.PutTrunk(ctx, t.A, t.B)
			return err
		},
		unmake: func(ctx context.Context) error { return d.agent.DeleteTrunk(ctx, t.A, t.B) },
	}
}
