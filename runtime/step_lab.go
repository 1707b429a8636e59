package runtime

import (
	"context"
	"errors"
	"fmt"

	"github.com/valelab/valelab/runtime/agent"
	"github.com/valelab/valelab/runtime/state"
	"github.com/valelab/valelab/topology"
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
	onModule := d.plan.Netmap == topology.NetmapKernel
	if onModule {
		if err := d.machine.DropNetwork(ctx, d.lab); err != nil {
			return err // of an agent before, with what is on the module there
		}
		note, err := d.machine.Module().Prepare()
		if err != nil {
			return err
		}
		d.notes.add(note)
	}
	if err := d.machine.StartAgent(ctx, d.lab); err != nil {
		return err
	}
	var err error
	if d.network, err = d.machine.Network(ctx, d.lab); err != nil {
		return err
	}
	if onModule {
		if err := d.machine.HoldNetwork(ctx, d.lab); err != nil {
			return err
		}
	}
	return d.network.Quiet()
}

// unmakeLab leaves the agent that was started for a lab that ran before: it is
// what the lab needs. What an agent without a keeper had that is not in the new
// plan went with it.
func (d *deployment) unmakeLab(context.Context) error {
	if !d.orphan {
		return nil
	}
	return &HintError{
		Err:  fmt.Errorf("lab %s is not as before: links that were to change are gone", d.lab.Name()),
		Hint: "valelab deploy " + d.lab.Name(),
	}
}

// replaceAgent lets an agent of this build take over from the one that runs.
// Nodes and their programs carry on.
func (d *deployment) replaceAgent(ctx context.Context) error {
	err := ReplaceAgent(ctx, d.machine, d.lab, d.running.PID)
	if err == nil || ctx.Err() != nil {
		return err
	}
	return &HintError{Err: err, Hint: "valelab destroy " + d.lab.Name() + ", then deploy again"}
}

// ReplaceAgent lets an agent of this build take over a lab from the one that
// runs, process number before. Nodes and their programs carry on.
func ReplaceAgent(ctx context.Context, m Machine, lab state.Dir, before int) error {
	client := m.Agent(lab)
	defer client.Close()
	if err := client.Upgrade(ctx); err != nil {
		return fmt.Errorf("agent of lab %s is of another build and can't be replaced: %w", lab.Name(), err)
	}
	inner, cancel := context.WithTimeoutCause(ctx, agentPatience, errors.New("it does not answer"))
	defer cancel()
	build := ""
	err := state.Settle(inner, func() (bool, error) {
		version, err := client.Version(inner)
		if err != nil || version.PID == before {
			return false, nil
		}
		build = version.Build
		return true, nil
	})
	if err == nil && build != agent.Build() {
		err = errors.New("it does not live, and the one before carries on")
	}
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("new agent of lab %s: %w%s", lab.Name(), err, lastLines(lab.AgentLog()))
	}
	return err
}
