package runtime_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"

	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/runtime/internal/netnstest"
	"github.com/valelab/valelab/runtime/state"
	"github.com/valelab/valelab/topology"
)

// runRoot returns a state root for real labs: short, and in memory.
func runRoot(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/run", "vl")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "r")
}

// addUplink gives the machine an interface "up0", down.
func addUplink(t testing.TB) {
	t.Helper()
	attrs := netlink.NewLinkAttrs()
	attrs.Name = "up0"
	if err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: "up1", PeerTxQLen: -1}); err != nil {
		t.Fatal(err)
	}
}

func TestRootDeployAndDestroy(t *testing.T) {
	if !netnstest.Process(t) {
		return
	}
	addUplink(t)
	root, plan := runRoot(t), compile(t, labFile)
	t.Cleanup(func() { _, _ = runtime.Destroy(context.Background(), root, "all", runtime.Options{}) })
	before := snapshot(t, root)
	report, err := runtime.Deploy(t.Context(), root, plan, runtime.Options{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	if report.Changed != len(plan.Steps) {
		t.Errorf("report %+v", report)
	}
	inspection, err := runtime.Inspect(t.Context(), root, "all")
	if err != nil || inspection.State != runtime.LabRunning || len(inspection.Endpoints) != 4 {
		t.Errorf("inspection %+v, %v", inspection, err)
	}
	report, err = runtime.Deploy(t.Context(), root, plan, runtime.Options{})
	if err != nil || report.Changed != 0 {
		t.Errorf("deploying again: %+v, %v", report, err)
	}
	for range 2 {
		if _, err := runtime.Destroy(t.Context(), root, "all", runtime.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	unchanged(t, root, before)
}

// deployed deploys a lab or fails the test; it is destroyed with the test.
func deployed(t *testing.T, root string, plan *topology.Plan) {
	t.Helper()
	t.Cleanup(func() { _, _ = runtime.Destroy(context.Background(), root, plan.Lab, runtime.Options{}) })
	if _, err := runtime.Deploy(t.Context(), root, plan, runtime.Options{}); err != nil {
		t.Fatal(err)
	}
}

// A deploy whose agent does not start says why, in the agent's own words.
func TestRootDeployWithoutAgent(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits for an agent that never answers")
	}
	if !netnstest.Process(t) {
		return
	}
	root := runRoot(t)
	before := snapshot(t, root)
	_, err := runtime.Deploy(t.Context(), root, bigPlan(t, brokenLab, 2), runtime.Options{})
	if err == nil || !strings.Contains(err.Error(), "agent: this one can't start") {
		t.Errorf("error %v", err)
	}
	unchanged(t, root, before)
}

// A lab whose folder was removed by hand is found by its processes.
func TestRootDestroyWithoutFolder(t *testing.T) {
	if !netnstest.Process(t) {
		return
	}
	addUplink(t)
	root, plan := runRoot(t), compile(t, strings.Replace(labFile, "name: all", "name: orphan", 1))
	if up, err := netlink.LinkByName("up0"); err != nil || netlink.LinkSetUp(up) != nil {
		t.Fatal(err) // how it was can't be known without the folder
	}
	before := snapshot(t, root)
	deployed(t, root, plan)
	if err := os.RemoveAll(root); err != nil {
		t.Fatal(err)
	}
	if labs, err := runtime.Labs(root); err != nil || !slices.Equal(labs, []string{"orphan"}) {
		t.Errorf("Labs = %q, %v", labs, err)
	}
	report, err := runtime.Destroy(t.Context(), root, "orphan", runtime.Options{})
	if err != nil || report.Changed != 1 {
		t.Fatalf("destroy: %+v, %v", report, err)
	}
	unchanged(t, root, before)
	qdiscs, err := netlink.QdiscList(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range qdiscs {
		if q.Type() == "clsact" {
			t.Errorf("an interface is not given back: %v", q)
		}
	}
}

// Two labs do not know of each other: destroying one leaves the other whole.
func TestRootDestroyLeavesOtherLabs(t *testing.T) {
	if !netnstest.Process(t) {
		return
	}
	root := runRoot(t)
	before := snapshot(t, root)
	one, two := bigPlan(t, "one", 2), bigPlan(t, "two", 2)
	deployed(t, root, one)
	alone := settled(t, root)
	deployed(t, root, two)
	if _, err := runtime.Destroy(t.Context(), root, "two", runtime.Options{}); err != nil {
		t.Fatal(err)
	}
	unchanged(t, root, alone)
	if report, err := runtime.Deploy(t.Context(), root, one, runtime.Options{}); err != nil || report.Changed != 0 {
		t.Errorf("the other lab: %+v, %v", report, err)
	}
	if _, err := runtime.Destroy(t.Context(), root, "one", runtime.Options{}); err != nil {
		t.Fatal(err)
	}
	unchanged(t, root, before)
}

// An interface of the machine is the uplink of one lab at a time.
func TestRootUplinkOfAnotherLab(t *testing.T) {
	if !netnstest.Process(t) {
		return
	}
	addUplink(t)
	root := runRoot(t)
	deployed(t, root, compile(t, labFile))
	with := settled(t, root)
	second := compile(t, strings.Replace(labFile, "name: all", "name: second", 1))
	_, err := runtime.Deploy(t.Context(), root, second, runtime.Options{})
	var hint *runtime.HintError
	if !errors.As(err, &hint) || hint.Hint != "valelab destroy all" {
		t.Errorf("error %v", err)
	}
	unchanged(t, root, with)
}

// What a user breaks in a running lab, another deploy of the same plan makes
// whole.
func TestRootDeployHeals(t *testing.T) {
	if !netnstest.Process(t) {
		return
	}
	addUplink(t)
	root, plan := runRoot(t), compile(t, labFile)
	before := snapshot(t, root)
	deployed(t, root, plan)
	for _, harm := range []struct {
		role state.Role
		node string
	}{{state.Init, "a"}, {state.Keeper, ""}, {state.Init, "b"}} {
		killRole(t, root, harm.role, harm.node)
		report, err := runtime.Deploy(t.Context(), root, plan, runtime.Options{})
		if err != nil || report.Changed == 0 {
			t.Fatalf("healing after the end of %s %s: %+v, %v", harm.role, harm.node, report, err)
		}
		i, err := runtime.Inspect(t.Context(), root, "all")
		if err != nil || i.State != runtime.LabRunning {
			t.Fatalf("after the end of %s %s: %+v, %v", harm.role, harm.node, i, err)
		}
		if report, err = runtime.Deploy(t.Context(), root, plan, runtime.Options{}); err != nil || report.Changed != 0 {
			t.Fatalf("deploying once more after the end of %s %s: %+v, %v", harm.role, harm.node, report, err)
		}
	}
	if _, err := runtime.Destroy(t.Context(), root, "all", runtime.Options{}); err != nil {
		t.Fatal(err)
	}
	unchanged(t, root, before)
}

// killRole kills one process of the lab "all".
func killRole(t *testing.T, root string, role state.Role, node string) {
	t.Helper()
	settled(t, root)
	all, err := labDir(t, root, "all").Processes()
	if err != nil {
		t.Fatal(err)
	}
	var found []state.Process
	for _, p := range all {
		if p.Role == role && p.Node == node {
			found = append(found, p)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%s %s: found %v", role, node, found)
	}
	if err := state.Kill(t.Context(), found); err != nil {
		t.Fatal(err)
	}
}
