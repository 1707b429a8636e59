package vale

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// TestRootPrecedence: a worker comes before programs when it has much to do, and is an equal when it looks for frames
// in vain.
func TestRootPrecedence(t *testing.T) {
	e := New(Config{Workers: 1})
	t.Cleanup(func() { e.Close() })
	s, err := e.NewSwitch("s", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := mustOpen(t, s, "a", abi.NR_REG_ALL_NIC, 1, 1024)
	mustOpen(t, s, "b", abi.NR_REG_ALL_NIC, 1, 1024)
	tx := find(t, a, true, false, 0)
	for range tx.n() {
		tx.put(eth(2, 1, 60), 0)
	}
	base := niceOf(t, e.workers[0])
	// send hands over what was put before, again and again.
	send := func(n uint32, pause time.Duration, want int) {
		for begin := time.Now(); time.Since(begin) < 20*time.Second; {
			for range 2000 {
				tx.head = (tx.head + min(n, tx.free())) % tx.n()
				tx.sync(t)
				time.Sleep(pause)
			}
			if niceOf(t, e.workers[0]) == want {
				return
			}
		}
		t.Errorf("nice value %d with %d frames every %v, want %d", niceOf(t, e.workers[0]), n, pause, want)
	}
	send(1023, 0, base-5)
	send(1, 50*time.Microsecond, base)
}

// niceOf is the nice value of a worker's thread.
func niceOf(t *testing.T, w *worker) (n int) {
	t.Helper()
	w.do(func() {
		var err error
		if n, err = unix.Getpriority(unix.PRIO_PROCESS, 0); err != nil { // 20 minus the nice value
			t.Error(err)
		}
	})
	return 20 - n
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
