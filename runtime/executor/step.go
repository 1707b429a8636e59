package executor

import (
	"context"
	"fmt"
)

// Step is one piece of work. Its functions may be called from any goroutine,
// but never two of them at the same time.
type Step struct {
	// ID names the step; it is unique in the graph.
	ID string
	// Needs names the steps that must be done before this one starts.
	Needs []string

	// Wait returns when the step may go on, after the steps that it needs are
	// done. It holds no worker: any number of steps may wait, whatever the
	// number of workers. Its context ends when another step fails. An error of
	// it is the step's; then nothing of the step was begun. Nil means that
	// there is nothing to wait for.
	Wait func(context.Context) error
	// Observe says in a few words what is missing of what the step makes, or
	// "" when it is there already, just as the step would make it. Then Do is
	// not called and the step is not undone later. Nil means that nothing is
	// ever there.
	Observe func(context.Context) (missing string, err error)
	// Do makes it. What is there in part it completes.
	Do func(context.Context) error
	// Undo takes back what Do made, or what a Do that failed or was cut off
	// has made in part. Nil means that there is nothing to take back. Its
	// context is a fresh one: the end of the run's context does not end it.
	Undo func(context.Context) error
	// Covers says that Undo takes away everything that steps which need this
	// one, directly or through others, have made: then their own Undo is not
	// called.
	Covers bool
}

// graph is a checked set of steps, by index.
type graph struct {
	steps    []Step
	needs    [][]int // steps that i needs
	neededBy [][]int // steps that need i
}

// newGraph checks that IDs are unique, needs exist, and no step needs itself,
// directly or through others.
func newGraph(steps []Step) (*graph, error) {
	g := &graph{steps: steps, needs: make([][]int, len(steps)), neededBy: make([][]int, len(steps))}
	index := make(map[string]int, len(steps))
	for i, s := range steps {
		if _, ok := index[s.ID]; ok {
			return nil, fmt.Errorf("step %s: given twice", s.ID)
		}
		if s.Do == nil {
			return nil, fmt.Errorf("step %s: has nothing to do", s.ID)
		}
		index[s.ID] = i
	}
	for i, s := range steps {
		for _, need := range s.Needs {
			n, ok := index[need]
			if !ok {
				return nil, fmt.Errorf("step %s: needs %s, which does not exist", s.ID, need)
			}
			g.needs[i] = append(g.needs[i], n)
			g.neededBy[n] = append(g.neededBy[n], i)
		}
	}
	order := g.order()
	if len(order) < len(steps) {
		sorted := make([]bool, len(steps))
		for _, i := range order {
			sorted[i] = true
		}
		for i, s := range steps {
			if !sorted[i] {
				return nil, fmt.Errorf("step %s: is in a circle of steps that need each other, or behind one", s.ID)
			}
		}
	}
	return g, nil
}

// order returns the steps so that each comes after those that it needs;
// steps in a circle are left out.
func (g *graph) order() []int {
	missing := make([]int, len(g.steps))
	order := make([]int, 0, len(g.steps))
	for i := range g.steps {
		missing[i] = len(g.needs[i])
		if missing[i] == 0 {
			order = append(order, i)
		}
	}
	for at := 0; at < len(order); at++ {
		for _, n := range g.neededBy[order[at]] {
			if missing[n]--; missing[n] == 0 {
				order = append(order, n)
			}
		}
	}
	return order
}
