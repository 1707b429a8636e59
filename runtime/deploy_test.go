package runtime_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/runtime/runtimetest"
	"github.com/valelab/valelab/topology"
)

// deploy deploys or fails the test.
func deploy(t *testing.T, m runtime.Machine, root string, plan *topology.Plan) *runtime.Report {
	t.Helper()
	report, err := runtime.Deploy(t.Context(), root, plan, runtime.Options{Machine: m})
	if err != nil {
		t.Fatalf("deploy: %v", err)
	}
	return report
}

// destroy destroys or fails the test.
func destroy(t *testing.T, m runtime.Machine, root, name string) *runtime.Report {
	t.Helper()
	report, err := runtime.Destroy(t.Context(), root, name, runtime.Options{Machine: m})
	if err != nil {
		t.Fatalf("destroy: %v", err)
	}
	return report
}

// untouched fails the test unless the machine is as before and the root gone.
func untouched(t *testing.T, m *runtimetest.Machine, root string, before []string) {
	t.Helper()
	if after := m.Objects(); !slices.Equal(after, before) {
		t.Errorf("left on the machine:\n%s\nwant\n%s", strings.Join(after, "\n"), strings.Join(before, "\n"))
	}
	if _, err := os.Stat(root); !os.IsNotExist(err) {
		t.Errorf("the root is still there: %v", err)
	}
}

func TestDeployAndDestroy(t *testing.T) {
	m, root, plan := runtimetest.New("up0"), tempRoot(t), compile(t, labFile)
	m.SetInterface("up0", runtimetest.Interface{}) // down, to be put back like that
	before := m.Objects()

	report := deploy(t, m, root, plan)
	if report.Changed != len(plan.Steps) || report.Steps != len(plan.Steps) {
		t.Errorf("report %+v of %d steps", report, len(plan.Steps))
	}
	for range 2 {
		if report := deploy(t, m, root, plan); report.Changed != 0 {
			t.Errorf("deploying again: %+v", report)
		}
	}
	if labs, err := runtime.Labs(root); err != nil || !slices.Equal(labs, []string{"all"}) {
		t.Errorf("Labs = %q, %v", labs, err)
	}
	if report := destroy(t, m, root, "all"); report.Changed != 1 {
		t.Errorf("destroy: %+v", report)
	}
	untouched(t, m, root, before)
	if report := destroy(t, m, root, "all"); report.Changed != 0 {
		t.Errorf("destroying again: %+v", report)
	}
}

func TestDeployRefusesUnsupported(t *testing.T) {
	for name, text := range map[string]string{
		"kernel": "name: x\nnetmap: kernel\nswitches: {s: {}}\nnodes:\n  a: {}\nlinks:\n  - [a:eth1, s]\n",
	} {
		m, root := runtimetest.New(), tempRoot(t)
		_, err := runtime.Deploy(t.Context(), root, compile(t, text), runtime.Options{Machine: m})
		if !errors.Is(err, runtime.ErrUnsupported) {
			t.Errorf("%s: error %v, want ErrUnsupported", name, err)
		}
		untouched(t, m, root, []string{})
	}
}

func TestDeployNotes(t *testing.T) {
	text := strings.ReplaceAll(labFile, "{cmd: sleep infinity}", "{cmd: sleep infinity, cpu: 0.5}")
	report := deploy(t, runtimetest.New("up0"), tempRoot(t), compile(t, text))
	if want := []string{"cpu limit not applied"}; !slices.Equal(report.Notes, want) {
		t.Errorf("notes %q, want %q", report.Notes, want)
	}
}

func TestDeployIsBusyWhileDeploying(t *testing.T) {
	m, root, plan := runtimetest.New("up0"), tempRoot(t), compile(t, labFile)
	var busy error
	m.Hook = func(_ context.Context, operation string) error {
		if operation == "StartNode a" {
			_, busy = runtime.Destroy(t.Context(), root, "all", runtime.Options{Machine: m})
		}
		return nil
	}
	deploy(t, m, root, plan)
	if !errors.Is(busy, runtime.ErrBusy) {
		t.Errorf("destroy during a deploy: %v, want ErrBusy", busy)
	}
}

// A lab whose folder was removed by hand is in the way until it is destroyed.
func TestDeployRefusesOrphans(t *testing.T) {
	m, root, plan := runtimetest.New("up0"), tempRoot(t), bigPlan(t, "big", 2)
	before := m.Objects()
	deploy(t, m, root, plan)
	if err := os.RemoveAll(root); err != nil {
		t.Fatal(err)
	}
	_, err := runtime.Deploy(t.Context(), root, plan, runtime.Options{Machine: m})
	var hint *runtime.HintError
	if !errors.As(err, &hint) || hint.Hint != "valelab destroy big" {
		t.Fatalf("error %v", err)
	}
	if report := destroy(t, m, root, "big"); report.Changed != 1 {
		t.Errorf("destroy: %+v", report)
	}
	untouched(t, m, root, before)
}

// A lab that runs but whose plan was removed by hand keeps everything that
// destroy goes by.
func TestDeployKeepsTheFolderOfOrphans(t *testing.T) {
	m, root, plan := runtimetest.New("up0"), tempRoot(t), compile(t, labFile)
	before := m.Objects()
	deploy(t, m, root, plan)
	dir := labDir(t, root, "all")
	if err := os.Remove(dir.Plan()); err != nil {
		t.Fatal(err)
	}
	_, err := runtime.Deploy(t.Context(), root, plan, runtime.Options{Machine: m})
	var hint *runtime.HintError
	if !errors.As(err, &hint) || hint.Hint != "valelab destroy all" {
		t.Fatalf("error %v", err)
	}
	if intents, err := dir.ReadIntents(); err != nil || len(intents) != 1 {
		t.Errorf("intents %v, %v: the uplink would never be given back", intents, err)
	}
	destroy(t, m, root, "all")
	untouched(t, m, root, before)
}

func TestOpenLab(t *testing.T) {
	m, root := runtimetest.New("up0"), tempRoot(t)
	if _, err := runtime.Open(root, "all"); !errors.Is(err, runtime.ErrNotFound) {
		t.Errorf("unknown lab: %v", err)
	}
	deploy(t, m, root, compile(t, labFile))
	lab, err := runtime.Open(root, "all")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := lab.Node("a"); err != nil || n.Name != "a" {
		t.Errorf("node a: %+v, %v", n, err)
	}
	var hint *runtime.HintError
	if _, err := lab.Node("c"); !errors.As(err, &hint) {
		t.Errorf("node c: %v", err)
	}
}
