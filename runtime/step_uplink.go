package runtime

import (
	"context"
	"errors"

	"github.com/valelab/valelab/runtime/agent"
	"github.com/valelab/valelab/runtime/executor"
	"github.com/valelab/valelab/topology"
)

// uplinkStep makes an interface of the machine a port of a switch.
func (d *deployment) uplinkStep(u *topology.Uplink) executor.Step {
	spec := agent.UplinkSpec{Switch: u.Switch}
	taken := false // by this step, so that undoing gives it back
	return executor.Step{
		Observe: func(ctx context.Context) (string, error) {
			have, ok := d.inventory.uplink(u.Interface)
			switch {
			case !ok:
				return "it is no port of a switch", nil
			case have.Fault != "":
				return have.Fault, nil
			case have.UplinkSpec != spec:
				return "it is another port than planned", nil
			}
			there, err := d.machine.HasUplink(ctx, d.lab, u)
			return unless(there, "the interface is not as it was made"), err
		},
		Do: func(ctx context.Context) error {
			have, ok := d.inventory.uplink(u.Interface)
			if ok && (have.UplinkSpec != spec || have.Fault != "") {
				if err := d.agent.DeleteUplink(ctx, u.Interface); err != nil {
					return err
				}
			}
			var err error
			if taken, err = d.machine.TakeUplink(ctx, d.lab, u); err != nil {
				return err
			}
			_, err = d.agent.PutUplink(ctx, u.Interface, spec)
			return err
		},
		Undo: func(ctx context.Context) error {
			err := d.agent.DeleteUplink(ctx, u.Interface)
			if taken {
				err = errors.Join(err, d.machine.GiveBackUplink(ctx, d.lab, u.Interface))
			}
			return err
		},
	}
}
