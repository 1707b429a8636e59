package vale

import (
	"fmt"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// TestIdle: an engine with a hundred ports, half of them open, uses no processor time without frames, after
// a busy time too.
func TestIdle(t *testing.T) {
	e := New(Config{Workers: 2})
	t.Cleanup(func() { e.Close() })
	s, err := e.NewSwitch("s", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	var tx *prog
	for i := range 100 {
		if i%2 == 0 {
			o, _ := mustOpen(t, s, fmt.Sprint("p", i), abi.NR_REG_NIC_SW, 1, 64)
			tx = find(t, o, true, false, 0)
		} else if _, err := s.AttachSocket(fmt.Sprint("p", i), -1, newSocket(t), 1500); err != nil {
			t.Fatal(err)
		}
	}
	for range 20 {
		for range min(tx.free(), 60) {
			tx.put(eth(0xff, 1, 60), 0)
		}
		tx.sync(t)
		time.Sleep(time.Millisecond)
	}
	time.Sleep(200 * time.Millisecond) // the spin time is measured, the workers go to sleep
	// What the process does besides, and what a loaded machine counts as ours, is not in every one of these times.
	var used time.Duration
	for range 5 {
		before := processorTime(t)
		time.Sleep(2 * time.Second)
		if used = processorTime(t) - before; used <= 10*time.Millisecond {
			return
		}
	}
	t.Errorf("%v of processor time in 2 s", used)
}

func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var ru unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &ru); err != nil {
		t.Fatal(err)
	}
	return time.Duration(ru.Utime.Nano() + ru.Stime.Nano())
}
