package executor

import "context"

// walk visits every node of a graph, each after all of its predecessors, with
// at most workers visits at once. A node that waits holds no worker: workers
// get only nodes that are ready, and the ready ones wait in a slice.
type walk struct {
	workers int
	before  [][]int // predecessors of each node
	after   [][]int // successors of each node

	wait    func(node int) func() outcome         // what goes before a visit and takes no worker; it, or its result, may be nil
	started func(node int)                        // called before each wait or visit, by run's goroutine
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
// ctx has ended, no further wait or visit starts, and run returns when the
// running ones are through. A node whose wait ends in Failed is not visited.
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

	waits := make(chan result)
	waiting, more := 0, true
	missing := make([]int, len(w.before))
	var ready []job
	// prepare lets a node, whose predecessors were visited, wait if it is to.
	prepare := func(node int) {
		var wait func() outcome
		if w.wait != nil && more && ctx.Err() == nil {
			wait = w.wait(node)
		}
		if wait == nil {
			ready = append(ready, job{node, false})
			return
		}
		waiting++
		w.started(node)
		go func() { waits <- result{node, wait()} }()
	}
	finish := func(r result) {
		more = w.ended(r.node, r.outcome) && more
		for _, n := range w.after[r.node] {
			if missing[n]--; missing[n] == 0 {
				prepare(n)
			}
		}
	}
	for i, before := range w.before {
		if missing[i] = len(before); missing[i] == 0 {
			prepare(i)
		}
	}
	for running := 0; ; {
		for more && len(ready) > 0 && running < w.workers && ctx.Err() == nil {
			next := ready[0]
			ready = ready[1:]
			running++
			if !next.begun {
				w.started(next.node)
			}
			work <- next.node // a worker is free: running counts those that are not
		}
		if running == 0 && waiting == 0 {
			return
		}
		select {
		case r := <-results:
			running--
			finish(r)
		case r := <-waits:
			waiting--
			if r.phase == Failed {
				finish(r)
			} else {
				ready = append(ready, job{r.node, true})
			}
		}
	}
}

// job is a node that is ready to be visited.
type job struct {
	node  int
	begun bool // started was called, before its wait
}
