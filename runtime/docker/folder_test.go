package docker

import (
	"sync"
	"testing"

	"github.com/valelab/valelab/runtime/state"
)

// One lab's end takes the folder of all labs away while another begins.
func TestFoldersOfTwoLabs(t *testing.T) {
	root, err := state.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var labs sync.WaitGroup
	for _, name := range []string{"one", "two"} {
		lab, err := root.Lab(name)
		if err != nil {
			t.Fatal(err)
		}
		labs.Go(func() {
			for range 1000 {
				if err := makeAll(lab.Lasting()); err != nil {
					t.Errorf("lab %s: make: %v", name, err)
					return
				}
				if err := removeFolders(lab); err != nil {
					t.Errorf("lab %s: remove: %v", name, err)
					return
				}
			}
		})
	}
	labs.Wait()
}
