package node

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	netmapexec "github.com/valelab/valelab/netmap/exec"
)

// execMark makes a copy of the test binary call Exec: "LABDIR NODE COMMAND...".
const execMark = "VALELAB_TEST_EXEC"

func TestMain(m *testing.M) {
	switch {
	case len(os.Args) > 3 && os.Args[1] == "netmap-exec":
		os.Stderr.WriteString(netmapexec.Run(os.Args[3:]).Error() + "\n")
		os.Exit(125)
	case os.Getenv(execMark) != "":
		os.Unsetenv(execMark)
		err := Exec(os.Args[1], os.Args[2], os.Args[3:], nil)
		os.Stderr.WriteString(err.Error() + "\n")
		os.Exit(125)
	case os.Getenv(starterMark) != "":
		starter(os.Getenv(starterMark))
	case os.Getenv(thiefMark) != "":
		thief()
	case os.Getenv(hastyMark) != "":
		hasty()
	}
	os.Exit(m.Run())
}

// labDir makes a lab's folder and sees to it that nothing of the lab survives
// the test.
func labDir(t *testing.T) string {
	t.Helper()
	root, err := os.MkdirTemp("/run", "vl")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root, "lab")
	t.Cleanup(func() {
		killAll(t, dir)
		if err := os.RemoveAll(root); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// killAll kills every node that has a folder.
func killAll(t *testing.T, dir string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	entries, err := os.ReadDir(filepath.Join(dir, "state"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	for _, entry := range entries {
		p, err := Find(dir, entry.Name())
		if errors.Is(err, ErrGone) {
			continue
		}
		if err != nil {
			t.Error(err)
			continue
		}
		if err := p.Kill(ctx); err != nil {
			t.Error(err)
		}
		p.Close()
	}
}

// run starts a node named n and releases it.
func run(t *testing.T, cfg Config) *Process {
	t.Helper()
	if cfg.LabDir == "" {
		cfg.LabDir = labDir(t)
	}
	if cfg.Name == "" {
		cfg.Name = "n"
	}
	p, err := Start(t.Context(), cfg)
	if errors.Is(err, ErrNotPermitted) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Kill(context.Background()); err != nil {
			t.Error(err)
		}
		p.Close()
	})
	if err := Release(cfg.LabDir, cfg.Name); err != nil {
		t.Fatal(err)
	}
	return p
}

// await waits until the node's status is as wanted.
func await(t *testing.T, dir string, what string, wanted func(Status) bool) Status {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		s, err := ReadStatus(dir, "n")
		if err != nil {
			t.Fatal(err)
		}
		if wanted(s) {
			return s
		}
		if time.Now().After(deadline) {
			log := readLog(t, dir)
			t.Fatalf("status is %+v, want %s\nlog: %s", s, what, log[max(0, len(log)-1000):])
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func isState(state State) func(Status) bool {
	return func(s Status) bool { return s.State == state }
}

// output runs a shell script as the node's command and returns what it wrote.
func output(t *testing.T, cfg Config, script string) string {
	t.Helper()
	cfg.LabDir = labDir(t)
	cfg.Argv = []string{"/bin/sh", "-c", script}
	run(t, cfg)
	await(t, cfg.LabDir, "exited", isState(Exited))
	return readLog(t, cfg.LabDir)
}

func readLog(t *testing.T, dir string) string {
	t.Helper()
	var all []byte
	for _, path := range LogFiles(dir, "n") {
		text, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		all = append(all, text...)
	}
	return string(all)
}

// inNode returns a command of this test binary that executes argv in node n.
func inNode(t *testing.T, dir string, argv ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, append([]string{dir, "n"}, argv...)...)
	cmd.Env = append(os.Environ(), execMark+"=1")
	return cmd
}

// processesOf returns the command lines of the machine's processes that name
// the lab's folder.
func processesOf(t *testing.T, dir string) []string {
	t.Helper()
	var found []string
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range lines {
		line, err := os.ReadFile(path)
		if err == nil && bytes.Contains(line, []byte(dir)) && bytes.HasPrefix(line, []byte("valelab-")) {
			found = append(found, strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return found
}
