package runtime_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/runtime/runtimetest"
)

// chain returns a lab file of n nodes, each of which waits for the end of the
// one before it. Their names are in no helpful order.
func chain(n int, cmd string) string {
	var b strings.Builder
	b.WriteString("name: chain\nnodes:\n")
	for i := range n {
		fmt.Fprintf(&b, "  n%02d: {cmd: %s", n-1-i, cmd)
		if i > 0 {
			fmt.Fprintf(&b, ", depends_on: {n%02d: exited}", n-i)
		}
		b.WriteString("}\n")
	}
	return b.String()
}

// A chain of dependent nodes deploys with one worker, in its order.
func TestDeployChainWithOneWorker(t *testing.T) {
	m, root := runtimetest.New(), tempRoot(t)
	var mu sync.Mutex
	var order []string
	m.Hook = func(_ context.Context, operation string) error {
		mu.Lock()
		defer mu.Unlock()
		if strings.HasPrefix(operation, "ReleaseNode ") || strings.HasPrefix(operation, "AwaitNode ") {
			order = append(order, operation)
		}
		return nil
	}
	if _, err := runtime.Deploy(t.Context(), root, compile(t, chain(50, "true")), runtime.Options{Machine: m, Workers: 1}); err != nil {
		t.Fatal(err)
	}
	var want []string
	for i := range 50 {
		if i > 0 {
			want = append(want, fmt.Sprintf("AwaitNode n%02d exited", 50-i))
		}
		want = append(want, fmt.Sprintf("ReleaseNode n%02d", 49-i))
	}
	if !slices.Equal(order, want) {
		t.Errorf("order %q, want %q", order, want)
	}
	m.Hook = nil
	if report := deploy(t, m, root, compile(t, chain(50, "true"))); report.Changed != 0 {
		t.Errorf("deploying again changed %d steps", report.Changed)
	}
}
