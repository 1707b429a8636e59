package runtime

import (
	"context"
	"errors"
)

// labPart is the lab's network namespace with its keeper and agent.
func (d *deployment) labPart() part { return part{make: d.makeLab, unmake: d.unmakeLab} }

func (d *deployment) makeLab(ctx context.Context) error {
	if !d.fresh {
		// What is left of an agent that does not work is in the way.
		if err := stopAgent(ctx, d.machine, d.lab); err != nil {
			return err
		}
	}
	if err := d.machine.StartAgent(ctx, d.lab); err != nil {
		return err
	}
	var err error
	if d.network, err = d.machine.Network(ctx, d.lab); err != nil {
		return err
	}
	return d.network.Quiet()
}

// unmakeLab ends an agent that was started for a lab that ran before.
func (d *deployment) unmakeLab(ctx context.Context) error {
	var closing error
	if d.network != nil {
		closing = errors.Join(d.network.Clear(ctx), d.network.Close())
	}
	return errors.Join(closing, stopAgent(ctx, d.machine, d.lab))
}
