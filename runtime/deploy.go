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
	"github.com/valelab/valelab/topology"
)

// lockPatience is how long deploy and destroy wait for another one of the
// same lab to end.
const lockPatience = 3 * time.Second

// Deploy brings up the lab that plan describes, under the state folder root, or
// changes the one that runs to match it.
//
// Of a lab that runs, everything is looked at: what is missing or different is
// made, changed in place or recreated, what the plan does not have is removed,
// the rest is left. Nodes that are not concerned keep their processes.
//
// When a step fails or ctx ends, Deploy takes back what it did before it
// returns an *[Error]: a lab that it began disappears without a trace, one
// that ran before is as it was, save that a node that was recreated is a new
// process with the old settings, and that programs lost ports that had to be
// opened anew. The error's Left names what is not as before, and the notes of
// the report, which then comes beside the error, what such programs were.
// A Deploy that is killed leaves a lab that [Destroy] removes and that another
// Deploy, of the old plan or any other, makes what that plan says.
func Deploy(ctx context.Context, root string, plan *topology.Plan, o Options) (*Report, error) {
	began := time.Now()
	o = o.withDefaults()
	if err := o.Machine.Ready(ctx, plan); err != nil {
		return nil, err
	}
	lab, err := state.OpenLab(root, plan.Lab)
	if err != nil {
		return nil, err
	}
	if err := notPlugin(lab); err != nil {
		return nil, err
	}
	lock, err := lab.Acquire(ctx, lockPatience)
	if err != nil {
		return nil, err
	}
	if err := clearStale(ctx, o.Machine, lab, lock, plan); err != nil {
		lock.Unlock()
		return nil, err
	}
	warnings, said := deviceWarnings(plan), []string(nil)
	w, err := readWritten(lab)
	if err == nil {
		plan, said, err = resolve(o.Machine.Module(), lab, plan, w.plan)
	}
	said = append(said, warnings...)
	if err != nil && (w == nil || w.plan == nil) {
		return nil, discard(lock, err)
	}
	if err == nil && w.plan == nil {
		report, err := deployFresh(ctx, o, lab, lock, plan, began)
		return report.with(said), err
	}
	defer lock.Unlock()
	if err != nil {
		return nil, err
	}
	for left := retries; ; left-- {
		report, err := deployChanges(ctx, o, lab, plan, w, began)
		report = report.with(said)
		if left == 0 || ctx.Err() != nil || !gone(err) {
			return report, err
		}
		// A node ended in the midst of it: the agent or the engine may be starting
		// it again just now. What that has become is to be looked at anew.
		time.Sleep(retryPause)
	}
}

// discard gives up the folder of a lab of which nothing was made. The error is
// left as it is, a list if it is one.
func discard(lock *state.Lock, err error) error {
	if derr := lock.Discard(); derr != nil {
		return multierror.Append(err, derr)
	}
	return err
}

// with adds notes to a report, if there is one.
func (r *Report) with(notes []string) *Report {
	if r != nil && len(notes) > 0 {
		r.Notes = append(slices.Clone(notes), r.Notes...)
	}
	return r
}

// A deploy on a lab that runs is tried so many times more when one of its nodes
// ends meanwhile, after a pause that a restart takes.
const (
	retries    = 3
	retryPause = 300 * time.Millisecond
)

// deployChanges changes a lab of which something exists.
func deployChanges(ctx context.Context, o Options, lab state.Dir, plan *topology.Plan, w *written, began time.Time) (*Report, error) {
	d := newDeployment(o, lab, plan, w)
	defer d.close()
	result, err := d.change(ctx, o)
	return d.report(result, began), err
}

// deployFresh makes a lab of which nothing exists.
func deployFresh(ctx context.Context, o Options, lab state.Dir, lock *state.Lock, plan *topology.Plan, began time.Time) (*Report, error) {
	err := noOrphans(o.Machine, lab)
	if err == nil {
		err = dropContainers(ctx, o.Machine, lab, plan)
	}
	if err == nil {
		err = errors.Join(writeBoot(lab), writePlan(lab, plan))
	}
	if err != nil {
		return nil, errors.Join(err, lock.Discard()) // what else is in the folder may be all that destroy has to go by
	}
	d := newDeployment(o, lab, plan, &written{})
	defer d.close()
	result, err := executor.Run(ctx, d.freshSteps(), executor.Config{Workers: o.Workers, Progress: o.Progress})
	if err != nil {
		return nil, forget(lock, err)
	}
	lock.Unlock()
	return d.report(result, began), nil
}

// change makes a lab that runs what the plan says.
func (d *deployment) change(ctx context.Context, o Options) (executor.Result, error) {
	s, err := d.survey(ctx)
	if err != nil {
		return executor.Result{}, err
	}
	if d.network != nil {
		if err := d.network.Sweep(ctx); err != nil {
			return executor.Result{}, err
		}
	}
	changes := d.compare(s)
	if len(changes) > 0 {
		if err := d.written.begin(d.lab, d.plan); err != nil {
			return executor.Result{}, err
		}
	}
	result, err := executor.Run(ctx, d.graph(changes), executor.Config{Workers: o.Workers, Progress: o.Progress})
	var failed *Error
	if errors.As(err, &failed) {
		for _, note := range aftermath(changes, failed.Undone) {
			d.notes.add(note)
		}
	}
	switch {
	case err == nil:
		err = d.written.done(d.lab, d.plan)
	case failed != nil && failed.Left == nil:
		if werr := d.written.takenBack(d.lab); werr != nil {
			err = multierror.Append(err, werr)
		}
	}
	return result, err
}

func (d *deployment) report(result executor.Result, began time.Time) *Report {
	return &Report{
		Lab: d.plan.Lab, Steps: len(d.plan.Steps), Existed: !d.fresh, Changed: result.Done,
		Notes: d.notes.list(), Elapsed: time.Since(began),
	}
}

// clearStale takes away a lab that was begun before the machine's last start.
// Its processes and devices went with that; what is written down about them
// could be true of others now. Its containers are still there, some started by
// the engine: StartNode takes those of the plan over.
func clearStale(ctx context.Context, m Machine, lab state.Dir, lock *state.Lock, plan *topology.Plan) error {
	if old, err := stale(lab); err != nil || !old {
		return err
	}
	if err := wipe(ctx, m, lab, containers(plan)...); err != nil {
		return err
	}
	return lock.Clear()
}

// dropContainers removes those containers of a lab that is new on this boot which
// its plan does not have.
func dropContainers(ctx context.Context, m Machine, lab state.Dir, plan *topology.Plan) error {
	if has, err := m.HasContainers(lab); err != nil || !has {
		return err
	}
	return m.RemoveContainers(ctx, lab, containers(plan))
}

// notPlugin refuses a lab that is one of the Docker plugin's.
func notPlugin(lab state.Dir) error {
	if plugin, err := lab.IsPlugin(); err != nil || !plugin {
		return err
	}
	return &HintError{
		Err:  fmt.Errorf("lab %s is that of the networks of the Docker plugin %s", lab.Name(), lab.Name()),
		Hint: "docker network ls --filter driver=" + lab.Name() + "; valelab plugin gc --name " + lab.Name(),
	}
}

// containers returns the names of the plan's nodes that are containers.
func containers(plan *topology.Plan) []string {
	var names []string
	for i := range plan.Steps {
		if n := plan.Steps[i].Node; n != nil && n.Image != "" {
			names = append(names, n.Name)
		}
	}
	return names
}

// noOrphans refuses a lab whose folder, or the plan in it, was removed by hand.
func noOrphans(m Machine, lab state.Dir) error {
	orphans, err := m.Processes(lab)
	if err != nil || len(orphans) == 0 {
		return err
	}
	return &HintError{
		Err:  fmt.Errorf("lab %s: its plan is gone, but %d of its processes still run", lab.Name(), len(orphans)),
		Hint: "valelab destroy " + lab.Name(),
	}
}

// forget removes the folder of a lab that could not be deployed. A lab of
// which something is left keeps its folder, for Destroy.
func forget(lock *state.Lock, err error) error {
	var failed *executor.Error
	if errors.As(err, &failed) && failed.Left != nil {
		lock.Unlock()
		return err
	}
	if rerr := lock.Remove(); rerr != nil {
		return multierror.Append(err, rerr)
	}
	return err
}

func (o Options) withDefaults() Options {
	if o.Workers <= 0 {
		o.Workers = DefaultWorkers
	}
	if o.Machine == nil {
		o.Machine = Local()
	}
	return o
}
