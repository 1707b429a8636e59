package runtime_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/runtime/runtimetest"
	"github.com/valelab/valelab/runtime/state"
)

// What a preview says a deploy then does, and the preview itself nothing.
func TestPreview(t *testing.T) {
	plan := compile(t, labFile)
	for name, harm := range map[string]func(m *runtimetest.Machine, dir state.Dir){
		"nothing": func(*runtimetest.Machine, state.Dir) {},
		"node":    func(m *runtimetest.Machine, dir state.Dir) { m.KillNode(dir, "a") },
		"pair":    func(m *runtimetest.Machine, dir state.Dir) { m.LosePair(dir, "b:eth1") },
		"uplink": func(m *runtimetest.Machine, _ state.Dir) {
			m.SetInterface("up0", runtimetest.Interface{Taken: true})
		},
		"keeper": func(m *runtimetest.Machine, dir state.Dir) { m.KillKeeper(dir) },
		"lab":    func(m *runtimetest.Machine, dir state.Dir) { m.KillLab(dir) },
		"all": func(m *runtimetest.Machine, dir state.Dir) {
			m.KillLab(dir)
			m.KillNode(dir, "a")
			m.KillNode(dir, "b")
		},
	} {
		m, root := runtimetest.New("up0"), tempRoot(t)
		preview := func() *runtime.Outlook {
			t.Helper()
			before := m.Objects()
			o, err := runtime.Preview(t.Context(), root, plan, runtime.Options{Machine: m})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if after := m.Objects(); !slices.Equal(after, before) {
				t.Errorf("%s: the preview changed %q to %q", name, before, after)
			}
			return o
		}
		if o := preview(); o.Exists || len(o.Changes) != len(plan.Steps) || o.Steps != len(plan.Steps) {
			t.Errorf("%s: on an empty machine %+v", name, o)
		}
		untouched(t, m, root, m.Objects())

		deploy(t, m, root, plan)
		harm(m, labDir(t, root, "all"))
		o := preview()
		report := deploy(t, m, root, plan)
		if !o.Exists || len(o.Changes) != report.Changed {
			t.Errorf("%s: preview %+v, and deploying changed %d steps", name, o, report.Changed)
		}
		for _, missing := range o.Changes {
			if missing.Why == "" {
				t.Errorf("%s: step %s is missing for no reason", name, missing.Step)
			}
		}
	}
}

// A preview fails where the deploy would.
func TestPreviewRefuses(t *testing.T) {
	m, root := runtimetest.New("up0"), tempRoot(t)
	kernel := compile(t, "netmap: kernel\n"+labFile)
	if _, err := runtime.Preview(t.Context(), root, kernel, runtime.Options{Machine: m}); !errors.Is(err, runtime.ErrUnsupported) {
		t.Errorf("kernel backend: error %v", err)
	}
}
