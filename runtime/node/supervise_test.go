package node

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func shell(script string) []string { return []string{"/bin/sh", "-c", script} }

func TestRootRelease(t *testing.T) {
	dir := labDir(t)
	cfg := Config{LabDir: dir, Name: "n", Argv: shell("echo started; sleep 1000")}
	run(t, Config{LabDir: dir, Name: "probe"})
	p, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	time.Sleep(50 * time.Millisecond)
	if s, err := ReadStatus(dir, "n"); err != nil || s.State != Waiting {
		t.Fatalf("before the release: %+v, %v", s, err)
	}
	for range 3 {
		if err := Release(dir, "n"); err != nil {
			t.Fatal(err)
		}
	}
	s := await(t, dir, "running", isState(Running))
	if s.PID < 2 || time.Since(s.Since) > time.Minute {
		t.Errorf("status %+v", s)
	}
	if _, err := Start(t.Context(), cfg); !strings.Contains(fmt.Sprint(err), "already running") {
		t.Errorf("second start: %v", err)
	}
	time.Sleep(20 * time.Millisecond)
	if log := readLog(t, dir); log != "started\n" {
		t.Errorf("log %q after three releases", log)
	}
}

func TestRootNoCommand(t *testing.T) {
	dir := labDir(t)
	run(t, Config{LabDir: dir, Restart: RestartAlways})
	if s := await(t, dir, "running", isState(Running)); s.PID != 0 {
		t.Errorf("status %+v, want no process", s)
	}
}

func TestRootStartupDelay(t *testing.T) {
	dir := labDir(t)
	begin := time.Now()
	run(t, Config{LabDir: dir, Argv: []string{"true"}, StartupDelay: 300 * time.Millisecond})
	await(t, dir, "exited", isState(Exited))
	if took := time.Since(begin); took < 300*time.Millisecond {
		t.Errorf("ended after %v", took)
	}
}

func TestRootExitStatus(t *testing.T) {
	for name, test := range map[string]struct {
		argv         []string
		code, signal int
		log          string
	}{
		"zero":      {shell("true"), 0, 0, ""},
		"seven":     {shell("exit 7"), 7, 0, ""},
		"signal":    {shell("kill -SEGV $$"), 0, 11, ""},
		"not found": {[]string{"no-such-command"}, 127, 0, "valelab: cannot run no-such-command: No such file or directory\n"},
		"not a program": {[]string{"/etc/hosts"}, 126, 0,
			"valelab: cannot run /etc/hosts: Permission denied\n"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := labDir(t)
			run(t, Config{LabDir: dir, Argv: test.argv})
			s := await(t, dir, "exited", isState(Exited))
			if s.ExitCode != test.code || s.Signal != test.signal || s.PID != 0 || s.Restarts != 0 {
				t.Errorf("status %+v", s)
			}
			if log := readLog(t, dir); log != test.log {
				t.Errorf("log %q", log)
			}
		})
	}
}

func TestRootRestart(t *testing.T) {
	for name, test := range map[string]struct {
		policy   RestartPolicy
		max      int
		script   string
		restarts int
		state    State
	}{
		"no":                 {RestartNo, 0, "exit 1", 0, Exited},
		"empty":              {"", 0, "exit 1", 0, Exited},
		"on-failure bounded": {RestartOnFailure, 2, "exit 1", 2, Exited},
		"on-failure signal":  {RestartOnFailure, 1, "kill -9 $$", 1, Exited},
		"on-failure success": {RestartOnFailure, 0, "exit 0", 0, Exited},
		"always":             {RestartAlways, 0, "exit 0", 2, Backoff},
		"unless-stopped":     {RestartUnlessStopped, 0, "exit 0", 2, Backoff},
	} {
		t.Run(name, func(t *testing.T) {
			dir := labDir(t)
			begin := time.Now()
			run(t, Config{LabDir: dir, Argv: shell("echo run;" + test.script), Restart: test.policy, RestartMax: test.max})
			await(t, dir, fmt.Sprintf("%s after %d restarts", test.state, test.restarts), func(s Status) bool {
				return s.State == test.state && s.Restarts == test.restarts
			})
			// Init counts a restart when it decides on it: in backoff the last
			// one is still to come.
			runs := test.restarts
			if test.state == Exited {
				runs++
			}
			if log := readLog(t, dir); log != strings.Repeat("run\n", runs) {
				t.Errorf("log %q", log)
			}
			waits := time.Duration(0)
			for i := range runs - 1 {
				waits += 100 * time.Millisecond << i
			}
			if took := time.Since(begin); took < waits {
				t.Errorf("took %v, want at least %v of backoff", took, waits)
			}
		})
	}
}

// TestRootLogRotation: the log and its predecessor hold the last output, each
// within its bound.
func TestRootLogRotation(t *testing.T) {
	dir := labDir(t)
	const count, size = 24 << 10, 1 << 10 // lines, bytes of a line
	run(t, Config{LabDir: dir, Argv: shell(fmt.Sprintf("seq -f %%0%d.0f %d", size-1, count))})
	await(t, dir, "exited", isState(Exited))
	for _, path := range LogFiles(dir, "n") {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > maxLog || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %d bytes, mode %v", path, info.Size(), info.Mode())
		}
	}
	log := readLog(t, dir)
	if len(log) < maxLog {
		t.Fatalf("only %d bytes kept", len(log))
	}
	first := count - len(log)/size
	for i := range len(log) / size {
		if got, want := log[i*size:(i+1)*size], fmt.Sprintf("%0*d\n", size-1, first+i+1); got != want {
			t.Fatalf("line %d is %q, want %q", i, got, want)
		}
	}
}

// TestRootOrphans: init reaps what its parents left behind, and ends what the
// command leaves in its process group, but not what has a session of its own.
func TestRootOrphans(t *testing.T) {
	dir := labDir(t)
	run(t, Config{LabDir: dir, Argv: shell(`
		(sh -c 'exit 3' & sh -c 'sleep 0.01' &)
		sleep 1001 &
		setsid sleep 1002 &
		sleep 0.1`)})
	await(t, dir, "exited", isState(Exited))
	out, err := inNode(t, dir, "sh", "-c", "ps -eo stat=,args= | grep -E '^Z|sleep' | grep -v grep; true").Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Fields(string(out)); len(got) != 3 || got[2] != "1002" {
		t.Errorf("processes left: %q", out)
	}
}

// TestRootStop: SIGTERM from the machine ends the node in good order; from
// inside it does nothing.
func TestRootStop(t *testing.T) {
	dir := labDir(t)
	p := run(t, Config{LabDir: dir, Restart: RestartAlways, Argv: shell(`
		trap 'echo bye; exit 5' TERM
		kill 1
		echo up
		while :; do sleep 0.01; done`)})
	await(t, dir, "its trap", func(Status) bool { return readLog(t, dir) == "up\n" })
	time.Sleep(50 * time.Millisecond)
	if s, err := ReadStatus(dir, "n"); err != nil || s.State != Running {
		t.Fatalf("after a signal from inside: %+v, %v", s, err)
	}
	if err := p.signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	s, err := ReadStatus(dir, "n")
	if err != nil || s.State != Exited || s.ExitCode != 5 || !strings.HasSuffix(readLog(t, dir), "bye\n") {
		t.Errorf("status %+v, %v, log %q", s, err, readLog(t, dir))
	}
}
