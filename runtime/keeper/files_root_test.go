package keeper

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// fillingAgent gives its keeper files until that takes no more, and dies. The
// next one writes down what it finds.
func fillingAgent(labDir string) {
	store, entries, err := Connect(StoreFD)
	must(err)
	if store.History().Restarts > 0 {
		see(labDir, sighting{Restarts: len(entries)})
		select {}
	}
	must(unix.Prlimit(os.Getppid(), unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 100, Max: 100}, nil))
	put := 0
	for err == nil {
		if err = store.Put(fmt.Sprint(put), nil, 0, 0); err == nil {
			put++
		}
	}
	must(os.WriteFile(filepath.Join(labDir, "put"), fmt.Appendf(nil, "%d %v", put, err), 0o600))
	must(unix.Kill(os.Getpid(), unix.SIGKILL))
}

// A keeper that may hold no more files can still start the next agent.
func TestRootFullKeeperStartsAgents(t *testing.T) {
	labDir, _ := startKeeper(t, "fill")
	found := awaitSightings(t, labDir, 1)[0].Restarts
	put, err := os.ReadFile(filepath.Join(labDir, "put"))
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("%d ", found); found < 20 || !strings.HasPrefix(string(put), want) || !strings.Contains(string(put), "too many open files") {
		t.Errorf("%d entries are left of %q", found, put)
	}
}

// The keeper and its agent live long: files that happened to be open when the
// lab was deployed (a lock, a pipe that somebody reads to its end) are not
// theirs.
func TestRootKeeperLetsGoOfForeignFiles(t *testing.T) {
	foreign, err := os.Create(filepath.Join(t.TempDir(), "foreign"))
	if err != nil {
		t.Fatal(err)
	}
	defer foreign.Close()
	// As a shell leaves it open for what it starts.
	fd, err := unix.FcntlInt(foreign.Fd(), unix.F_DUPFD, 50)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	labDir, pid := startKeeper(t, "")
	agent := awaitSightings(t, labDir, 1)[0].PID
	for _, pid := range []int{pid.Number, agent} {
		files, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
		if err != nil || len(files) == 0 {
			t.Fatal(files, err)
		}
		for _, file := range files {
			if target, _ := os.Readlink(file); target == foreign.Name() {
				t.Errorf("process %d has it open as %s", pid, filepath.Base(file))
			}
		}
	}
}
