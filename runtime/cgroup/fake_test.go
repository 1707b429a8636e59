package cgroup

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/valelab/valelab/runtime/state"
)

// fakeFiles lays files out below a folder that stands for a cgroup mount. The
// kernel would make them with each group.
func fakeFiles(t *testing.T, folder string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// content returns what the files below a folder hold.
func content(t *testing.T, folder string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(folder, path)
		files[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func node(t *testing.T, lab *Lab, limits Limits) *Node {
	t.Helper()
	n, err := lab.Node("n", limits)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return n
}

func TestVersion2(t *testing.T) {
	dir := t.TempDir()
	fakeFiles(t, dir, map[string]string{
		"cgroup.controllers":                   "cpuset cpu io memory pids\n",
		"cgroup.subtree_control":               "cpu memory\n",
		"valelab/cgroup.subtree_control":       "",
		"valelab/lab/cgroup.subtree_control":   "",
		"valelab/lab/n/cgroup.procs":           "",
		"valelab/lab/n/cpu.max":                "max 100000\n",
		"valelab/lab/n/memory.max":             "max\n",
		"valelab/lab/n/memory.swap.max":        "max\n",
		"valelab/other/cgroup.subtree_control": "",
	})
	n := node(t, open(mounts{unified: dir}, state.DefaultRoot, "lab"), Limits{CPU: 1.5, Memory: 64 << 20})
	if err := n.Add(42, false); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"cgroup.controllers":                   "cpuset cpu io memory pids\n",
		"cgroup.subtree_control":               "cpu memory\n",
		"valelab/cgroup.subtree_control":       "+memory",
		"valelab/lab/cgroup.subtree_control":   "+memory",
		"valelab/lab/n/cgroup.procs":           "42",
		"valelab/lab/n/cpu.max":                "150000 100000",
		"valelab/lab/n/memory.max":             "67108864",
		"valelab/lab/n/memory.swap.max":        "67108864",
		"valelab/other/cgroup.subtree_control": "",
	}
	if diff := cmp.Diff(want, content(t, dir)); diff != "" {
		t.Error(diff)
	}
	if len(n.Missing) > 0 || n.Dir().Name() != filepath.Join(dir, "valelab/lab/n") {
		t.Errorf("missing %q, folder %s", n.Missing, n.Dir().Name())
	}
}

func TestHybrid(t *testing.T) {
	dir := t.TempDir()
	fakeFiles(t, dir, map[string]string{
		"u/cgroup.controllers":                  "",
		"c/valelab/lab/n/cpu.cfs_period_us":     "",
		"c/valelab/lab/n/cpu.cfs_quota_us":      "",
		"c/valelab/lab/n/cgroup.procs":          "",
		"m/valelab/lab/n/memory.limit_in_bytes": "",
		"m/valelab/lab/n/cgroup.procs":          "",
	})
	m := mounts{filepath.Join(dir, "u"), filepath.Join(dir, "c"), filepath.Join(dir, "m")}
	n := node(t, open(m, state.DefaultRoot+"/", "lab"), Limits{CPU: 0.001, Memory: 1 << 20})
	if err := n.Add(42, true); err != nil { // in the cgroup2 group already
		t.Fatal(err)
	}
	want := map[string]string{
		"u/cgroup.controllers":                  "",
		"c/valelab/lab/n/cpu.cfs_period_us":     "100000",
		"c/valelab/lab/n/cpu.cfs_quota_us":      "1000",
		"c/valelab/lab/n/cgroup.procs":          "42",
		"m/valelab/lab/n/memory.limit_in_bytes": "1048576",
		"m/valelab/lab/n/cgroup.procs":          "42",
	}
	if diff := cmp.Diff(want, content(t, dir)); diff != "" {
		t.Error(diff)
	}
	if len(n.Folders()) != 3 {
		t.Errorf("folders %q", n.Folders())
	}
}

func TestNoControllers(t *testing.T) {
	lab := open(mounts{}, "/run/other", "lab")
	n := node(t, lab, Limits{CPU: 1, Memory: 1})
	want := []string{
		"cpu limit not applied: this machine has no cpu cgroup controller",
		"memory limit not applied: this machine has no memory cgroup controller",
	}
	if diff := cmp.Diff(want, n.Missing); diff != "" {
		t.Error(diff)
	}
	if n.Dir() != nil || len(n.Folders()) > 0 {
		t.Errorf("groups %q on a machine without any", n.Folders())
	}
	if n := node(t, lab, Limits{}); len(n.Missing) > 0 {
		t.Errorf("no limits, but missing %q", n.Missing)
	}
	for _, err := range []error{lab.Kill(), lab.RemoveNode(t.Context(), "n"), lab.Remove(t.Context())} {
		if err != nil {
			t.Error(err)
		}
	}
}

// TestControllerNotHandedDown: a container's kernel may refuse to pass a
// controller on. The limit is then missing, and the node still starts.
func TestControllerNotHandedDown(t *testing.T) {
	dir := t.TempDir()
	fakeFiles(t, dir, map[string]string{"cgroup.controllers": "cpu"}) // no subtree_control to write
	n := node(t, open(mounts{unified: dir}, state.DefaultRoot, "lab"), Limits{CPU: 1})
	if len(n.Missing) != 1 || !strings.Contains(n.Missing[0], "cannot hand the cpu controller down") {
		t.Errorf("missing %q", n.Missing)
	}
}

func TestBase(t *testing.T) {
	for root, want := range map[string]string{
		state.DefaultRoot: "/m/valelab/lab",
		"/run/valelab/":   "/m/valelab/lab",
		"/run/vl1":        "/m/valelab-959aef0a/lab",
	} {
		if got := open(mounts{unified: "/m"}, root, "lab").folders(); len(got) != 1 || got[0] != want {
			t.Errorf("root %s: %q, want %s", root, got, want)
		}
	}
}
