//go:build kernel

package module

import (
	"os"
	"testing"
)

// The loaded module answers, and has the parameters that the arithmetic is about.
func TestKernelModule(t *testing.T) {
	if api, err := Answer(Device); err != nil || api < 14 {
		t.Errorf("API %d, %v", api, err)
	}
	p, err := Read(os.DirFS(Dir))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"max_bridges", "buf_num", "ring_num", "if_num", "buf_size", "generic_mit", "generic_rings", "generic_ringsize", "admode"} {
		if _, ok := p.Value(name); !ok {
			t.Errorf("the module has no parameter %s", name)
		}
	}
	if p.MaxVeths() < 1 {
		t.Errorf("room for %d veths", p.MaxVeths())
	}
}
