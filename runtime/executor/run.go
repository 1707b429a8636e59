package executor

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/go-multierror"
)

// Config says how a graph is run.
type Config struct {
	// Workers is the number of steps that run at once, at least 1.
	Workers int
	// Progress is called for each event, one call at a time and in order; no
	// step starts or ends while it runs. It may be nil.
	Progress func(Event)
}

// Result counts how the steps of a run ended.
type Result struct {
	Present int // were there already
	Done    int // were made
}

// Run runs the steps, in any order that their needs allow. When all are
// present or done it returns nil.
//
// When a step fails, or ctx ends, no further step starts; the context of the
// running ones ends, and when they have returned, what was done is taken back
// in reverse order, each step after all that need it. Then Run returns an
// *[Error]. A step that was present, or could not be observed, is not undone.
//
// Run starts no goroutine that outlives it, save when a step does.
func Run(ctx context.Context, steps []Step, config Config) (Result, error) {
	g, err := newGraph(steps)
	if err != nil {
		return Result{}, err
	}
	r := &run{graph: g, config: config, begun: make([]bool, len(steps)), since: make([]time.Time, len(steps))}
	return r.run(ctx)
}

// run is the state of one Run. Its fields belong to the goroutine of Run.
type run struct {
	*graph
	config  Config
	telling sync.Mutex  // one call of Progress at a time
	begun   []bool      // whether each step's Do was called
	since   []time.Time // when each step, or its undoing, started
	result  Result
}

func (r *run) run(ctx context.Context) (Result, error) {
	cause := r.forward(ctx)
	if cause == nil {
		return r.result, nil
	}
	undone, left := r.back(context.WithoutCancel(ctx))
	return r.result, &Error{Cause: cause, Left: left, Undone: undone}
}

// forward does the steps. It returns why not all of them are there.
func (r *run) forward(ctx context.Context) error {
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	var failed *multierror.Error
	w := walk{
		workers: max(r.config.Workers, 1),
		before:  r.needs,
		after:   r.neededBy,
		started: func(i int) { r.begin(i, Started, r.result.Present+r.result.Done, len(r.steps)) },
		wait: func(i int) func() outcome {
			if r.steps[i].Wait == nil {
				return nil
			}
			return func() outcome {
				if err := r.steps[i].Wait(r.speaking(inner, i)); err != nil {
					return outcome{phase: Failed, err: err, idle: true}
				}
				return outcome{}
			}
		},
		visit: func(i int) outcome { return do(r.speaking(inner, i), &r.steps[i]) },
		ended: func(i int, o outcome) bool {
			switch o.phase {
			case Present:
				r.result.Present++
			case Done:
				r.result.Done++
			case Failed:
				// A step that was cut off says nothing new.
				if inner.Err() == nil || !errors.Is(o.err, context.Canceled) {
					failed = multierror.Append(failed, o.err)
				}
				cancel()
			}
			r.begun[i] = !o.idle
			r.end(i, o, r.result.Present+r.result.Done, len(r.steps))
			return o.phase != Failed
		},
	}
	w.run(ctx)
	if failed != nil {
		if ctx.Err() != nil {
			return multierror.Append(cutOff(ctx), failed.Errors...)
		}
		if len(failed.Errors) == 1 {
			return failed.Errors[0]
		}
		return failed
	}
	if r.result.Present+r.result.Done < len(r.steps) {
		return cutOff(ctx)
	}
	return nil
}

// cutOff returns why ctx has ended. It matches the context's own error too,
// whatever cause the context was given.
func cutOff(ctx context.Context) error {
	cause := context.Cause(ctx)
	if errors.Is(cause, ctx.Err()) {
		return cause
	}
	return fmt.Errorf("%w: %w", ctx.Err(), cause)
}

// do observes one step and does what is missing.
func do(ctx context.Context, s *Step) outcome {
	if s.Observe != nil {
		missing, err := s.Observe(ctx)
		if err != nil {
			return outcome{phase: Failed, err: err, idle: true}
		}
		if missing == "" {
			return outcome{phase: Present, idle: true}
		}
	}
	if err := s.Do(ctx); err != nil {
		return outcome{phase: Failed, err: err}
	}
	return outcome{phase: Done}
}

// back undoes what forward did, and returns the IDs of the steps that it was
// tried with and what could not be undone.
func (r *run) back(ctx context.Context) (tried []string, failed error) {
	undo, total := r.toUndo()
	var left *multierror.Error
	undone := 0
	w := walk{
		workers: max(r.config.Workers, 1),
		before:  r.neededBy,
		after:   r.needs,
		started: func(i int) {
			if undo[i] {
				r.begin(i, Undoing, undone, total)
			}
		},
		visit: func(i int) outcome {
			if !undo[i] {
				return outcome{phase: Undone}
			}
			return outcome{phase: Undone, err: r.steps[i].Undo(ctx)}
		},
		ended: func(i int, o outcome) bool {
			if !undo[i] {
				return true
			}
			if o.err != nil {
				left = multierror.Append(left, o.err)
			}
			undone++
			tried = append(tried, r.steps[i].ID)
			r.end(i, o, undone, total)
			return true
		},
	}
	w.run(ctx)
	return tried, left.ErrorOrNil()
}

// toUndo returns which steps are to be undone: those whose work was begun, save
// those that another one covers.
func (r *run) toUndo() (undo []bool, total int) {
	undo = make([]bool, len(r.steps))
	covered := make([]bool, len(r.steps))
	for _, i := range r.order() {
		s := &r.steps[i]
		if r.begun[i] && s.Undo != nil && !covered[i] {
			undo[i] = true
			total++
		}
		if covered[i] || undo[i] && s.Covers {
			for _, n := range r.neededBy[i] {
				covered[n] = true
			}
		}
	}
	return undo, total
}

func (r *run) begin(i int, p Phase, ended, total int) {
	r.since[i] = time.Now()
	r.tell(Event{Step: r.steps[i].ID, Phase: p, Ended: ended, Total: total})
}

func (r *run) end(i int, o outcome, ended, total int) {
	r.tell(Event{Step: r.steps[i].ID, Phase: o.phase, Err: o.err, Elapsed: time.Since(r.since[i]), Ended: ended, Total: total})
}

func (r *run) tell(e Event) {
	if r.config.Progress != nil {
		r.telling.Lock()
		defer r.telling.Unlock()
		r.config.Progress(e)
	}
}

// speaking returns a context through which the step can [Say] something.
func (r *run) speaking(ctx context.Context, i int) context.Context {
	if r.config.Progress == nil {
		return ctx
	}
	return context.WithValue(ctx, sayKey{}, func(text string) {
		r.tell(Event{Step: r.steps[i].ID, Phase: Working, Text: text, Total: len(r.steps)})
	})
}

// sayKey is where a step's context has what Say calls.
type sayKey struct{}

// Say tells, as an event, what a step that takes long is at. ctx is the one
// that the step's function was given, or comes from it; with another one
// nothing happens.
func Say(ctx context.Context, text string) {
	if say, ok := ctx.Value(sayKey{}).(func(string)); ok {
		say(text)
	}
}
