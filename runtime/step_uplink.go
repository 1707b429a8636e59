package runtime

import (
	"context"
	"errors"

	"github.com/valelab/valelab/runtime/agent"
	"github.com/valelab/valelab/topology"
)

// uplinkPart is an interface of the machine that is a port of a switch.
func (d *deployment) uplinkPart(u *topology.Uplink) part {
	return part{
		make: func(ctx context.Context) error {
			if !d.fresh {
				if err := d.clearUplink(ctx, u); err != nil {
					return err
				}
			}
			onModule := d.plan.Netmap == topology.NetmapKernel
			if _, err := d.machine.TakeUplink(ctx, d.lab, u, onModule); err != nil {
				return err
			}
			spec := agent.UplinkSpec{Switch: u.Switch, Stack: onModule && u.Host == topology.HostKeep}
			_, err := d.agent.PutUplink(ctx, u.Interface, spec)
			return err
		},
		unmake: func(ctx context.Context) error {
			return errors.Join(d.agent.DeleteUplink(ctx, u.Interface), d.machine.GiveBackUplink(ctx, d.lab, u.Interface))
		},
	}
}

// clearUplink takes away what is another than planned. An interface that is
// kept or taken otherwise is first given back, to be found as it was at first.
func (d *deployment) clearUplink(ctx context.Context, u *topology.Uplink) error {
	if err := d.agent.DeleteUplink(ctx, u.Interface); err != nil {
		return err
	}
	have, err := d.lab.ReadIntent(u.Interface)
	if err == nil && have.Take != (u.Host == topology.HostTake) {
		return d.machine.GiveBackUplink(ctx, d.lab, u.Interface)
	}
	return nil // TakeUplink tells what is wrong with an intent
}
