package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/runtime/sample"
)

// needRoot skips a test where namespaces can't be made. It tries, on a thread
// that is thrown away, and does not go by the user's number.
func needRoot(t *testing.T) {
	t.Helper()
	result := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		result <- unix.Unshare(unix.CLONE_NEWNET)
	}()
	switch err := <-result; {
	case errors.Is(err, unix.EPERM):
		t.Skip("making network namespaces is not permitted: run as root")
	case err != nil:
		t.Fatalf("make a network namespace: %v", err)
	}
}

// A liveLab is a lab deployed by a test, in a state folder of its own. It is
// destroyed when the test ends, which fails if anything of it is left.
type liveLab struct {
	t    *testing.T
	name string
	root string
}

// newLab is a lab that is not deployed yet. The lab file is called as the lab.
func newLab(t *testing.T, file string) *liveLab {
	t.Helper()
	needRoot(t)
	root, err := os.MkdirTemp("/run", "vl")
	if err != nil {
		t.Fatal(err)
	}
	l := &liveLab{t: t, name: strings.TrimSuffix(filepath.Base(file), ".yml"), root: root}
	t.Cleanup(l.destroy)
	return l
}

// deploy brings the lab file up.
func deploy(t *testing.T, file string) *liveLab {
	t.Helper()
	return deployOn(t, file, *backend)
}

// backend makes the labs of tests use one.
var backend = flag.String("netmap", "", "the `BACKEND` of labs that tests deploy, user or kernel, in the place of what their files say")

// deployOn brings the lab file up with a backend; "" is that of the file.
func deployOn(t *testing.T, file, backend string) *liveLab {
	t.Helper()
	l := newLab(t, file)
	if backend != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		file = filepath.Join(t.TempDir(), filepath.Base(file))
		if err := os.WriteFile(file, []byte(setBackend(string(text), backend)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l.valelab("deploy", file)
	return l
}

// setBackend writes a backend into the text of a lab file that says nothing of it; "" changes nothing.
func setBackend(text, backend string) string {
	if backend == "" {
		return text
	}
	return text + "\nnetmap: " + backend + "\n"
}

// destroy takes the lab down and looks for what is left of it.
func (l *liveLab) destroy() {
	if l.t.Failed() {
		if log, err := os.ReadFile(filepath.Join(l.root, l.name, "agent.log")); err == nil {
			l.t.Logf("agent.log:\n%s", log)
		}
	}
	out, err := l.command("destroy", l.name).CombinedOutput()
	if err != nil {
		l.t.Errorf("destroy: %v\n%s", err, out)
	}
	if _, err := os.Stat(l.root); !errors.Is(err, os.ErrNotExist) {
		l.t.Errorf("state folder %s is left", l.root)
		os.RemoveAll(l.root)
	}
	for _, process := range processesOf(l.t, l.root) {
		l.t.Errorf("process is left: %s", process)
	}
}

// processesOf lists the processes that have the state folder in their arguments.
func processesOf(t *testing.T, root string) []string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, file := range files {
		line, err := os.ReadFile(file)
		if err == nil && bytes.Contains(line, []byte(root+"/")) {
			found = append(found, file+": "+string(bytes.ReplaceAll(line, []byte{0}, []byte{' '})))
		}
	}
	return found
}

// command is a call of valelab on this lab's state folder.
func (l *liveLab) command(args ...string) *exec.Cmd {
	cmd := exec.Command("valelab", args...)
	cmd.Env = append(os.Environ(), "VALELAB_RUN="+l.root)
	return cmd
}

// valelab runs a command that must succeed and returns what it printed.
func (l *liveLab) valelab(args ...string) string {
	l.t.Helper()
	cmd := l.command(args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		l.t.Fatalf("valelab %s: %v\n%s%s", strings.Join(args, " "), err, out, stderr.Bytes())
	}
	return string(out)
}

// in runs a command in a node.
func (l *liveLab) in(node string, command ...string) string {
	l.t.Helper()
	return l.valelab(append([]string{"exec", "--lab", l.name, node, "--"}, command...)...)
}

// start starts a command in a node and ends it with the test.
func (l *liveLab) start(node string, command ...string) {
	l.t.Helper()
	cmd := l.command(append([]string{"exec", "--lab", l.name, node, "--"}, command...)...)
	if err := cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() {
		cmd.Process.Signal(unix.SIGTERM)
		cmd.Wait()
	})
}

// rings returns the counters of the lab by "PORT RING", as in "a:eth1 tx0".
func (l *liveLab) rings() map[string]sample.Ring {
	l.t.Helper()
	var stats sample.Sample
	if err := json.Unmarshal([]byte(l.valelab("stats", l.name, "-f", "json")), &stats); err != nil {
		l.t.Fatalf("stats: %v", err)
	}
	rings := map[string]sample.Ring{}
	for _, ring := range stats.Rings {
		rings[ring.Port+" "+ring.Name()] = ring
	}
	return rings
}

// await calls check until it returns "", and fails with what it returned last
// when that takes too long.
func await(t *testing.T, check func() string) {
	t.Helper()
	for begin := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		why := check()
		if why == "" {
			return
		}
		if time.Since(begin) > 2*time.Minute {
			t.Fatal(why)
		}
	}
}
