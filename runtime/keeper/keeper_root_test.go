package keeper

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/runtime/state"
)

// patience is how long a test waits for what must happen.
const patience = 20 * time.Second

// startKeeper starts a keeper with an agent of this test binary, and sees to
// it that nothing is left of them.
func startKeeper(t *testing.T, agent string) (labDir string, pid state.PID) {
	t.Helper()
	needNamespaces(t)
	labDir, err := os.MkdirTemp("/run", "vl")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(labDir) })
	pid, err = Start(t.Context(), Config{LabDir: labDir, Env: []string{"TEST_AGENT=" + agent}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { endKeeper(t, labDir, pid) })
	return labDir, pid
}

// endKeeper ends a keeper by SIGTERM and checks that no process is left.
func endKeeper(t *testing.T, labDir string, pid state.PID) {
	t.Helper()
	_ = unix.Kill(pid.Number, unix.SIGTERM) // it may be gone already
	eventually(t, "end of keeper and agent", func() bool { return len(processes(t, labDir)) == 0 })
}

// processes returns the argv of the living processes with the mark of a lab.
func processes(t *testing.T, labDir string) (found []string) {
	t.Helper()
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines {
		text, err := os.ReadFile(line)
		argv := strings.Split(string(text), "\x00")
		if err == nil && len(argv) > 1 && argv[1] == labDir {
			found = append(found, argv[0])
		}
	}
	return found
}

func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("no %s in %v", what, patience)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// awaitSightings waits until so many agents have started and returns theirs.
func awaitSightings(t *testing.T, labDir string, n int) (all []sighting) {
	t.Helper()
	eventually(t, fmt.Sprintf("start of agent %d", n), func() bool {
		all = sightings(t, labDir)
		return len(all) >= n
	})
	return all
}

func TestRootAgentGetsEverythingBack(t *testing.T) {
	labDir, pid := startKeeper(t, "")
	const kills = 7
	for i := range kills {
		last := awaitSightings(t, labDir, i+1)[i]
		if i == kills-1 {
			time.Sleep(1200 * time.Millisecond) // an agent that lived so long is a good one
		}
		killed := time.Now()
		if err := unix.Kill(last.PID, unix.SIGKILL); err != nil {
			t.Fatal(err)
		}
		awaitSightings(t, labDir, i+2)
		// The pause would be 3.2 s by the last kill, had that agent not lived.
		if took := time.Since(killed); (i == 0 || i == kills-1) && took > 3*time.Second {
			t.Errorf("agent %d took %v to start", i+1, took)
		}
	}
	all := sightings(t, labDir)
	if all[0].Entries != nil || all[0].Restarts != 0 || all[0].Killed {
		t.Errorf("the first agent saw %+v", all[0])
	}
	var keys []string
	for _, entry := range all[1].Entries {
		keys = append(keys, fmt.Sprintf("%s %d %d", entry.Key, len(entry.Payload), len(entry.Files)))
	}
	if want := []string{"none 0 0", "replaced 3 1", "all 7 4", fmt.Sprintf("big %d %d", MaxPayload, MaxFiles)}; !reflect.DeepEqual(keys, want) {
		t.Errorf("entries %q, want %q", keys, want)
	}
	machine := link("/proc/thread-self/ns/net") // the main thread's may be one of a test
	for i, s := range all[1:] {
		if !reflect.DeepEqual(s.Entries, all[1].Entries) {
			t.Fatalf("agent %d got other entries than agent 1", i+1)
		}
		if s.Restarts != i+1 || !s.Killed {
			t.Errorf("agent %d was told of %d restarts, killed %v", i+1, s.Restarts, s.Killed)
		}
		if s.Lab != all[0].Lab || s.Lab == machine || !strings.HasPrefix(s.Machine, machine+" ") {
			t.Errorf("agent %d is in namespace %s, machine's is %s", i+1, s.Lab, s.Machine)
		}
	}
	endKeeper(t, labDir, pid)
}

func TestRootAgentAsksForTheEnd(t *testing.T) {
	labDir, _ := startKeeper(t, "")
	awaitSightings(t, labDir, 1)
	if err := os.WriteFile(filepath.Join(labDir, "end"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, "end", func() bool { return len(processes(t, labDir)) == 0 })
	if n := len(sightings(t, labDir)); n != 1 {
		t.Errorf("%d agents were started, want 1", n)
	}
}

func TestRootCrashingAgentIsHeldBack(t *testing.T) {
	labDir, pid := startKeeper(t, "crash")
	var starts []int64
	eventually(t, "sixth start", func() bool {
		text, err := os.ReadFile(filepath.Join(labDir, "starts"))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		starts = nil
		for _, line := range strings.Fields(string(text)) {
			ms, err := strconv.ParseInt(line, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			starts = append(starts, ms)
		}
		return len(starts) >= 6
	})
	for i, least := range []int64{0, 100, 200, 400, 800} {
		if pause := starts[i+1] - starts[i]; pause < least || pause > least+2000 {
			t.Errorf("start %d came after %d ms, want at least %d", i+2, pause, least)
		}
	}
	log, err := os.ReadFile(filepath.Join(labDir, "agent.log"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"agent: this one crashes\n", "ended by exit 3\n"} {
		if !strings.Contains(string(log), want) {
			t.Errorf("the log has no %q:\n%s", want, log)
		}
	}
	endKeeper(t, labDir, pid)
}

func TestRootKeeperRefuses(t *testing.T) {
	labDir, _ := startKeeper(t, "script")
	var text []byte
	eventually(t, "end of the script", func() bool {
		text, _ = os.ReadFile(filepath.Join(labDir, "script"))
		return strings.HasSuffix(string(text), "done\n")
	})
	if string(text) != "done\n" {
		t.Error(string(text))
	}
}

func TestRootKeeperMarksNamespace(t *testing.T) {
	labDir, _ := startKeeper(t, "")
	seen := awaitSightings(t, labDir, 1)[0]
	alias, up := loopback(t, seen.PID)
	if alias != "valelab:"+labDir || !up {
		t.Errorf("lo has the alias %q, up %v", alias, up)
	}
}

func TestRootStartNeedsFolder(t *testing.T) {
	labDir, err := os.MkdirTemp("/run", "vl")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(labDir)
	for _, dir := range []string{"relative", "/" + strings.Repeat("x", 300)} {
		if _, err := Start(t.Context(), Config{LabDir: dir}); err == nil {
			t.Errorf("%s: started", dir)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Start(ctx, Config{LabDir: labDir, Env: []string{"TEST_AGENT=hang"}}); err == nil {
		t.Error("started with a context that has ended")
	}
	eventually(t, "end", func() bool { return len(processes(t, labDir)) == 0 })
	if _, err := os.Stat(filepath.Join(labDir, PIDFile)); !os.IsNotExist(err) {
		t.Errorf("the pid file is left: %v", err)
	}
}
