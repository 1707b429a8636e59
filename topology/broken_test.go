package topology

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBroken reads lab files that have one fault each and compares what is said
// about it.
func TestBroken(t *testing.T) {
	for _, path := range inputs(t, "broken") {
		name := filepath.Base(path)
		t.Run(strings.TrimSuffix(name, ".yml"), func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			lab, err := Parse(name, data, testEnv())
			if err == nil || lab != nil {
				t.Fatalf("got lab %v, error %v; want a fault", lab, err)
			}
			faults := faultsOf(t, err)
			if len(faults) != 1 {
				t.Errorf("got %d faults, want 1:\n%s", len(faults), faultText(faults))
			}
			golden(t, strings.TrimSuffix(path, ".yml")+".txt", []byte(faultText(faults)))
		})
	}
}
