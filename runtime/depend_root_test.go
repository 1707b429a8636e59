package runtime_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/runtime/internal/netnstest"
	"github.com/valelab/valelab/runtime/node"
)

// 50 commands that each wait for the end of another one run one after the
// other, with one worker.
func TestRootDeployChainWithOneWorker(t *testing.T) {
	if !netnstest.Process(t) {
		return
	}
	root := runRoot(t)
	file := filepath.Join(t.TempDir(), "order")
	plan := compile(t, chain(50, "sh -c 'hostname >>"+file+"'"))
	t.Cleanup(func() { _, _ = runtime.Destroy(context.Background(), root, plan.Lab, runtime.Options{}) })
	if _, err := runtime.Deploy(t.Context(), root, plan, runtime.Options{Workers: 1}); err != nil {
		t.Fatal(err)
	}
	// The last one was let go, and nobody waits for it but this test.
	m := runtime.Local()
	if err := m.AwaitNode(t.Context(), labDir(t, root, plan.Lab), "n00", "exited"); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(string(got))
	for i, name := range lines {
		if len(lines) != 50 || name != "n"+string(rune('0'+(49-i)/10))+string(rune('0'+(49-i)%10)) {
			t.Fatalf("order %q", lines)
		}
	}
}

// A deploy whose node waits for one that fails says so and takes all back.
func TestRootDependencyFails(t *testing.T) {
	if !netnstest.Process(t) {
		return
	}
	root := runRoot(t)
	before := snapshot(t, root)
	plan := compile(t, "name: sad\nnodes:\n  a: {cmd: sh -c 'exit 7'}\n  b: {cmd: sleep infinity, depends_on: {a: exited}}\n")
	_, err := runtime.Deploy(t.Context(), root, plan, runtime.Options{})
	if err == nil || err.Error() != "node b waits for node a to be exited: it ended with status 7" {
		t.Errorf("error %v", err)
	}
	unchanged(t, root, before)
}

// A deploy that is interrupted while a node waits takes all back.
func TestRootWaitIsInterrupted(t *testing.T) {
	if !netnstest.Process(t) {
		return
	}
	root := runRoot(t)
	before := snapshot(t, root)
	plan := compile(t, "name: slow\nnodes:\n  a: {cmd: sleep infinity}\n  b: {depends_on: {a: exited}}\n")
	ctx, cancel := context.WithCancel(t.Context())
	_, err := runtime.Deploy(ctx, root, plan, runtime.Options{Progress: func(e runtime.Event) {
		if e.Step == "start/a" && e.Phase == runtime.Done {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	unchanged(t, root, before)
	if _, err := node.Find(filepath.Join(root, "slow"), "a"); !errors.Is(err, node.ErrGone) {
		t.Errorf("node a: %v", err)
	}
}
