package executor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// journal notes what steps do, in order.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) note(format string, args ...any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, fmt.Sprintf(format, args...))
}

func (j *journal) index(line string) int { return slices.Index(j.lines, line) }

// step returns a step that notes its doing and undoing.
func (j *journal) step(id string, needs ...string) Step {
	return Step{
		ID: id, Needs: needs,
		Do:   func(context.Context) error { j.note("do %s", id); return nil },
		Undo: func(context.Context) error { j.note("undo %s", id); return nil },
	}
}

// ordered fails the test unless the lines stand in the journal in this order.
func (j *journal) ordered(t *testing.T, lines ...string) {
	t.Helper()
	last := -1
	for _, line := range lines {
		at := j.index(line)
		if at <= last {
			t.Fatalf("%q is at %d, want it after %d, in %q", line, at, last, j.lines)
		}
		last = at
	}
}

func TestRunOrder(t *testing.T) {
	var j journal
	steps := []Step{j.step("d", "b", "c"), j.step("b", "a"), j.step("c", "a"), j.step("a")}
	result, err := Run(t.Context(), steps, Config{Workers: 4})
	if err != nil || result != (Result{Done: 4}) {
		t.Fatalf("Run = %+v, %v", result, err)
	}
	j.ordered(t, "do a", "do b", "do d")
	j.ordered(t, "do a", "do c", "do d")
}

func TestRunRefusesBadGraphs(t *testing.T) {
	var j journal
	for name, test := range map[string]struct {
		steps []Step
		want  string
	}{
		"twice":   {[]Step{j.step("a"), j.step("a")}, "step a: given twice"},
		"unknown": {[]Step{j.step("a", "b")}, "step a: needs b, which does not exist"},
		"circle":  {[]Step{j.step("a"), j.step("b", "a", "c"), j.step("c", "b")}, "step b: is in a circle"},
		"self":    {[]Step{j.step("a", "a")}, "step a: is in a circle"},
		"nothing": {[]Step{{ID: "a"}}, "step a: has nothing to do"},
	} {
		_, err := Run(t.Context(), test.steps, Config{Workers: 1})
		if err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", name, err, test.want)
		}
	}
	if len(j.lines) > 0 {
		t.Errorf("steps of bad graphs ran: %q", j.lines)
	}
}

func TestRunEmpty(t *testing.T) {
	if result, err := Run(t.Context(), nil, Config{}); err != nil || result != (Result{}) {
		t.Fatalf("Run = %+v, %v", result, err)
	}
}

func TestRunWorkersBound(t *testing.T) {
	const workers = 3
	var running, most atomic.Int32
	var steps []Step
	for i := range 50 {
		steps = append(steps, Step{ID: fmt.Sprint(i), Do: func(context.Context) error {
			n := running.Add(1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			time.Sleep(time.Millisecond)
			running.Add(-1)
			return nil
		}})
	}
	if _, err := Run(t.Context(), steps, Config{Workers: workers}); err != nil {
		t.Fatal(err)
	}
	if n := most.Load(); n != workers {
		t.Errorf("%d steps ran at once, want %d", n, workers)
	}
}

// A step that waits for its needs must hold no worker: here each worker but
// one is busy with a slow step while a chain goes on.
func TestRunWaitingHoldsNoWorker(t *testing.T) {
	var j journal
	release := make(chan struct{})
	slow := Step{ID: "slow", Do: func(context.Context) error { <-release; return nil }}
	steps := []Step{slow}
	for i := range 10 {
		steps = append(steps, j.step(fmt.Sprint("waits", i), "slow"))
	}
	last := j.step("free2", "free1")
	last.Do = func(context.Context) error { close(release); return nil }
	steps = append(steps, j.step("free1"), last)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := Run(ctx, steps, Config{Workers: 2}); err != nil {
		t.Fatal(err)
	}
}

func TestRunPresentIsNeitherDoneNorUndone(t *testing.T) {
	var j journal
	there := j.step("there")
	there.Observe = func(context.Context) (string, error) { return "", nil }
	broken := j.step("broken", "there", "made")
	broken.Do = func(context.Context) error { return errors.New("no") }
	result, err := Run(t.Context(), []Step{there, j.step("made"), broken}, Config{Workers: 1})
	if err == nil || result != (Result{Present: 1, Done: 1}) {
		t.Fatalf("Run = %+v, %v", result, err)
	}
	want := []string{"do made", "undo broken", "undo made"}
	if !slices.Equal(j.lines, want) {
		t.Errorf("journal %q, want %q", j.lines, want)
	}
}

func TestRunChain(t *testing.T) {
	var j journal
	const length = 1000
	var steps []Step
	for i := range length {
		var needs []string
		if i > 0 {
			needs = []string{fmt.Sprint(i - 1)}
		}
		steps = append(steps, j.step(fmt.Sprint(i), needs...))
	}
	steps[length-1].Do = func(context.Context) error { return errors.New("the last fails") }
	if _, err := Run(t.Context(), steps, Config{Workers: 8}); err == nil {
		t.Fatal("no error")
	}
	if len(j.lines) != 2*length-1 {
		t.Fatalf("%d lines, want %d", len(j.lines), 2*length-1)
	}
	for i, line := range j.lines {
		want := fmt.Sprintf("do %d", i)
		if i >= length-1 {
			want = fmt.Sprintf("undo %d", 2*(length-1)-i)
		}
		if line != want {
			t.Fatalf("line %d is %q, want %q", i, line, want)
		}
	}
}

func TestRunFan(t *testing.T) {
	const width = 10000
	var j journal
	steps := []Step{j.step("root")}
	all := j.step("all")
	for i := range width {
		id := fmt.Sprint(i)
		steps = append(steps, j.step(id, "root"))
		all.Needs = append(all.Needs, id)
	}
	began := time.Now()
	result, err := Run(t.Context(), append(steps, all), Config{Workers: 16})
	if err != nil || result.Done != width+2 {
		t.Fatalf("Run = %+v, %v", result, err)
	}
	if j.lines[0] != "do root" || j.lines[width+1] != "do all" {
		t.Errorf("first %q, last %q", j.lines[0], j.lines[width+1])
	}
	t.Logf("%d steps in %v", width+2, time.Since(began))
}

func TestRunEvents(t *testing.T) {
	var j journal
	there := j.step("there")
	there.Observe = func(context.Context) (string, error) { return "", nil }
	broken := j.step("broken", "made")
	broken.Do = func(context.Context) error { return errors.New("no") }
	broken.Undo = func(context.Context) error { return errors.New("stuck") }
	var got []string
	_, _ = Run(t.Context(), []Step{there, j.step("made", "there"), broken}, Config{Workers: 1, Progress: func(e Event) {
		line := fmt.Sprintf("%s %s %d/%d", e.Step, e.Phase, e.Ended, e.Total)
		if e.Err != nil {
			line += ": " + e.Err.Error()
		}
		got = append(got, line)
	}})
	want := []string{
		"there started 0/3", "there present 1/3",
		"made started 1/3", "made done 2/3",
		"broken started 2/3", "broken failed 2/3: no",
		"broken undoing 0/2", "broken undone 1/2: stuck",
		"made undoing 1/2", "made undone 2/2",
	}
	if !slices.Equal(got, want) {
		t.Errorf("events\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A chain of steps that wait for one another goes through with one worker, and
// as many as like wait at once.
func TestWaitHoldsNoWorker(t *testing.T) {
	const length = 50
	var steps []Step
	done := make([]chan struct{}, length)
	for i := range done {
		done[i] = make(chan struct{})
	}
	for i := range length {
		// In the order that a worker would take them, each waits for the next.
		s := Step{ID: fmt.Sprint(i), Do: func(context.Context) error { close(done[i]); return nil }}
		if i+1 < length {
			s.Wait = func(ctx context.Context) error {
				select {
				case <-done[i+1]:
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		}
		steps = append(steps, s)
	}
	result, err := Run(t.Context(), steps, Config{Workers: 1})
	if err != nil || result.Done != length {
		t.Fatalf("Run = %+v, %v", result, err)
	}
}

// A wait that fails fails its step, of which nothing is undone; one that is cut
// off says nothing. What was done is taken back.
func TestWaitFails(t *testing.T) {
	var j journal
	first, fails, cut, last := j.step("first"), j.step("fails", "first"), j.step("cut", "first"), j.step("last", "fails")
	sick := errors.New("it is sick")
	fails.Wait = func(context.Context) error { return sick }
	cut.Wait = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	var phases []string
	_, err := Run(t.Context(), []Step{first, fails, cut, last}, Config{Workers: 1, Progress: func(e Event) {
		phases = append(phases, e.Step+" "+e.Phase.String())
	}})
	var failed *Error
	if !errors.As(err, &failed) || failed.Cause != sick || failed.Left != nil {
		t.Fatalf("error %v", err)
	}
	if want := []string{"do first", "undo first"}; !slices.Equal(j.lines, want) {
		t.Errorf("journal %q, want %q", j.lines, want)
	}
	for _, want := range []string{"fails started", "fails failed", "cut started", "cut failed"} {
		if !slices.Contains(phases, want) {
			t.Errorf("no event %q in %q", want, phases)
		}
	}
}

// The end of the context ends the waits.
func TestWaitIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	waits := Step{ID: "a", Do: func(context.Context) error { t.Error("it was done"); return nil }}
	waits.Wait = func(ctx context.Context) error { cancel(); <-ctx.Done(); return ctx.Err() }
	if _, err := Run(ctx, []Step{waits}, Config{Workers: 1}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// What a step says comes between its start and its end.
func TestSay(t *testing.T) {
	step := Step{ID: "a", Do: func(ctx context.Context) error { Say(ctx, "half of it"); return nil }}
	var events []string
	_, err := Run(t.Context(), []Step{step}, Config{Workers: 1, Progress: func(e Event) {
		events = append(events, e.Phase.String()+" "+e.Text)
	}})
	if want := []string{"started ", "working half of it", "done "}; err != nil || !slices.Equal(events, want) {
		t.Errorf("events %q, %v; want %q", events, err, want)
	}
	Say(t.Context(), "to nobody")
}
