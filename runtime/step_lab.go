package runtime

import (
	"context"
	"errors"

	"github.com/valelab/valelab/runtime/executor"
	"github.com/valelab/valelab/runtime/state"
)

// labStep makes the lab's network namespace with its keeper and agent. To take
// back a fresh lab's is to take back everything in it, the way Destroy does;
// in a lab that ran before, every step undoes its own part.
func (d *deployment) labStep() executor.Step {
	s := executor.Step{Observe: d.observeLab, Do: d.doLab, Undo: d.undoLab}
	if d.fresh {
		s.Observe = nil
		s.Undo = func(ctx context.Context) error { return wipe(ctx, d.machine, d.lab) }
		s.Covers = true
	}
	return s
}

// observeLab looks at a lab that may run, and takes down what is there.
func (d *deployment) observeLab(ctx context.Context) (missing string, err error) {
	processes, err := d.machine.Processes(d.lab)
	if err != nil {
		return "", err
	}
	kept := false
	for _, p := range processes {
		kept = kept || p.Role == state.Keeper
	}
	if !kept {
		return "it has no keeper", nil
	}
	// A keeper is about to have a new agent when the old one has just died.
	inner, cancel := context.WithTimeout(ctx, agentPatience)
	defer cancel()
	err = state.Settle(inner, func() (bool, error) {
		_, err := d.agent.Version(inner)
		return err == nil, nil
	})
	if err != nil {
		return "its agent does not answer", ctx.Err()
	}
	have, err := d.agent.Lab(ctx)
	if err != nil {
		return "", err
	}
	d.inventory.fill(have)
	d.network, err = d.machine.Network(ctx, d.lab)
	return "", err
}

func (d *deployment) doLab(ctx context.Context) error {
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

// undoLab ends an agent that was started for a lab that ran before.
func (d *deployment) undoLab(ctx context.Context) error {
	var closing error
	if d.network != nil {
		closing = errors.Join(d.network.Clear(ctx), d.network.Close())
	}
	return errors.Join(closing, stopAgent(ctx, d.machine, d.lab))
}
