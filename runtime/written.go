package runtime

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"

	"github.com/valelab/valelab/runtime/state"
	"github.com/valelab/valelab/topology"
)

// What a lab's folder says of plans, and when it is written:
//
//	boot       the machine's boot in which the lab was begun: first of all
//	plan.json  the plan of the last deploy that succeeded; a new lab's plan,
//	           before anything of it is made
//	next.json  a list of the plans that deploys have begun since: each adds its
//	           own before its first change. Success makes the plan plan.json,
//	           then removes the list; who could take back all that he did puts
//	           the list back as it was
//
// A deploy may be killed between any two of these. So nothing concludes from
// them that something exists: deploy looks for everything by its marks, and
// destroy reads none of them. They tell what one can't see: the plan that
// `deploy NAME` means, what to go back to, and which addresses of an interface
// were a plan's, and not set by somebody in the node.
type written struct {
	plan *topology.Plan // plan.json; nil: there is none
	next []*topology.Plan
}

// readWritten reads it. Plans that make no sense are an error: destroy does
// without them.
func readWritten(lab state.Dir) (*written, error) {
	w := &written{}
	var err error
	w.plan, err = readPlan(lab)
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(lab.Next())
	if errors.Is(err, fs.ErrNotExist) {
		return w, nil
	}
	if err != nil {
		return nil, fmt.Errorf("lab %s: %w", lab.Name(), err)
	}
	var list []json.RawMessage
	err = json.Unmarshal(data, &list)
	for i := 0; err == nil && i < len(list); i++ {
		var p *topology.Plan
		if p, err = topology.ParsePlan(list[i]); err == nil {
			w.next = append(w.next, p)
		}
	}
	if err != nil {
		return nil, &HintError{
			Err:  fmt.Errorf("lab %s: plans of deploys that did not end: %w", lab.Name(), err),
			Hint: "valelab destroy " + lab.Name(),
		}
	}
	return w, nil
}

// begin writes down that a deploy of the plan is about to change the lab.
func (w *written) begin(lab state.Dir, plan *topology.Plan) error {
	if n := len(w.next); n > 0 && reflect.DeepEqual(w.next[n-1], plan) {
		return nil // the last one that was cut off
	}
	return writeNext(lab, append(w.next[:len(w.next):len(w.next)], plan))
}

// done writes down that the lab is as the plan says.
func (w *written) done(lab state.Dir, plan *topology.Plan) error {
	err := writePlan(lab, plan)
	if err == nil {
		err = writeNext(lab, nil)
	}
	if err != nil {
		return fmt.Errorf("lab %s is as it should be, but that could not be written down: %w", lab.Name(), err)
	}
	return nil
}

// has says whether the lab was to have this very step before.
func (w *written) has(step *topology.Step) bool {
	if w.plan == nil {
		return false
	}
	for i := range w.plan.Steps {
		if p := &w.plan.Steps[i]; p.ID == step.ID {
			return reflect.DeepEqual(p, step)
		}
	}
	return false
}

// takenBack writes down that the lab is as it was at first.
func (w *written) takenBack(lab state.Dir) error { return writeNext(lab, w.next) }

// addresses returns all that any of the plans, or the one given, gives each
// endpoint, by the ID of its step.
func (w *written) addresses(plan *topology.Plan) map[string][]string {
	all := make(map[string][]string)
	for _, p := range append(w.next[:len(w.next):len(w.next)], w.plan, plan) {
		if p == nil {
			continue
		}
		for i := range p.Steps {
			if e := p.Steps[i].Endpoint; e != nil {
				all[p.Steps[i].ID] = append(append(all[p.Steps[i].ID], e.IPv4...), e.IPv6...)
			}
		}
	}
	return all
}

// writePlan writes the plan down in the lab's folder.
func writePlan(lab state.Dir, plan *topology.Plan) error {
	data, err := json.Marshal(plan)
	if err != nil {
		return fmt.Errorf("lab %s: %w", plan.Lab, err)
	}
	return state.WriteFile(lab.Plan(), data, 0o600)
}

func writeNext(lab state.Dir, plans []*topology.Plan) error {
	if len(plans) == 0 {
		if err := os.Remove(lab.Next()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("lab %s: %w", lab.Name(), err)
		}
		return nil
	}
	data, err := json.Marshal(plans)
	if err != nil {
		return fmt.Errorf("lab %s: %w", lab.Name(), err)
	}
	return state.WriteFile(lab.Next(), data, 0o600)
}

// stale says whether the lab was begun before the machine's last start: then
// nothing that is written down about it is true any more.
func stale(lab state.Dir) (bool, error) {
	then, err := os.ReadFile(lab.Boot())
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("lab %s: %w", lab.Name(), err)
	}
	now, err := state.BootID()
	return string(then) != now, err
}

// Stale says whether a lab was begun before the machine's last start: then
// nothing that is written down about it is true any more.
func Stale(lab state.Dir) (bool, error) { return stale(lab) }

// WriteBoot writes down that a lab is of this boot.
func WriteBoot(lab state.Dir) error { return writeBoot(lab) }

// writeBoot writes down that the lab is of this boot.
func writeBoot(lab state.Dir) error {
	now, err := state.BootID()
	if err != nil {
		return err
	}
	return state.WriteFile(lab.Boot(), []byte(now), 0o600)
}
