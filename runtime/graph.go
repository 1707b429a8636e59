package runtime

import (
	"context"
	"fmt"

	"github.com/valelab/valelab/runtime/executor"
	"github.com/valelab/valelab/topology"
)

// part is how one step of a plan comes into being, and goes.
type part struct {
	// make brings it into being, whatever there is of it: it completes what is
	// there in part and changes what is other. Twice is fine.
	make func(context.Context) error
	// wait, if there is one, returns when the part may be made.
	wait func(context.Context) error
	// unmake takes away what there is of it. Twice is fine. Nil: it goes with
	// something else.
	unmake func(context.Context) error
}

// gate is the step that stands for all that must be out of the way before
// anything new is made: names, addresses and places of what is gone, trunks
// that would close a loop.
const gate = "what goes"

// graph returns the steps of a deploy on a lab of which there is something.
// The steps of the plan are all in it, since they hold each other's places in
// the order; those with nothing to do are present.
//
//	lab ─▶ remove start ─▶ remove endpoint ─▶ remove node ─┐
//	   └─▶ remove trunk, uplink ───────────────────────────┴▶ gate ─▶ switch, node ─▶ ...
//	                                 gate, what moves off it ─▶ remove switch
//
// Each step undoes by doing the opposite: what was made is unmade, what was
// removed is made again, what was changed is changed back. So a failed deploy
// goes all the way back through states that are as good as those on the way
// there. What was missing of the lab as it was to be before is not unmade.
func (d *deployment) graph(changes []*change) []executor.Step {
	todo := make(map[string]*change)
	var steps []executor.Step
	through := []string{string(topology.KindLab)} // what the gate waits for
	left := make(map[string][]string)             // what moves off a switch
	of := make(map[string][]*change)              // what goes with a node
	for _, c := range changes {
		switch {
		case c.action != actRemove:
			todo[c.id] = c
			if from := portOf(c.old); from != "" {
				left[from] = append(left[from], c.id)
			}
		case c.old.Switch == nil:
			through = append(through, removal(c.id))
			of[nodeOf(c.old)] = append(of[nodeOf(c.old)], c)
		}
	}
	for _, c := range changes {
		if c.action == actRemove {
			s := d.remove(c)
			for _, other := range of[nodeOf(c.old)] {
				if goesBefore(other.old, c.old) {
					s.Needs = append(s.Needs, removal(other.id))
				}
			}
			if c.old.Switch != nil {
				s.Needs = append(append(s.Needs, gate), left[c.old.Switch.Name]...)
			}
			steps = append(steps, s)
		}
	}
	healed := d.healed(changes)
	steps = append(steps, executor.Step{ID: gate, Needs: through, Observe: present, Do: nothing})
	for i := range d.plan.Steps {
		p := &d.plan.Steps[i]
		s := executor.Step{ID: p.ID, Needs: p.Needs, Observe: present, Do: nothing}
		if p.Kind == topology.KindSwitch || p.Kind == topology.KindNode {
			s.Needs = append([]string{gate}, p.Needs...)
		}
		if c := todo[p.ID]; c != nil {
			part := d.part(c.new)
			s.Wait, s.Observe, s.Do, s.Undo = part.wait, nil, part.make, part.unmake
			switch {
			case c.new.Lab != nil && c.action == actChange:
				// An agent of this build is as good as the one before.
				s.Do, s.Undo = d.replaceAgent, nil
			case c.action == actChange:
				s.Undo = undoing(c.id, d.part(c.old).make)
			case healed[c.id]:
				s.Undo = nil
			}
		}
		steps = append(steps, s)
	}
	return steps
}

// healed returns the IDs of what is made although the lab was to have it before,
// just so: what was broken and is not unmade. What is part of a node that is
// unmade goes with it.
func (d *deployment) healed(changes []*change) map[string]bool {
	healed, unmade := make(map[string]bool), make(map[string]bool)
	for _, c := range changes {
		if c.action == actMake && c.new.Lab == nil {
			healed[c.id] = d.written.has(c.new)
		}
	}
	for _, c := range changes {
		if c.action == actRemove {
			healed[c.id] = false // it is made again, and so unmade
		}
		if c.new != nil && c.new.Node != nil && c.action == actMake && !healed[c.id] {
			unmade[c.new.Node.Name] = true
		}
	}
	for _, c := range changes {
		if c.new != nil && unmade[nodeOf(c.new)] {
			healed[c.id] = false
		}
	}
	return healed
}

// removal is the ID of the step that removes what another step makes.
func removal(id string) string { return "remove " + id }

// remove returns the step that takes something away.
func (d *deployment) remove(c *change) executor.Step {
	s := executor.Step{ID: removal(c.id), Needs: []string{string(topology.KindLab)}, Do: nothing}
	p := d.part(c.old)
	if p.unmake != nil {
		s.Do = p.unmake
	}
	if c.whole {
		s.Undo = undoing(c.id, p.make)
	}
	return s
}

// goesBefore says whether a, of the same node as b, goes before it: the reverse
// of the order in which they were made.
func goesBefore(a, b *topology.Step) bool {
	return b.Node != nil && a.Node == nil || (b.Endpoint != nil || b.Access != nil) && a.Start != nil
}

// nodeOf returns the node that a step makes, or a part of; "" for others.
func nodeOf(s *topology.Step) string {
	switch {
	case s.Node != nil:
		return s.Node.Name
	case s.Endpoint != nil:
		return s.Endpoint.Node
	case s.Access != nil:
		return s.Access.Node
	case s.Start != nil:
		return s.Start.Node
	}
	return ""
}

// portOf returns the switch that a step makes a port of, or "".
func portOf(s *topology.Step) string {
	switch {
	case s == nil:
	case s.Endpoint != nil:
		return s.Endpoint.Switch
	case s.Uplink != nil:
		return s.Uplink.Switch
	}
	return ""
}

// undoing wraps what makes something as it was, so that its error says so.
func undoing(id string, make func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := make(ctx); err != nil {
			return fmt.Errorf("%s is not as before: %w", id, err)
		}
		return nil
	}
}

func present(context.Context) (string, error) { return "", nil }

func nothing(context.Context) error { return nil }
