package runtime

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/hashicorp/go-multierror"

	"github.com/valelab/valelab/runtime/executor"
	"github.com/valelab/valelab/runtime/state"
	"github.com/valelab/valelab/topology"
)

// lockPatience is how long deploy and destroy wait for another one of the
// same lab to end.
const lockPatience = 3 * time.Second

// Deploy brings up the lab that plan describes, under the state folder root.
//
// A lab that runs from the same plan is looked over: what is missing or
// different is made anew, the rest is left. A lab that runs from another plan
// is refused with [ErrDiffers].
//
// When a step fails or ctx ends, Deploy takes back what it made before it
// returns an *[Error]: a lab that it began disappears without a trace, one
// that ran before keeps what it had. A Deploy that is killed leaves a lab that
// [Destroy] removes and another Deploy of the same plan completes.
func Deploy(ctx context.Context, root string, plan *topology.Plan, o Options) (*Report, error) {
	began := time.Now()
	if err := supported(plan); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	lab, err := labFolder(root, plan.Lab)
	if err != nil {
		return nil, err
	}
	lock, err := lab.Acquire(ctx, lockPatience)
	if err != nil {
		return nil, err
	}
	fresh, err := compare(o.Machine, lab, plan)
	if err == nil && fresh {
		err = writePlan(lab, plan)
	}
	if err != nil && fresh {
		return nil, errors.Join(err, lock.Remove())
	}
	if err != nil {
		lock.Unlock()
		return nil, err
	}

	d := newDeployment(o.Machine, lab, plan, fresh)
	defer d.close()
	result, err := executor.Run(ctx, d.steps(), executor.Config{Workers: o.Workers, Progress: o.Progress})
	if err != nil && fresh {
		err = forget(lock, err)
	} else {
		lock.Unlock()
	}
	if err != nil {
		return nil, err
	}
	return &Report{
		Lab: plan.Lab, Steps: len(plan.Steps), Changed: result.Done,
		Notes: d.notes.list(), Elapsed: time.Since(began),
	}, nil
}

// compare looks at the plan that the lab runs from, which must be this one. It
// reports whether the lab is a fresh one, of which nothing exists.
func compare(m Machine, lab state.Dir, plan *topology.Plan) (fresh bool, err error) {
	want, err := json.Marshal(plan)
	if err != nil {
		return false, fmt.Errorf("lab %s: %w", plan.Lab, err)
	}
	have, err := os.ReadFile(lab.Plan())
	switch {
	case errors.Is(err, os.ErrNotExist):
		if orphans, err := m.Processes(lab); err != nil {
			return true, err
		} else if len(orphans) > 0 {
			return true, &HintError{
				Err:  fmt.Errorf("lab %s: its folder is gone, but %d of its processes still run", plan.Lab, len(orphans)),
				Hint: "valelab destroy " + plan.Lab,
			}
		}
		return true, nil
	case err != nil:
		return false, fmt.Errorf("lab %s: %w", plan.Lab, err)
	case !bytes.Equal(have, want):
		return false, &HintError{
			Err:  fmt.Errorf("lab %s %w", plan.Lab, ErrDiffers),
			Hint: "valelab destroy " + plan.Lab + ", then deploy again",
		}
	}
	return false, nil
}

// writePlan writes the plan down in the lab's folder.
func writePlan(lab state.Dir, plan *topology.Plan) error {
	data, err := json.Marshal(plan)
	if err != nil {
		return fmt.Errorf("lab %s: %w", plan.Lab, err)
	}
	return state.WriteFile(lab.Plan(), data, 0o600)
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

// supported says whether this program can carry the plan out on any machine.
func supported(plan *topology.Plan) error {
	if plan.Netmap == topology.NetmapKernel {
		return &HintError{
			Err:  fmt.Errorf("lab %s: netmap: kernel %w", plan.Lab, ErrUnsupported),
			Hint: "write netmap: user, or leave it out",
		}
	}
	for i := range plan.Steps {
		if n := plan.Steps[i].Node; n != nil && n.Image != "" {
			return &HintError{
				Err:  fmt.Errorf("node %s: image %w", n.Name, ErrUnsupported),
				Hint: "leave image out: the node is then a process on the machine's own file system",
			}
		}
	}
	return nil
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
