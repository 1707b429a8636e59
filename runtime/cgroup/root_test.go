package cgroup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// machine returns a lab in the machine's own hierarchies, removed with the
// test, and skips where none can be made.
func machine(t *testing.T) *Lab {
	t.Helper()
	lab, err := Open(t.TempDir(), "lab")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := errors.Join(lab.Kill(), lab.Remove(ctx)); err != nil {
			t.Error(err)
		}
		for _, folder := range lab.folders() {
			if _, err := os.Stat(folder); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s is left: %v", folder, err)
			}
		}
	})
	if len(lab.mounts.all()) == 0 {
		t.Skip("no cgroup hierarchy is mounted")
	}
	n, err := lab.Node("probe", Limits{})
	if errors.Is(err, fs.ErrPermission) {
		t.Skip("cgroups can't be made: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	n.Close()
	return lab
}

// sleeper starts a process in the node's groups.
func sleeper(t *testing.T, n *Node) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("sleep", "1000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	if err := n.Add(cmd.Process.Pid, false); err != nil {
		t.Fatal(err)
	}
	return cmd
}

func TestRootLife(t *testing.T) {
	lab := machine(t)
	limits := Limits{CPU: 0.5, Memory: 64 << 20}
	a := node(t, lab, limits)
	if len(a.Missing) > 0 {
		t.Log(a.Missing)
	}
	again := node(t, lab, Limits{CPU: 2, Memory: 128 << 20}) // growing
	if !slices.Equal(a.Folders(), again.Folders()) {
		t.Errorf("folders %q, then %q", a.Folders(), again.Folders())
	}
	node(t, lab, Limits{CPU: 1, Memory: 32 << 20}) // shrinking
	if len(a.Folders()) == 0 {
		t.Skip("neither cgroup2 nor a controller for limits")
	}
	first, second := sleeper(t, a), sleeper(t, a)
	pids, err := lab.Procs()
	slices.Sort(pids)
	want := []int{first.Process.Pid, second.Process.Pid}
	slices.Sort(want)
	if err != nil || !slices.Equal(pids, want) {
		t.Errorf("processes %v, %v, want %v", pids, err, want)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := lab.RemoveNode(ctx, "n"); err == nil {
		t.Error("a group with processes was removed")
	}
	if err := lab.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := first.Wait(); err == nil {
		t.Error("process ended without a signal")
	}
	second.Wait()
	for range 2 {
		if err := lab.RemoveNode(t.Context(), "n"); err != nil {
			t.Error(err)
		}
	}
}

// TestRootKillOneByOne is the way of version 1: no cgroup.kill.
func TestRootKillOneByOne(t *testing.T) {
	lab := machine(t)
	if lab.mounts.memory == "" {
		t.Skip("no version 1 hierarchy with the memory controller")
	}
	legacy := *lab
	legacy.mounts = mounts{memory: lab.mounts.memory}
	cmd := sleeper(t, node(t, &legacy, Limits{Memory: 64 << 20}))
	pids, err := legacy.Procs()
	if err != nil || len(pids) != 1 || pids[0] != cmd.Process.Pid {
		t.Errorf("processes %v, %v", pids, err)
	}
	if err := legacy.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("process ended without a signal")
	}
}

// The limits of a node that runs are changed, given and taken away.
func TestRootUpdate(t *testing.T) {
	lab := machine(t)
	cmd := sleeper(t, node(t, lab, Limits{}))
	limit := func() string {
		for _, file := range []string{
			lab.mounts.memory + "/" + lab.base + "/lab/n/memory.limit_in_bytes", lab.mounts.unified + "/" + lab.base + "/lab/n/memory.max",
		} {
			if text, err := os.ReadFile(file); err == nil {
				return strings.TrimSpace(string(text))
			}
		}
		return "none"
	}
	for _, limits := range []Limits{{Memory: 64 << 20, CPU: 1}, {Memory: 32 << 20, CPU: 0.5}, {Memory: 128 << 20}} {
		missing, err := lab.Update("n", limits)
		if err != nil {
			t.Fatal(err)
		}
		if len(missing) > 0 {
			t.Skip(missing)
		}
		if got := limit(); got != strconv.FormatInt(limits.Memory, 10) {
			t.Errorf("limit %s, want %d", got, limits.Memory)
		}
	}
	cgroups, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", cmd.Process.Pid))
	if err != nil || lab.mounts.memory != "" && !strings.Contains(string(cgroups), "memory:/"+lab.base+"/lab/n\n") {
		t.Errorf("the process is in the groups %v\n%s", err, cgroups)
	}
	if _, err := lab.Update("n", Limits{}); err != nil {
		t.Fatal(err)
	}
	if got, err := strconv.ParseInt(limit(), 10, 64); err == nil && got < 1<<50 {
		t.Errorf("a limit of %d is left", got)
	}
}
