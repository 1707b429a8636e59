package plugin

import (
	"os"
	"path/filepath"
	"testing"
)

// TestRecordsAreRemoved: nothing is left of what a plugin has written down, and
// what lies beside it stays.
func TestRecordsAreRemoved(t *testing.T) {
	for _, beside := range []string{"", "kept"} {
		lasting := filepath.Join(t.TempDir(), "data")
		r, notes := openRecords(lasting, t.TempDir())
		if len(notes) > 0 {
			t.Fatal(notes)
		}
		if err := r.putNetwork(Network{ID: "n"}); err != nil {
			t.Fatal(err)
		}
		if err := r.dropNetwork("n"); err != nil {
			t.Fatal(err)
		}
		if beside != "" {
			if err := os.WriteFile(filepath.Join(lasting, beside), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 { // twice is fine
			if err := r.remove(); err != nil {
				t.Fatal(err)
			}
		}
		entries, err := os.ReadDir(lasting)
		switch {
		case beside == "" && !os.IsNotExist(err):
			t.Errorf("left: %v, %v", entries, err)
		case beside != "" && (err != nil || len(entries) != 1):
			t.Errorf("beside another file: %v, %v", entries, err)
		}
	}
}
