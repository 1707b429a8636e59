package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/runtime/keeper"
	"github.com/valelab/valelab/runtime/state"
)

// This test binary is the keeper of its tests too (by the constructor in
// package keeper), and the agent that the keeper starts, by this:
func TestMain(m *testing.M) {
	if os.Args[0] == "valelab-agent" {
		if err := Main(context.Background(), os.Args[1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if os.Args[0] == "valelab-flood" { // of TestRootKilledSender
		fmt.Fprintln(os.Stderr, flood(os.Args[1]))
		os.Exit(1)
	}
	if os.Args[0] == "guest-program" {
		guestProgram(os.Args[1], os.Args[2:])
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("no %s in %v", what, patience)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// testLab is a lab with a keeper and an agent of its own.
type testLab struct {
	testing.TB
	*Client
	dir    string
	keeper state.PID
	lab    namespace
}

// startLab starts a lab and sees to it that nothing is left of it.
func startLab(t testing.TB) *testLab {
	t.Helper()
	return startLabOn(t, newNamespace(t))
}

// startLabOn starts a lab on the machine that a namespace stands for.
func startLabOn(t testing.TB, machine namespace) *testLab {
	t.Helper()
	dir, err := os.MkdirTemp("/run", "vl")
	if err != nil {
		t.Fatal(err)
	}
	l := &testLab{TB: t, Client: Dial(dir), dir: dir}
	t.Cleanup(func() {
		l.Client.Close()
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(dir, "agent.log"))
			t.Logf("agent.log:\n%s", log)
		}
		os.RemoveAll(dir)
	})
	machine.do(t, func() (err error) {
		l.keeper, err = keeper.Start(t.Context(), keeper.Config{LabDir: dir})
		return err
	})
	t.Cleanup(l.end)
	l.lab = namespaceOf(t, l.version().PID)
	return l
}

// end ends the keeper and waits until no process is left.
func (l *testLab) end() {
	l.Helper()
	_ = unix.Kill(l.keeper.Number, unix.SIGTERM) // it may be gone already
	eventually(l, "end of keeper and agent", func() bool { return !l.lives() })
}

// lives says whether there is a process with the lab's mark.
func (l *testLab) lives() bool {
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, line := range lines {
		text, err := os.ReadFile(line)
		argv := strings.Split(string(text), "\x00")
		if err == nil && len(argv) > 1 && argv[1] == l.dir {
			return true
		}
	}
	return false
}

// version waits until an agent answers.
func (l *testLab) version() (v *Version) {
	l.Helper()
	eventually(l, "answer of the agent", func() (ok bool) {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		var err error
		v, err = l.Client.Version(ctx)
		if err != nil && !errors.Is(err, ErrNoAgent) {
			l.Fatal(err)
		}
		return err == nil
	})
	return v
}

// kill kills the agent and waits for the next one.
func (l *testLab) kill() (took time.Duration) {
	l.Helper()
	before := l.version()
	begin := time.Now()
	if err := unix.Kill(before.PID, unix.SIGKILL); err != nil {
		l.Fatal(err)
	}
	eventually(l, "next agent", func() bool { return l.version().PID != before.PID })
	return time.Since(begin)
}

// must fails the test on an error of a PUT.
func (l *testLab) must(_ bool, err error) {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
}

// inventory asks for the lab.
func (l *testLab) inventory() *Lab {
	l.Helper()
	lab, err := l.Client.Lab(l.Context())
	if err != nil {
		l.Fatal(err)
	}
	return lab
}
