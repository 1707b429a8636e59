package state

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestLockExcludes(t *testing.T) {
	lab := testLab(t, testRoot(t), "lab")
	lock := acquire(t, lab)
	_, err := lab.Acquire(t.Context(), 10*time.Millisecond)
	if !errors.Is(err, ErrBusy) {
		t.Fatalf("second lock: %v, want ErrBusy", err)
	}
	if holder := fmt.Sprintf("process %d, ", os.Getpid()); !strings.Contains(err.Error(), holder) || !strings.Contains(err.Error(), filepath.Base(os.Args[0])) {
		t.Errorf("%v does not say who holds the lock: %s", err, holder)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := lab.Acquire(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Fatalf("second lock: %v, want Canceled", err)
	}
	lock.Unlock()
	acquire(t, lab).Unlock()
}

func TestRemoveTakesEverything(t *testing.T) {
	r := testRoot(t)
	lab := testLab(t, r, "lab")
	lock := acquire(t, lab)
	if err := WriteFile(lab.NodeState("a")+"/pid", []byte("1 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := lock.Remove(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(r.Path()); !os.IsNotExist(err) {
		t.Errorf("the empty root is still there: %v", err)
	}
}

func TestAcquireTakesOverEmptyFolder(t *testing.T) {
	lab := testLab(t, testRoot(t), "lab")
	if err := os.MkdirAll(lab.Path(), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := acquire(t, lab).Remove(); err != nil {
		t.Fatal(err)
	}
}

// Holders come and go and remove the folder, as destroys do: there is never
// more than one at a time, and the folder that one holds is the named one.
func TestLockSurvivesRemoval(t *testing.T) {
	r := testRoot(t)
	lab := testLab(t, r, "lab")
	var holders atomic.Int32
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 25 {
				lock, err := lab.Acquire(t.Context(), time.Minute)
				if err != nil {
					t.Error(err)
					return
				}
				if holders.Add(1) != 1 {
					t.Error("two hold the lock")
				}
				if err := os.WriteFile(lab.Plan(), nil, 0o600); err != nil {
					t.Error(err)
				}
				holders.Add(-1)
				if err := lock.Remove(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if _, err := os.Stat(r.Path()); !os.IsNotExist(err) {
		t.Errorf("the root is still there: %v", err)
	}
}
