package runtime_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/runtime/runtimetest"
)

func TestInspect(t *testing.T) {
	m, root := runtimetest.New("up0"), tempRoot(t)
	if _, err := runtime.InspectOn(t.Context(), m, root, "all"); !errors.Is(err, runtime.ErrNotFound) {
		t.Errorf("unknown lab: %v", err)
	}
	if err := os.MkdirAll(root, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("loop", filepath.Join(root, "loop")); err != nil {
		t.Fatal(err)
	}
	if _, err := runtime.InspectOn(t.Context(), m, root, "loop"); err == nil || errors.Is(err, runtime.ErrNotFound) {
		t.Errorf("lab that can't be looked into: %v", err)
	}
	deploy(t, m, root, compile(t, labFile))
	dir := labDir(t, root, "all")
	look := func(want runtime.LabState) *runtime.Inspection {
		t.Helper()
		i, err := runtime.InspectOn(t.Context(), m, root, "all")
		if err != nil {
			t.Fatal(err)
		}
		if i.State != want {
			t.Errorf("state %s, want %s: %+v", i.State, want, i)
		}
		return i
	}

	i := look(runtime.LabRunning)
	if i.Lab != "all" || i.Folder != dir.Path() || i.Agent == nil || i.Keeper == 0 {
		t.Errorf("inspection %+v", i)
	}
	if len(i.Nodes) != 2 || i.Nodes[0].Name != "a" || i.Nodes[0].State != "running" || i.Nodes[0].Init == 0 {
		t.Errorf("nodes %+v", i.Nodes)
	}
	if len(i.Switches) != 3 || i.Switches[0].Name != "a:eth2--b:eth2" || !i.Switches[0].Wire || i.Switches[0].Ports != 2 {
		t.Errorf("switches %+v", i.Switches)
	}
	if len(i.Endpoints) != 4 || i.Endpoints[0].State != "socket" || i.Endpoints[0].IPv4[0] != "10.0.0.1/24" {
		t.Errorf("endpoints %+v", i.Endpoints)
	}
	if len(i.Trunks) != 1 || i.Trunks[0] != (runtime.TrunkInspection{A: "left", B: "right", State: "running"}) {
		t.Errorf("trunks %+v", i.Trunks)
	}
	if len(i.Uplinks) != 1 || i.Uplinks[0] != (runtime.UplinkInspection{Interface: "up0", Switch: "right", Host: "take", State: "running"}) {
		t.Errorf("uplinks %+v", i.Uplinks)
	}

	m.KillNode(dir, "a")
	if i = look(runtime.LabPartial); i.Nodes[0].State != "missing" || i.Nodes[1].State != "running" {
		t.Errorf("nodes %+v", i.Nodes)
	}
	deploy(t, m, root, compile(t, labFile))
	m.KillKeeper(dir)
	if i = look(runtime.LabPartial); i.Keeper != 0 || i.Agent == nil || i.Switches[0].State != "running" {
		t.Errorf("inspection without a keeper %+v", i)
	}
	m.KillLab(dir)
	if i = look(runtime.LabDown); i.Agent != nil || i.Switches[0].State != "missing" || i.Nodes[1].State != "running" {
		t.Errorf("inspection %+v", i)
	}
}
