package node

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestRootDiskFull: a full disk costs output and no more. The command is never
// held up, and its status is written down once there is room again.
func TestRootDiskFull(t *testing.T) {
	run(t, Config{}) // skips when namespaces are not permitted
	dir := labDir(t)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("lab", dir, "tmpfs", 0, "size=256k"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	run(t, Config{LabDir: dir, Argv: shell("seq 200000; exit 3")})
	await(t, dir, "running", isState(Running))
	deadline := time.Now().Add(10 * time.Second)
	for commandRuns(t, dir) {
		if time.Now().After(deadline) {
			t.Fatal("the command is held up")
		}
		time.Sleep(5 * time.Millisecond)
	}
	if s, err := ReadStatus(dir, "n"); err != nil || s.State != Running {
		t.Fatalf("this disk is not full: status %+v, %v", s, err)
	}
	ended := time.Now()
	time.Sleep(1100 * time.Millisecond)
	if err := os.Truncate(filepath.Join(stateDir(dir, "n"), "log"), 0); err != nil {
		t.Fatal(err)
	}
	s := await(t, dir, "exited", isState(Exited))
	if s.ExitCode != 3 || s.Since.After(ended) {
		t.Errorf("status %+v of a command that ended before %v", s, ended)
	}
}

// commandRuns tells whether init of node n has a child.
func commandRuns(t *testing.T, dir string) bool {
	t.Helper()
	p, err := Find(dir, "n")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		stat, err := os.ReadFile(file)
		if err == nil && strings.Contains(string(stat), fmt.Sprintf(") S %d ", p.PID())) ||
			strings.Contains(string(stat), fmt.Sprintf(") R %d ", p.PID())) {
			return true
		}
	}
	return false
}
