package runtime_test

import (
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/runtime/internal/netnstest"
	"github.com/valelab/valelab/topology"
)

// moments is at how many random moments each test stops a deploy.
const moments = 20

// deployProcess starts a process that deploys, and prints a report to out.
func deployProcess(t *testing.T, root string, plan *topology.Plan, out io.Writer) *exec.Cmd {
	t.Helper()
	data, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "plan.json")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = []string{deployer, root, file}
	cmd.Stdout, cmd.Stderr = out, os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

// clock notes when it is written to.
type clock struct{ at time.Time }

func (c *clock) Write(p []byte) (int, error) {
	c.at = time.Now()
	return len(p), nil
}

// deployTime returns the time from the start of a process to the end of the
// deploy in it.
func deployTime(t *testing.T, root string, plan *topology.Plan) time.Duration {
	t.Helper()
	var report clock
	began := time.Now()
	if err := deployProcess(t, root, plan, &report).Wait(); err != nil {
		t.Fatal(err)
	}
	took := report.at.Sub(began)
	if _, err := runtime.Destroy(t.Context(), root, plan.Lab, runtime.Options{}); err != nil {
		t.Fatal(err)
	}
	return took
}

// stopAtRandomMoments starts deploys, sends each the signal at a random moment,
// and calls check when the process has ended.
func stopAtRandomMoments(t *testing.T, signal unix.Signal, check func(root string, before []string, ended error)) {
	addUplink(t)
	plan, root := compile(t, labFile), runRoot(t)
	took := deployTime(t, root, plan)
	before := snapshot(t, root)
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	t.Logf("a deploy takes %v; seed %d", took, seed)
	for range moments {
		cmd := deployProcess(t, root, plan, nil)
		time.Sleep(time.Duration(r.Int64N(int64(took))))
		if err := cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Fatal(err)
		}
		check(root, before, cmd.Wait())
		if t.Failed() {
			_, _ = runtime.Destroy(t.Context(), root, plan.Lab, runtime.Options{})
			return
		}
	}
}

// A deploy that is killed leaves a lab that Destroy removes without a trace.
func TestRootDeployKilled(t *testing.T) {
	if !netnstest.Process(t) {
		return
	}
	killed := 0
	stopAtRandomMoments(t, unix.SIGKILL, func(root string, before []string, ended error) {
		if ended != nil {
			killed++
		}
		if _, err := runtime.Destroy(t.Context(), root, "all", runtime.Options{}); err != nil {
			t.Error(err)
		}
		unchanged(t, root, before)
	})
	t.Logf("%d of %d deploys were killed before they had ended", killed, moments)
}

// A deploy that is killed leaves a lab that another deploy completes.
func TestRootDeployKilledAndCompleted(t *testing.T) {
	if !netnstest.Process(t) {
		return
	}
	stopAtRandomMoments(t, unix.SIGKILL, func(root string, before []string, _ error) {
		if _, err := runtime.Deploy(t.Context(), root, compile(t, labFile), runtime.Options{}); err != nil {
			t.Error(err)
		}
		if i, err := runtime.Inspect(t.Context(), root, "all"); err != nil || i.State != runtime.LabRunning {
			t.Errorf("completed lab: %+v, %v", i, err)
		}
		if _, err := runtime.Destroy(t.Context(), root, "all", runtime.Options{}); err != nil {
			t.Error(err)
		}
		unchanged(t, root, before)
	})
}

// A deploy that is interrupted cleans up by itself. One that ended before the
// interrupt came has deployed the lab.
func TestRootDeployInterrupted(t *testing.T) {
	if !netnstest.Process(t) {
		return
	}
	interrupted := 0
	stopAtRandomMoments(t, unix.SIGINT, func(root string, before []string, ended error) {
		if ended == nil {
			labs, err := runtime.Labs(root)
			if err != nil || !slices.Equal(labs, []string{"all"}) {
				t.Errorf("labs after a deploy: %q, %v", labs, err)
			}
			if _, err := runtime.Destroy(t.Context(), root, "all", runtime.Options{}); err != nil {
				t.Error(err)
			}
		} else {
			interrupted++
		}
		unchanged(t, root, before)
	})
	t.Logf("%d of %d deploys were interrupted before they had ended", interrupted, moments)
}
