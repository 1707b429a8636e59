package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/valelab/valelab/runtime/cgroup"
)

// group makes the node's control group, removed with the test.
func group(t *testing.T, dir string, limits cgroup.Limits) *cgroup.Node {
	t.Helper()
	lab, err := cgroup.Open(filepath.Dir(dir), filepath.Base(dir))
	if err != nil {
		t.Fatal(err)
	}
	n, err := lab.Node("n", limits)
	if errors.Is(err, fs.ErrPermission) {
		t.Skip("cgroups can't be made: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	folders := n.Folders()
	t.Cleanup(func() {
		n.Close()
		killAll(t, dir)
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := lab.Remove(ctx); err != nil {
			t.Error(err)
		}
		for _, folder := range folders {
			if _, err := os.Stat(folder); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s is left: %v", folder, err)
			}
		}
	})
	if len(n.Missing) > 0 {
		t.Skip(n.Missing)
	}
	return n
}

// TestRootMemoryLimit: a command that takes more than it may is killed, and
// the node's init is not.
func TestRootMemoryLimit(t *testing.T) {
	dir := labDir(t)
	p := run(t, Config{
		LabDir: dir, Argv: []string{"tail", "/dev/zero"},
		Cgroup: group(t, dir, cgroup.Limits{Memory: 32 << 20}),
	})
	s := await(t, dir, "exited", isState(Exited))
	if s.Signal != 9 {
		t.Errorf("status %+v, want signal 9", s)
	}
	if err := p.signal(0); err != nil {
		t.Errorf("init: %v", err)
	}
	// What exec runs is in the group too.
	if err := inNode(t, dir, "tail", "/dev/zero").Run(); exitCode(err) != 137 {
		t.Errorf("by exec: %v, want status 137", err)
	}
}

// TestRootCPULimit: a busy command gets its share and no more.
func TestRootCPULimit(t *testing.T) {
	dir := labDir(t)
	p := run(t, Config{
		LabDir: dir, Argv: shell("while :; do :; done"),
		Cgroup: group(t, dir, cgroup.Limits{CPU: 0.2}),
	})
	await(t, dir, "running", isState(Running))
	const span = time.Second
	before := processorTime(t, dir)
	time.Sleep(span)
	used := processorTime(t, dir) - before
	if share := used.Seconds() / span.Seconds(); share > 0.3 || share == 0 {
		t.Errorf("a command limited to 0.2 processors used %.2f", share)
	}
	if err := p.Kill(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// processorTime returns what the node's command has used.
func processorTime(t *testing.T, dir string) time.Duration {
	t.Helper()
	s, err := ReadStatus(dir, "n")
	if err != nil {
		t.Fatal(err)
	}
	stat, err := inNode(t, dir, "cat", fmt.Sprintf("/proc/%d/stat", s.PID)).Output()
	if err != nil {
		t.Fatal(err)
	}
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	var ticks time.Duration
	if _, err := fmt.Sscan(string(fields[11]), &ticks); err != nil {
		t.Fatal(err)
	}
	return ticks * 10 * time.Millisecond // 100 ticks a second, on every architecture
}

// TestRootKill: the end of a node is the end of all that was in it.
func TestRootKill(t *testing.T) {
	dir := labDir(t)
	n := group(t, dir, cgroup.Limits{})
	p := run(t, Config{LabDir: dir, Cgroup: n, Argv: shell("sleep 1000 & setsid sleep 1000 & echo up; wait")})
	await(t, dir, "its start", func(Status) bool { return readLog(t, dir) == "up\n" })
	ns, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/mnt", p.PID()))
	if err != nil {
		t.Fatal(err)
	}
	lab, err := cgroup.Open(filepath.Dir(dir), filepath.Base(dir))
	if err != nil {
		t.Fatal(err)
	}
	if pids, err := lab.Procs(); err != nil || len(n.Folders()) > 0 && len(pids) != 4 {
		t.Errorf("in the group: %v, %v; want init, a shell and two sleepers", pids, err)
	}
	again, err := Find(dir, "n")
	if err != nil || again.PID() != p.PID() || again.StartTime() != p.StartTime() {
		t.Fatalf("found %+v, %v", again, err)
	}
	for range 2 {
		if err := again.Kill(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	again.Close()
	if pids, err := lab.Procs(); err != nil || len(pids) > 0 {
		t.Errorf("still in the group: %v, %v", pids, err)
	}
	links, err := filepath.Glob("/proc/[0-9]*/ns/mnt")
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range links {
		if other, err := os.Readlink(link); err == nil && other == ns {
			t.Errorf("%s keeps the node's mounts", link)
		}
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil || strings.Contains(string(mounts), dir) {
		t.Errorf("mounts of the node on the machine: %v\n%s", err, mounts)
	}
	checkGone(t, dir, p)
	for range 2 {
		if err := Remove(dir, "n"); err != nil {
			t.Error(err)
		}
	}
	if left, err := filepath.Glob(dir + "/*/n"); err != nil || len(left) > 0 {
		t.Errorf("left: %q, %v", left, err)
	}
	checkGone(t, dir, p)
}

// checkGone asks for a dead node in every way.
func checkGone(t *testing.T, dir string, p *Process) {
	t.Helper()
	if _, err := Find(dir, "n"); !errors.Is(err, ErrGone) {
		t.Errorf("Find: %v", err)
	}
	if err := Release(dir, "n"); !errors.Is(err, ErrGone) {
		t.Errorf("Release: %v", err)
	}
	if err := Exec(dir, "n", []string{"true"}, nil); !errors.Is(err, ErrGone) {
		t.Errorf("Exec: %v", err)
	}
	if _, err := p.NetNS(); !errors.Is(err, ErrGone) {
		t.Errorf("NetNS: %v", err)
	}
}

// TestRootNumberReused: a pid file that names another process is not the node.
func TestRootNumberReused(t *testing.T) {
	dir := labDir(t)
	p := run(t, Config{LabDir: dir})
	path := filepath.Join(stateDir(dir, "n"), "pid")
	for _, line := range []string{
		fmt.Sprintf("%d %d\n", p.PID(), p.StartTime()+1),
		fmt.Sprintf("%d %d\n", os.Getpid(), p.StartTime()),
		"999999999 1\n",
	} {
		if err := os.WriteFile(path, []byte(line), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Find(dir, "n"); !errors.Is(err, ErrGone) {
			t.Errorf("%q: %v", line, err)
		}
	}
	own, err := startTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, fmt.Appendf(nil, "%d %d\n", os.Getpid(), own), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Find(dir, "n"); !errors.Is(err, ErrGone) { // alive, but not marked
		t.Errorf("this test is taken for init: %v", err)
	}
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Find(dir, "n"); err == nil || errors.Is(err, ErrGone) {
		t.Errorf("bad pid file: %v", err)
	}
	if err := os.Remove(path); err != nil { // p is killed by its descriptor
		t.Fatal(err)
	}
}
