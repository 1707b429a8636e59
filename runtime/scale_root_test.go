package runtime_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/runtime/internal/netnstest"
)

// TestRootScale deploys labs of growing size, looks them over, and destroys
// them. Its log says how long that takes.
func TestRootScale(t *testing.T) {
	if !netnstest.Process(t) {
		return
	}
	sizes := []int{10, 100, 1000}
	if testing.Short() {
		sizes = sizes[:2]
	}
	for _, n := range sizes {
		name := fmt.Sprintf("scale%d", n)
		root, plan := runRoot(t), bigPlan(t, name, n)
		before := snapshot(t, root)
		t.Cleanup(func() { _, _ = runtime.Destroy(context.Background(), root, name, runtime.Options{}) })
		began := time.Now()
		lap := func() time.Duration {
			d := time.Since(began)
			began = time.Now()
			return d.Round(time.Millisecond)
		}
		if _, err := runtime.Deploy(t.Context(), root, plan, runtime.Options{}); err != nil {
			t.Fatal(err)
		}
		deployed := lap()
		report, err := runtime.Deploy(t.Context(), root, plan, runtime.Options{})
		if err != nil || report.Changed != 0 {
			t.Fatalf("deploying again: %+v, %v", report, err)
		}
		checked := lap()
		if _, err := runtime.Destroy(t.Context(), root, name, runtime.Options{}); err != nil {
			t.Fatal(err)
		}
		t.Logf("%d nodes: deploy %v, deploy again %v, destroy %v", n, deployed, checked, lap())
		unchanged(t, root, before)
	}
}
