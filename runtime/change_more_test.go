package runtime_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/runtime/runtimetest"
	"github.com/valelab/valelab/runtime/state"
	"github.com/valelab/valelab/topology"
)

// An agent of another build is replaced, and nothing else is touched.
func TestDeployReplacesAgent(t *testing.T) {
	m, root, plan := runtimetest.New("up0"), tempRoot(t), compile(t, labFile)
	deploy(t, m, root, plan)
	before := m.State(labDir(t, root, "all"))
	m.AgeAgent(labDir(t, root, "all"))
	o, err := runtime.Preview(t.Context(), root, plan, runtime.Options{Machine: m})
	if err != nil || len(o.Changes) != 1 || o.Changes[0].Step != "lab" || len(o.Touched) != 0 {
		t.Errorf("preview %+v, %v", o, err)
	}
	if report := deploy(t, m, root, plan); report.Changed != 1 {
		t.Errorf("report %+v", report)
	}
	sameState(t, m, root, before)
	if report := deploy(t, m, root, plan); report.Changed != 0 {
		t.Errorf("deploying again: %+v", report)
	}
}

// A lab of an earlier boot is taken for gone, whatever is written down.
func TestDeployAfterReboot(t *testing.T) {
	for _, changed := range []bool{false, true} {
		m, root, plan := runtimetest.New("up0", "up1"), tempRoot(t), compile(t, labFile)
		before := m.Objects()
		deploy(t, m, root, plan)
		dir := labDir(t, root, "all")
		if err := os.WriteFile(dir.Boot(), []byte("another"), 0o600); err != nil {
			t.Fatal(err)
		}
		m.KillLab(dir)
		m.KillNode(dir, "a")
		m.KillNode(dir, "b")
		if changed {
			plan = compile(t, strings.Replace(labFile, "mtu: 9000", "mtu: 1400", 1))
		}
		o, err := runtime.Preview(t.Context(), root, plan, runtime.Options{Machine: m})
		if err != nil || o.Exists || len(o.Changes) != len(plan.Steps) {
			t.Errorf("preview %+v, %v", o, err)
		}
		if report := deploy(t, m, root, plan); report.Changed != len(plan.Steps) || report.Existed {
			t.Errorf("report %+v", report)
		}
		sameState(t, m, root, ideal(t, plan))
		if report := deploy(t, m, root, plan); report.Changed != 0 {
			t.Errorf("deploying again: %+v", report)
		}
		if err := os.WriteFile(dir.Boot(), []byte("another"), 0o600); err != nil {
			t.Fatal(err)
		}
		destroy(t, m, root, "all")
		untouched(t, m, root, before)
	}
}

// What can't be read is not believed: a node of unknown settings is recreated,
// one whose change was cut off is changed again, and a plan that makes no
// sense is for destroy.
func TestDeployOnGarbage(t *testing.T) {
	m, root, plan := runtimetest.New("up0"), tempRoot(t), compile(t, labFile)
	before := m.Objects()
	deploy(t, m, root, plan)
	dir := labDir(t, root, "all")

	if err := os.WriteFile(dir.Made("a"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	a, b := m.Init(dir, "a"), m.Init(dir, "b")
	deploy(t, m, root, plan)
	if m.Init(dir, "a") == a || m.Init(dir, "b") != b {
		t.Error("not just the node of unknown settings was recreated")
	}

	text, err := os.ReadFile(dir.Made("b"))
	if err == nil {
		err = os.WriteFile(dir.Made("b"), []byte(strings.Replace(string(text), "{", `{"changing":true,`, 1)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if report := deploy(t, m, root, plan); report.Changed != 1 || m.Init(dir, "b") != b {
		t.Errorf("a change that was cut off: report %+v", report)
	}

	for _, file := range []string{dir.Next(), dir.Plan()} {
		if err := os.WriteFile(file, []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := runtime.Deploy(t.Context(), root, plan, runtime.Options{Machine: m})
		var hint *runtime.HintError
		if !errors.As(err, &hint) || hint.Hint != "valelab destroy all" {
			t.Errorf("%s is garbage: error %v", file, err)
		}
	}
	destroy(t, m, root, "all")
	untouched(t, m, root, before)
}

// A change of a lab that is also broken heals it on the way.
func TestDeployChangesBrokenLab(t *testing.T) {
	harms := []func(m *runtimetest.Machine, dir state.Dir){
		func(m *runtimetest.Machine, dir state.Dir) { m.KillNode(dir, "a") },
		func(m *runtimetest.Machine, dir state.Dir) { m.LosePair(dir, "b:eth1") },
		func(m *runtimetest.Machine, dir state.Dir) { m.KillKeeper(dir) },
		func(m *runtimetest.Machine, dir state.Dir) { m.KillLab(dir) },
		func(m *runtimetest.Machine, dir state.Dir) { m.AgeAgent(dir) },
	}
	eachChange(t, func(t *testing.T, from, to *topology.Plan, _ string) {
		want := ideal(t, to)
		for _, harm := range harms {
			m, root := runtimetest.New("up0", "up1"), tempRoot(t)
			deploy(t, m, root, from)
			harm(m, labDir(t, root, "all"))
			deploy(t, m, root, to)
			sameState(t, m, root, want)
			if report := deploy(t, m, root, to); report.Changed != 0 {
				t.Errorf("deploying again changed %d", report.Changed)
			}
		}
	})
}

// A deploy that had to replace an agent that worked, and then fails, says what
// it could not put back.
func TestDeployTellsLostLinks(t *testing.T) {
	m, root, plan := runtimetest.New("up0", "up1"), tempRoot(t), compile(t, labFile)
	deploy(t, m, root, plan)
	m.KillKeeper(labDir(t, root, "all"))
	m.Hook = func(_ context.Context, operation string) error {
		if operation == "PutEndpoint a:eth2" {
			return errors.New("machine on fire")
		}
		return nil
	}
	_, err := runtime.Deploy(t.Context(), root, plan, runtime.Options{Machine: m})
	var failed *runtime.Error
	if !errors.As(err, &failed) || failed.Left == nil || !strings.Contains(failed.Left.Error(), "links that were to change are gone") {
		t.Errorf("error %v", err)
	}
	if _, err := m.Agent(labDir(t, root, "all")).Version(t.Context()); err != nil {
		t.Errorf("the lab is down: %v", err)
	}
	m.Hook = nil
	deploy(t, m, root, plan)
	sameState(t, m, root, ideal(t, plan))
}

// What a deploy that was taken back has cost is said: processes that are new,
// programs that lost their ports.
func TestDeployTellsTheAftermath(t *testing.T) {
	for _, test := range []struct{ from, to, fails, want string }{
		{"mtu: 9000", "mtu: 9000\n    slots: 64", "PutEndpoint b:eth1", "b:eth1 was opened anew: programs that had it open were detached"},
		{"a: {cmd: sleep infinity", "a: {cmd: sleep 1000", "ReleaseNode a", "node a was started anew, with its old settings"},
		{"10.0.0.2/24", "10.0.0.3/24", "AddEndpoint b:eth1", ""},
	} {
		m, root := runtimetest.New("up0", "up1"), tempRoot(t)
		deploy(t, m, root, compile(t, labFile))
		fault, once := errors.New("machine on fire"), false
		m.Hook = func(_ context.Context, operation string) error {
			if strings.HasPrefix(operation, test.fails) && !once {
				once = true
				return fault
			}
			return nil
		}
		plan := compile(t, strings.Replace(labFile, test.from, test.to, 1))
		report, err := runtime.Deploy(t.Context(), root, plan, runtime.Options{Machine: m})
		if !errors.Is(err, fault) || report == nil {
			t.Fatalf("%s: %+v, %v", test.to, report, err)
		}
		if got := strings.Join(report.Notes, "; "); got != test.want {
			t.Errorf("%s: notes %q, want %q", test.to, got, test.want)
		}
		m.Hook = nil
		sameState(t, m, root, ideal(t, compile(t, labFile)))
	}
}
