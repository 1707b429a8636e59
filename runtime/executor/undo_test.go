package executor

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestUndoInReverseOrder(t *testing.T) {
	var j journal
	steps := []Step{j.step("a"), j.step("b", "a"), j.step("c", "a"), j.step("d", "b", "c"), j.step("e", "d")}
	steps[4].Do = func(context.Context) error { return errors.New("e fails") }
	_, err := Run(t.Context(), steps, Config{Workers: 4})
	var failed *Error
	if !errors.As(err, &failed) || failed.Left != nil || err.Error() != "e fails" {
		t.Fatalf("error %v", err)
	}
	j.ordered(t, "undo e", "undo d", "undo b", "undo a")
	j.ordered(t, "undo e", "undo d", "undo c", "undo a")
}

// The order holds across steps that are not undone themselves.
func TestUndoOrderAcrossPresentSteps(t *testing.T) {
	var j journal
	middle := j.step("middle", "first")
	middle.Observe = func(context.Context) (string, error) { return "", nil }
	last := j.step("last", "middle")
	last.Do = func(context.Context) error { return errors.New("no") }
	if _, err := Run(t.Context(), []Step{j.step("first"), middle, last}, Config{Workers: 4}); err == nil {
		t.Fatal("no error")
	}
	if want := []string{"do first", "undo last", "undo first"}; !slices.Equal(j.lines, want) {
		t.Errorf("journal %q, want %q", j.lines, want)
	}
}

func TestUndoErrorsAreCollected(t *testing.T) {
	var j journal
	var steps []Step
	for _, id := range []string{"a", "b", "c"} {
		s := j.step(id)
		if id != "a" {
			s.Undo = func(context.Context) error { return fmt.Errorf("%s is stuck", id) }
		}
		steps = append(steps, s)
	}
	bad := j.step("bad", "a", "b", "c")
	cause := errors.New("bad fails")
	bad.Do = func(context.Context) error { return cause }
	_, err := Run(t.Context(), append(steps, bad), Config{Workers: 1})
	var failed *Error
	if !errors.As(err, &failed) || !errors.Is(err, cause) {
		t.Fatalf("error %v", err)
	}
	for _, want := range []string{"b is stuck", "c is stuck"} {
		if !strings.Contains(failed.Left.Error(), want) {
			t.Errorf("left %q lacks %q", failed.Left, want)
		}
	}
	var lines []string
	for _, err := range failed.WrappedErrors() {
		lines = append(lines, err.Error())
	}
	slices.Sort(lines)
	if want := []string{"bad fails", "not taken back: b is stuck", "not taken back: c is stuck"}; !slices.Equal(lines, want) {
		t.Errorf("errors %q, want %q", lines, want)
	}
	j.ordered(t, "do a", "undo a")
}

func TestUndoCovers(t *testing.T) {
	var j journal
	lab := j.step("lab")
	lab.Covers = true
	outside := j.step("outside")
	last := j.step("last", "inside", "outside")
	last.Do = func(context.Context) error { return errors.New("no") }
	if _, err := Run(t.Context(), []Step{lab, j.step("inside", "lab"), outside, last}, Config{Workers: 1}); err == nil {
		t.Fatal("no error")
	}
	j.ordered(t, "do lab", "undo lab")
	j.ordered(t, "do outside", "undo outside")
	for _, line := range []string{"undo inside", "undo last"} {
		if j.index(line) >= 0 {
			t.Errorf("%q although it is covered", line)
		}
	}
}

func TestFailureEndsRunningSteps(t *testing.T) {
	var j journal
	begun := make(chan struct{})
	slow := j.step("slow")
	slow.Do = func(ctx context.Context) error {
		close(begun)
		<-ctx.Done()
		return ctx.Err()
	}
	bad := j.step("bad")
	bad.Do = func(context.Context) error { <-begun; return errors.New("bad fails") }
	_, err := Run(t.Context(), []Step{slow, bad, j.step("never", "slow")}, Config{Workers: 2})
	if err == nil || err.Error() != "bad fails" {
		t.Fatalf("error %v: a step that was cut off is no news", err)
	}
	if j.index("undo slow") < 0 || j.index("undo never") >= 0 {
		t.Errorf("journal %q", j.lines)
	}
}

func TestAllFailuresAreTold(t *testing.T) {
	// Each waits for the other, so that both fail of their own.
	a, b := make(chan struct{}), make(chan struct{})
	steps := []Step{
		{ID: "a", Do: func(context.Context) error { close(a); <-b; return errors.New("a fails") }},
		{ID: "b", Do: func(context.Context) error { close(b); <-a; return errors.New("b fails") }},
	}
	_, err := Run(t.Context(), steps, Config{Workers: 2})
	if err == nil || !strings.Contains(err.Error(), "a fails") || !strings.Contains(err.Error(), "b fails") {
		t.Fatalf("error %v", err)
	}
}

func TestCancelAndFailureAreBothTold(t *testing.T) {
	cause, fault := errors.New("interrupted"), errors.New("a fails")
	ctx, cancel := context.WithCancelCause(t.Context())
	_, err := Run(ctx, []Step{{ID: "a", Do: func(context.Context) error { cancel(cause); return fault }}}, Config{Workers: 1})
	if !errors.Is(err, cause) || !errors.Is(err, fault) {
		t.Fatalf("error %v", err)
	}
}

func TestCancelBeforeStart(t *testing.T) {
	var j journal
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Run(ctx, []Step{j.step("a")}, Config{Workers: 1})
	if !errors.Is(err, context.Canceled) || len(j.lines) > 0 {
		t.Fatalf("error %v, journal %q", err, j.lines)
	}
}

func TestCancelWhileObserving(t *testing.T) {
	var j journal
	ctx, cancel := context.WithCancel(t.Context())
	s := j.step("b", "a")
	s.Observe = func(ctx context.Context) (string, error) { cancel(); return "", ctx.Err() }
	_, err := Run(ctx, []Step{j.step("a"), s}, Config{Workers: 1})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	if want := []string{"do a", "undo a"}; !slices.Equal(j.lines, want) {
		t.Errorf("journal %q, want %q", j.lines, want)
	}
}

func TestCancelWhileDoing(t *testing.T) {
	var j journal
	cause := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	s := j.step("b", "a")
	s.Do = func(ctx context.Context) error { cancel(cause); <-ctx.Done(); return ctx.Err() }
	_, err := Run(ctx, []Step{j.step("a"), s, j.step("c", "b")}, Config{Workers: 1})
	if !errors.Is(err, cause) || !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	if want := []string{"do a", "undo b", "undo a"}; !slices.Equal(j.lines, want) {
		t.Errorf("journal %q, want %q", j.lines, want)
	}
}

func TestCancelWhileUndoingChangesNothing(t *testing.T) {
	var j journal
	ctx, cancel := context.WithCancel(t.Context())
	a, b := j.step("a"), j.step("b", "a")
	b.Do = func(context.Context) error { return errors.New("b fails") }
	b.Undo = func(ctx context.Context) error { cancel(); return ctx.Err() }
	a.Undo = func(ctx context.Context) error { j.note("undo a"); return ctx.Err() }
	_, err := Run(ctx, []Step{a, b}, Config{Workers: 1})
	var failed *Error
	if !errors.As(err, &failed) || failed.Left != nil {
		t.Fatalf("error %v", err)
	}
	j.ordered(t, "do a", "undo a")
}

func TestCancelAfterTheLastStepIsTooLate(t *testing.T) {
	var j journal
	ctx, cancel := context.WithCancel(t.Context())
	s := j.step("a")
	s.Do = func(context.Context) error { cancel(); return nil }
	if result, err := Run(ctx, []Step{s}, Config{Workers: 1}); err != nil || result.Done != 1 {
		t.Fatalf("Run = %+v, %v", result, err)
	}
}

// Whatever the graph and wherever it fails, each step that was begun is undone
// once, after all begun steps that need it, and nothing else is.
func TestUndoRandomGraphs(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		var j journal
		n := 1 + r.IntN(40)
		var steps []Step
		for i := range n {
			var needs []string
			for k := range i {
				if r.IntN(5) == 0 {
					needs = append(needs, fmt.Sprint(k))
				}
			}
			s := j.step(fmt.Sprint(i), needs...)
			pause := time.Duration(r.IntN(50)) * time.Microsecond
			fails := r.IntN(n) == 0 || i == n-1
			s.Do = func(context.Context) error {
				j.note("do %d", i)
				time.Sleep(pause)
				if fails {
					return errors.New("no")
				}
				return nil
			}
			steps = append(steps, s)
		}
		r.Shuffle(n, func(a, b int) { steps[a], steps[b] = steps[b], steps[a] })
		if _, err := Run(t.Context(), steps, Config{Workers: 1 + r.IntN(8)}); err == nil {
			t.Fatalf("seed %d: no error", seed)
		}
		for _, s := range steps {
			did, undid := j.index("do "+s.ID), j.index("undo "+s.ID)
			if (did < 0) != (undid < 0) {
				t.Fatalf("seed %d: step %s: did %d, undid %d", seed, s.ID, did, undid)
			}
			for _, need := range s.Needs {
				if did >= 0 && (j.index("do "+need) > did || j.index("undo "+need) < undid) {
					t.Fatalf("seed %d: step %s and its need %s are out of order", seed, s.ID, need)
				}
			}
		}
	}
}
