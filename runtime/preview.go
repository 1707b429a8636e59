package runtime

import (
	"context"

	"github.com/valelab/valelab/runtime/state"
	"github.com/valelab/valelab/topology"
)

// Outlook is what a deploy would do.
type Outlook struct {
	Lab     string    `json:"lab"`
	Exists  bool      `json:"exists"`  // the lab runs, at least in part
	Steps   int       `json:"steps"`   // steps that the plan has
	Changes []Change  `json:"changes"` // what is to be done: first what goes, then the rest in the plan's order
	Touched []Touched `json:"touched"` // nodes of a lab that runs whose traffic is touched, by name
}

// Change is one thing that a deploy would do.
type Change struct {
	Step   string `json:"step"`
	Action string `json:"action"` // "make", "change" in place, or "remove"
	Why    string `json:"why"`    // in a few words
}

// Touched is a node whose traffic a deploy would touch.
type Touched struct {
	Node string   `json:"node"`
	How  []string `json:"how"` // each in a few words
}

// Preview says what [Deploy] of the same plan would do now, and fails where
// Deploy would refuse the plan. It takes no lock and changes nothing.
func Preview(ctx context.Context, root string, plan *topology.Plan, o Options) (*Outlook, error) {
	o = o.withDefaults()
	if err := o.Machine.Ready(ctx, plan); err != nil {
		return nil, err
	}
	lab, err := state.OpenLab(root, plan.Lab)
	if err != nil {
		return nil, err
	}
	if _, err := lab.Exists(); err != nil {
		return nil, err
	}
	out := &Outlook{Lab: plan.Lab, Steps: len(plan.Steps), Changes: []Change{}, Touched: []Touched{}}
	old, err := stale(lab)
	if err != nil {
		return nil, err
	}
	if old {
		if plan, _, err = resolve(o.Machine.Module(), lab, plan, nil); err != nil {
			return nil, err
		}
		out.all(plan, "the machine has started anew since")
		return out, nil
	}
	w, err := readWritten(lab)
	if err == nil {
		plan, _, err = resolve(o.Machine.Module(), lab, plan, w.plan)
	}
	if err != nil {
		return nil, err
	}
	if w.plan == nil {
		out.all(plan, "the lab does not run")
		return out, noOrphans(o.Machine, lab)
	}
	out.Exists = true
	d := newDeployment(o, lab, plan, w)
	defer d.close()
	s, err := d.survey(ctx)
	if err != nil {
		return nil, err
	}
	changes := d.compare(s)
	for _, c := range changes {
		out.Changes = append(out.Changes, Change{Step: c.id, Action: string(c.action), Why: c.why})
	}
	out.Touched = d.touched(s, changes)
	return out, nil
}

// all says that the whole plan is to be made.
func (o *Outlook) all(plan *topology.Plan, why string) {
	for i := range plan.Steps {
		o.Changes = append(o.Changes, Change{Step: plan.Steps[i].ID, Action: string(actMake), Why: why})
	}
}
