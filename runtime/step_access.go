package runtime

import (
	"context"

	"github.com/valelab/valelab/topology"
)

// accessPart is the leave for a node's programs to open ports on a switch.
func (d *deployment) accessPart(a *topology.Access) part {
	return part{
		make: func(ctx context.Context) error {
			_, err := d.agent.PutAccess(ctx, a.Node, a.Switch)
			return err
		},
		unmake: func(ctx context.Context) error { return d.agent.DeleteAccess(ctx, a.Node, a.Switch) },
	}
}
