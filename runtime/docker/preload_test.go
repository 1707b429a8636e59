package docker

import (
	"slices"
	"testing"

	"github.com/valelab/valelab/netmap/preload"
	"github.com/valelab/valelab/runtime/docker/entry"
	"github.com/valelab/valelab/topology"
)

// The entrypoint knows a container that has the library by where the library is.
func TestPreload(t *testing.T) {
	if entry.Preload != preload.Path {
		t.Errorf("%s, want %s", entry.Preload, preload.Path)
	}
	for _, withheld := range []bool{false, true} {
		n := &topology.Node{Name: "n", NoNetmap: withheld, Env: []string{"A=b"}}
		got := env(n, &imageConfig{env: []string{"LD_PRELOAD=/x.so"}})
		want := preload.Here() && !withheld
		if preload.Loads(got) != want || slices.Contains(got, "LD_PRELOAD="+preload.Path+":/x.so") != want {
			t.Errorf("withheld %v: %q", withheld, got)
		}
	}
}
