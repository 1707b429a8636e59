package runtime_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/runtime/runtimetest"
)

// operations counts what a deploy of the lab asks of the machine.
func operations(t *testing.T) int64 {
	t.Helper()
	var n atomic.Int64
	m := runtimetest.New("up0")
	m.Hook = func(context.Context, string) error { n.Add(1); return nil }
	deploy(t, m, tempRoot(t), compile(t, mixedFile))
	return n.Load()
}

// Whichever operation of a deploy fails, nothing is left of it.
func TestDeployFailsAnywhere(t *testing.T) {
	plan := compile(t, mixedFile)
	fault := errors.New("machine on fire")
	for fails := range operations(t) {
		m, root := runtimetest.New("up0"), tempRoot(t)
		before := m.Objects()
		var n atomic.Int64
		m.Hook = func(_ context.Context, operation string) error {
			if n.Add(1) == fails+1 {
				return fmt.Errorf("%s: %w", operation, fault)
			}
			return nil
		}
		_, err := runtime.Deploy(t.Context(), root, plan, runtime.Options{Machine: m})
		if !errors.Is(err, fault) {
			t.Fatalf("operation %d: error %v", fails, err)
		}
		untouched(t, m, root, before)
	}
}

// Whenever a deploy is interrupted, nothing is left of it. It may be too late
// for that, when all that was not begun by then can't be interrupted.
func TestDeployInterruptedAnywhere(t *testing.T) {
	plan := compile(t, mixedFile)
	for stops := range operations(t) {
		m, root := runtimetest.New("up0"), tempRoot(t)
		before := m.Objects()
		ctx, cancel := context.WithCancel(t.Context())
		var n atomic.Int64
		var inTime atomic.Bool
		m.Hook = func(_ context.Context, operation string) error {
			if ctx.Err() != nil && !strings.HasPrefix(operation, "ReleaseNode ") {
				inTime.Store(true)
			}
			if n.Add(1) == stops+1 {
				cancel()
			}
			return nil
		}
		_, err := runtime.Deploy(ctx, root, plan, runtime.Options{Machine: m})
		if err == nil && !inTime.Load() {
			destroy(t, m, root, "all")
		} else if !errors.Is(err, context.Canceled) {
			t.Fatalf("operation %d: error %v", stops, err)
		}
		untouched(t, m, root, before)
	}
}

// From some operation on nothing works any more, the undoing included, as if
// the deploy were killed there. What is left is destroyed, after another
// deploy has completed it or as it is.
func TestDeployKilledAnywhere(t *testing.T) {
	plan := compile(t, mixedFile)
	for dies := range operations(t) {
		m, root := runtimetest.New("up0"), tempRoot(t)
		before := m.Objects()
		var n atomic.Int64
		m.Hook = func(context.Context, string) error {
			if n.Add(1) > dies {
				return errors.New("killed") // nothing happens on the machine any more
			}
			return nil
		}
		_, err := runtime.Deploy(t.Context(), root, plan, runtime.Options{Machine: m})
		if err == nil {
			t.Fatalf("operation %d: no error", dies)
		}
		m.Hook = nil
		if dies%2 == 0 {
			deploy(t, m, root, plan)
		}
		destroy(t, m, root, "all")
		untouched(t, m, root, before)
	}
}

// Destroy carries on past what fails, tells all of it, and succeeds when it is
// tried again.
func TestDestroyCarriesOn(t *testing.T) {
	for _, fails := range []string{"Network", "Clear ", "Terminate", "Kill", "GiveBackUplink up0", "RemoveGroups", "Processes"} {
		m, root := runtimetest.New("up0"), tempRoot(t)
		before := m.Objects()
		deploy(t, m, root, compile(t, mixedFile))
		fault := errors.New("machine on fire")
		m.Hook = func(_ context.Context, operation string) error {
			if operation == fails {
				return fault
			}
			return nil
		}
		_, err := runtime.Destroy(t.Context(), root, "all", runtime.Options{Machine: m})
		if !errors.Is(err, fault) && fails != "Terminate" { // the kill makes up for that
			t.Errorf("%s fails: error %v", fails, err)
		}
		m.Hook = nil
		destroy(t, m, root, "all")
		untouched(t, m, root, before)
	}
}

func TestDeployHeals(t *testing.T) {
	plan := compile(t, mixedFile)
	for name, test := range map[string]struct {
		harm func(m *runtimetest.Machine, root string)
		want int // steps that have to be done
	}{
		"node":      {func(m *runtimetest.Machine, root string) { m.KillNode(labDir(t, root, "all"), "a") }, 4},
		"container": {func(m *runtimetest.Machine, root string) { m.KillNode(labDir(t, root, "all"), "c") }, 3},
		"pair":      {func(m *runtimetest.Machine, root string) { m.LosePair(labDir(t, root, "all"), "b:eth1") }, 1},
		"uplink":    {func(m *runtimetest.Machine, root string) { m.SetInterface("up0", runtimetest.Interface{Taken: true}) }, 1},
		// All but the three starts: the nodes live on.
		"keeper": {func(m *runtimetest.Machine, root string) { m.KillKeeper(labDir(t, root, "all")) }, len(plan.Steps) - 3},
		"lab":    {func(m *runtimetest.Machine, root string) { m.KillLab(labDir(t, root, "all")) }, len(plan.Steps) - 3},
	} {
		m, root := runtimetest.New("up0"), tempRoot(t)
		before := m.Objects()
		deploy(t, m, root, plan)
		test.harm(m, root)
		if report := deploy(t, m, root, plan); report.Changed != test.want {
			t.Errorf("%s: healing changed %d steps, want %d", name, report.Changed, test.want)
		}
		if report := deploy(t, m, root, plan); report.Changed != 0 {
			t.Errorf("%s: deploying once more changed %d steps", name, report.Changed)
		}
		destroy(t, m, root, "all")
		untouched(t, m, root, before)
	}
}

// A healing deploy that fails leaves what it has healed, and the rest of the lab
// alone.
func TestDeployHealingFails(t *testing.T) {
	plan := compile(t, mixedFile)
	m, root := runtimetest.New("up0"), tempRoot(t)
	before := m.Objects()
	deploy(t, m, root, plan)
	m.KillNode(labDir(t, root, "all"), "a")
	broken := m.Objects()
	m.Hook = func(_ context.Context, operation string) error {
		if operation == "PutEndpoint a:eth2" {
			return errors.New("machine on fire")
		}
		return nil
	}
	if _, err := runtime.Deploy(t.Context(), root, plan, runtime.Options{Machine: m}); err == nil {
		t.Fatal("no error")
	}
	after := m.Objects()
	for _, object := range broken {
		if !slices.Contains(after, object) {
			t.Errorf("after a failed healing there is no %s any more", object)
		}
	}
	if !slices.ContainsFunc(after, func(object string) bool { return strings.HasPrefix(object, "valelab-init of node a ") }) {
		t.Errorf("after a failed healing node a is down again: %q", after)
	}
	m.Hook = nil
	deploy(t, m, root, plan)
	destroy(t, m, root, "all")
	untouched(t, m, root, before)
}
