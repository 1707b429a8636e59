package runtime_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/runtime/runtimetest"
)

// operationsOf records what is asked of a machine, by name.
func operationsOf(m *runtimetest.Machine) *[]string {
	var mu sync.Mutex
	var all []string
	m.Hook = func(_ context.Context, operation string) error {
		name, _, _ := strings.Cut(operation, " ")
		mu.Lock()
		all = append(all, name)
		mu.Unlock()
		return nil
	}
	return &all
}

// A destroy takes everything off netmap's module before anything ends that takes devices along, be there an agent or
// not; and the namespace of a lab on the module is held as long as the lab is there.
func TestDestroyDetachesFirst(t *testing.T) {
	for name, kill := range map[string]bool{"an agent": false, "no agent": true} {
		m, root := runtimetest.New("up0"), tempRoot(t)
		m.NetmapModule = true
		done := operationsOf(m)
		deploy(t, m, root, compile(t, backendLab("kernel")+"  - [s, host:up0]\n"))
		if !slices.Contains(*done, "HoldNetwork") {
			t.Errorf("%s: the namespace is not held: %q", name, *done)
		}
		if kill {
			m.KillLab(labDir(t, root, "all"))
		}
		*done = nil
		if _, err := runtime.Destroy(t.Context(), root, "all", runtime.Options{Machine: m}); err != nil {
			t.Fatal(err)
		}
		first := "Detach"
		if kill {
			first = "DropNetwork"
		}
		uplinks, devices, ends := slices.Index(*done, "DetachUplinks"), slices.Index(*done, first), slices.Index(*done, "Kill")
		if uplinks < 0 || devices < uplinks || ends < devices || slices.Contains((*done)[:devices], "RemoveContainers") {
			t.Errorf("%s: %q", name, *done)
		}
		if last := slices.Index(*done, "DropNetwork"); last < 0 || slices.Contains((*done)[max(last, devices)+1:], "Detach") {
			t.Errorf("%s: the namespace is held for ever: %q", name, *done)
		}
	}
}

// The user-space switch needs nothing held.
func TestUserLabHoldsNothing(t *testing.T) {
	m := runtimetest.New()
	done := operationsOf(m)
	deploy(t, m, tempRoot(t), compile(t, backendLab("user")))
	if slices.Contains(*done, "HoldNetwork") {
		t.Errorf("%q", *done)
	}
}
