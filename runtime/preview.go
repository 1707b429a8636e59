package runtime

import (
	"context"

	"github.com/valelab/valelab/topology"
)

// Outlook is what a deploy would do.
type Outlook struct {
	Lab     string        `json:"lab"`
	Exists  bool          `json:"exists"`  // the lab runs, at least in part
	Steps   int           `json:"steps"`   // steps that the plan has
	Missing []MissingStep `json:"missing"` // those to be done, in the plan's order
}

// MissingStep is a step that a deploy would do.
type MissingStep struct {
	Step string `json:"step"`
	Why  string `json:"why"` // in a few words
}

// Preview says what [Deploy] of the same plan would do now, and fails where
// Deploy would refuse the plan. It takes no lock and changes nothing.
func Preview(ctx context.Context, root string, plan *topology.Plan, o Options) (*Outlook, error) {
	if err := supported(plan); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	lab, err := labFolder(root, plan.Lab)
	if err != nil {
		return nil, err
	}
	if _, err := lab.Exists(); err != nil {
		return nil, err
	}
	fresh, err := compare(o.Machine, lab, plan)
	if err != nil {
		return nil, err
	}
	d := newDeployment(o.Machine, lab, plan, fresh)
	defer d.close()
	out := &Outlook{Lab: plan.Lab, Exists: !fresh, Steps: len(plan.Steps), Missing: []MissingStep{}}
	for _, s := range d.steps() {
		why := "the lab does not run"
		if !fresh {
			if why, err = s.Observe(ctx); err != nil {
				return nil, err
			}
		}
		if why != "" {
			out.Missing = append(out.Missing, MissingStep{Step: s.ID, Why: why})
		}
	}
	return out, nil
}
