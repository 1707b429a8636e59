package vale

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// TestRootPrecedence: the threads of workers come before others.
func TestRootPrecedence(t *testing.T) {
	e := New(Config{Workers: 2})
	t.Cleanup(func() { e.Close() })
	if _, err := e.NewSwitch("s", false, nil); err != nil {
		t.Fatal(err)
	}
	for i, w := range e.workers {
		w.do(func() {
			n, err := unix.Getpriority(unix.PRIO_PROCESS, 0) // 20 minus the nice value
			if err != nil || 20-n != Nice {
				t.Errorf("worker %d has the nice value %d, want %d (%v)", i, 20-n, Nice, err)
			}
		})
	}
}

// TestClosedSender: what a program has synced is forwarded, also when its port is closed before the switch came to it.
func TestClosedSender(t *testing.T) {
	e := newManual(t, 1)
	s, err := e.NewSwitch("s", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := mustOpen(t, s, "a", abi.NR_REG_ALL_NIC, 2, 64)
	b, _ := mustOpen(t, s, "b", abi.NR_REG_ALL_NIC, 1, 256)
	rx := find(t, b, false, false, 0)
	for id, n := range []int{63, 20} {
		tx := find(t, a, true, false, id)
		for range n {
			tx.put(eth(2, 1, 60), 0)
		}
		tx.sync(t)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if n := len(rx.take(256)); n != 83 {
		t.Errorf("%d frames arrived, want 83", n)
	}
}
