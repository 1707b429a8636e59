package plugin

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/valelab/valelab/runtime/keeper"
	"github.com/valelab/valelab/runtime/state"
)

// TestPair: the end of either process is told once, and the pair is none then.
func TestPair(t *testing.T) {
	root, err := state.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, dies := range []string{"keeper", "agent"} {
		dir, err := root.Lab(dies)
		if err != nil {
			t.Fatal(err)
		}
		processes := map[string]*exec.Cmd{"keeper": begin(t), "agent": begin(t)}
		if err := state.WritePID(filepath.Join(dir.Path(), keeper.PIDFile), pidOf(t, processes["keeper"])); err != nil {
			t.Fatal(err)
		}
		lost := make(chan struct{}, 2)
		p, err := watchPair(dir, processes["agent"].Process.Pid, func() { lost <- struct{}{} })
		if err != nil {
			t.Fatal(err)
		}
		if !p.alive() || !keeperAlive(dir) || len(lost) > 0 {
			t.Errorf("%s: not alive, or lost %d times", dies, len(lost))
		}
		if err := processes[dies].Process.Kill(); err != nil {
			t.Fatal(err)
		}
		<-lost
		if p.alive() || keeperAlive(dir) != (dies == "agent") {
			t.Errorf("%s: alive after its end", dies)
		}
		p.end()
		if p.alive() {
			t.Errorf("%s: alive without a pair", dies)
		}
	}
}

func pidOf(t *testing.T, cmd *exec.Cmd) state.PID {
	t.Helper()
	start, err := state.StartTime(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	return state.PID{Number: cmd.Process.Pid, Start: start}
}

// begin starts a process that lasts as long as the test.
func begin(t *testing.T) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("sleep", "1000")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd
}
