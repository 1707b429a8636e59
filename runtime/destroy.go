package runtime

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/go-multierror"

	"github.com/valelab/valelab/runtime/executor"
	"github.com/valelab/valelab/runtime/state"
)

// Destroy takes a lab down, whatever state it is in. It goes by marks and the
// state folder alone and needs neither lab file nor agent. A lab that is not
// there is no error: then the report says that nothing changed.
//
// Destroy carries on past errors and returns an *[Error] with all of them; what
// is left then keeps the lab's folder, and destroying again tries it again. An
// object without the lab's mark is never touched.
//
// The report counts the lab as one step.
func Destroy(ctx context.Context, root, name string, o Options) (*Report, error) {
	began := time.Now()
	o = o.withDefaults()
	lab, err := state.OpenLab(root, name)
	if err != nil {
		return nil, err
	}
	report := &Report{Lab: name, Steps: 1}
	if err := notPlugin(lab); err != nil {
		return nil, err
	}
	if there, err := exists(o.Machine, lab); err != nil || !there {
		report.Elapsed = time.Since(began)
		return report, errors.Join(err, lab.Root().Trim())
	}
	lock, err := lab.Acquire(ctx, lockPatience)
	if err != nil {
		return nil, err
	}
	_, err = executor.Run(ctx, []executor.Step{{
		ID: "lab",
		Do: func(ctx context.Context) error { return wipe(ctx, o.Machine, lab) },
	}}, executor.Config{Workers: 1, Progress: o.Progress})
	if err == nil {
		err = lock.Remove()
	} else {
		lock.Unlock()
	}
	if err != nil {
		return nil, err
	}
	report.Changed = 1
	report.Elapsed = time.Since(began)
	return report, nil
}

// exists says whether anything of the lab is left: its folder, or containers and
// processes that outlived it.
func exists(m Machine, lab state.Dir) (bool, error) {
	if there, err := lab.Exists(); there || err != nil {
		return there, err
	}
	if has, err := m.HasContainers(lab); has || err != nil {
		return has, err
	}
	processes, err := m.Processes(lab)
	return len(processes) > 0, err
}

// Bounds of the parts of a wipe. Each is far above what a lab of thousands of
// nodes needs; they keep a destroy from hanging on a broken machine.
const (
	shutdownPatience = 30 * time.Second
	killPatience     = 60 * time.Second
	killRounds       = 8
)

// wipe takes away everything of a lab but its folder, which the caller has
// locked, and the containers of nodes to be kept. It returns everything that
// went wrong.
func wipe(ctx context.Context, m Machine, lab state.Dir, keep ...string) error {
	var left *multierror.Error
	note := func(err error) {
		if err != nil {
			left = multierror.Append(left, err)
		}
	}

	// The namespace is opened while somebody still holds it. Without it its
	// devices are gone, or go with its last process.
	network, err := m.Network(ctx, lab)
	if err != nil && !errors.Is(err, state.ErrGone) {
		note(err)
	}
	// Nothing that goes may be on netmap's module: neither the devices of nodes nor
	// the cable of an uplink, whose other end is on a switch in the machine's namespace.
	note(m.DetachUplinks(ctx, lab))
	if network != nil {
		note(network.Detach(ctx))
	} else {
		note(m.DropNetwork(ctx, lab))
	}
	// The engine takes its time, whatever is done meanwhile.
	containers := make(chan error, 1)
	go func() { containers <- m.RemoveContainers(ctx, lab, keep) }()
	// Nodes go first: a program that still sends would only slow the rest.
	note(killAll(ctx, m, lab, state.Init, state.Exec))
	if network != nil {
		note(network.Clear(ctx))
		note(network.Close())
	}
	note(stopAgent(ctx, m, lab))
	note(m.DropNetwork(ctx, lab))
	note(<-containers)
	note(killAll(ctx, m, lab, state.Init, state.Exec)) // those that were just being born

	intents, err := lab.ReadIntents()
	note(err)
	for _, intent := range intents {
		note(m.GiveBackUplink(ctx, lab, intent.Interface))
	}
	note(m.FreeUplinks(ctx, lab)) // of a lab whose folder was removed
	note(m.RemoveGroups(ctx, lab))
	return left.ErrorOrNil()
}

// StopAgent ends the keeper and the agent of a lab, if there are any, and with
// them its namespace and all that is in there.
func StopAgent(ctx context.Context, m Machine, lab state.Dir) error { return stopAgent(ctx, m, lab) }

// stopAgent ends the keeper, and with it the agent. Asked to, the keeper closes
// the packet sockets of all ports side by side, which takes the kernel a
// moment each; one that does not end is killed.
func stopAgent(ctx context.Context, m Machine, lab state.Dir) error {
	processes, err := withRole(m, lab, state.Keeper)
	if err != nil {
		return err
	}
	patient, cancel := context.WithTimeout(ctx, shutdownPatience)
	defer cancel()
	_ = m.Terminate(patient, processes) // who is left, killAll finds
	return killAll(ctx, m, lab, state.Keeper, state.Agent)
}

// withRole returns the lab's processes that have one of the roles.
func withRole(m Machine, lab state.Dir, roles ...state.Role) ([]state.Process, error) {
	all, err := m.Processes(lab)
	return slices.DeleteFunc(all, func(p state.Process) bool { return !slices.Contains(roles, p.Role) }), err
}

// killAll kills the lab's processes of the given roles and waits for their
// end, again until a search finds none: a process that was being born during
// one search is found by the next.
func killAll(ctx context.Context, m Machine, lab state.Dir, roles ...state.Role) error {
	ctx, cancel := context.WithTimeout(ctx, killPatience)
	defer cancel()
	for range killRounds {
		found, err := withRole(m, lab, roles...)
		if err != nil || len(found) == 0 {
			return err
		}
		if err := m.Kill(ctx, found); err != nil {
			return err
		}
	}
	return fmt.Errorf("lab %s: new processes keep appearing", lab.Name())
}
