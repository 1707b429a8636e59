package executor

import "context"

// walk visits every node of a graph, each after all of its predecessors, with
// at most workers visits at once. A node that waits holds no worker: workers
// get only nodes that are ready, and the ready ones wait in a slice.
type walk struct {
	workers int
	before  [][]int // predecessors of each node
	after   [][]int // successors of each node

	started func(node int)                        // called before each visit, by run's goroutine
	visit   func(node int) outcome                // the work, called on a worker
	ended   func(node int, o outcome) (more bool) // called after each visit, by run's goroutine
}

// outcome is how a visit ended.
type outcome struct {
	phase Phase
	err   error
	idle  bool // the step's work never began
}

// run returns when all nodes were visited. Once ended has returned false, or
// ctx has ended, no further visit starts, and run returns when the running
// ones are through.
func (w *walk) run(ctx context.Context) {
	type result struct {
		node int
		outcome
	}
	work, results := make(chan int), make(chan result)
	defer close(work)
	for range min(w.workers, len(w.before)) {
		go func() {
			for node := range work {
				results <- result{node, w.visit(node)}
			}
		}()
	}

	missing := make([]int, len(w.before))
	var ready []int
	for i, before := range w.before {
		if missing[i] = len(before); missing[i] == 0 {
			ready = append(ready, i)
		}
	}
	for running, more := 0, true; ; {
		for more && len(ready) > 0 && running < w.workers && ctx.Err() == nil {
			node := ready[0]
			ready = ready[1:]
			running++
			w.started(node)
			work <- node // a worker is free: running counts those that are not
		}
		if running == 0 {
			return
		}
		r := <-results
		running--
		more = w.ended(r.node, r.outcome) && more
		for _, n := range w.after[r.node] {
			if missing[n]--; missing[n] == 0 {
				ready = append(ready, n)
			}
		}
	}
}
