package state

import (
	"os"
	"strings"
	"testing"
	"time"
)

// TestMain lets this binary serve as a marked process, which does nothing until
// its standard input ends.
func TestMain(m *testing.M) {
	if strings.HasPrefix(os.Args[0], "valelab-") {
		_, _ = os.Stdin.Read(make([]byte, 1))
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// testRoot returns a root in a folder of the test's own.
func testRoot(t *testing.T) Root {
	t.Helper()
	r, err := Open(t.TempDir() + "/run")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func testLab(t *testing.T, r Root, name string) Dir {
	t.Helper()
	lab, err := r.Lab(name)
	if err != nil {
		t.Fatal(err)
	}
	return lab
}

// acquire locks the lab or fails the test.
func acquire(t *testing.T, lab Dir) *Lock {
	t.Helper()
	lock, err := lab.Acquire(t.Context(), 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return lock
}
