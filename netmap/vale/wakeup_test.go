package vale

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// TestNoLostWakeup has two programs that answer each other through running workers and sleep whenever there is
// nothing for them. Programs, workers and trunk go to sleep at every moment; a wake-up that is lost stops
// everything for good.
func TestNoLostWakeup(t *testing.T) {
	rounds := 5000
	if testing.Short() {
		rounds = 500
	}
	for _, c := range []struct {
		workers int
		trunk   bool
		spin    time.Duration
	}{
		{1, false, 1}, {1, false, 20 * time.Microsecond}, {1, true, 1}, {2, true, 1}, {2, true, 20 * time.Microsecond},
	} {
		t.Run(fmt.Sprintf("workers=%d trunk=%v spin=%v", c.workers, c.trunk, c.spin), func(t *testing.T) {
			e := New(Config{Workers: c.workers, Spin: c.spin})
			t.Cleanup(func() { e.Close() })
			left, err := e.NewSwitch("left", false, nil)
			if err != nil {
				t.Fatal(err)
			}
			right := left
			if c.trunk {
				if right, err = e.NewSwitch("right", false, nil); err != nil {
					t.Fatal(err)
				}
				if _, err := Connect(left, right, "t"); err != nil {
					t.Fatal(err)
				}
			}
			a, _ := mustOpen(t, left, "a", abi.NR_REG_ALL_NIC, 1, 64)
			b, _ := mustOpen(t, right, "b", abi.NR_REG_ALL_NIC, 1, 64)
			answer := newEcho(t, b, 2, 1)
			ask := newEcho(t, a, 1, 2)
			failed := make(chan error, 1)
			go func() { failed <- answer.run(rounds, false) }()
			if err := ask.run(rounds, true); err != nil {
				t.Fatal(err)
			}
			if err := <-failed; err != nil {
				t.Fatal(err)
			}
		})
	}
}

// echo is a program that sends as many frames as it was sent, after the one that begins.
type echo struct {
	tx, rx *prog
	frame  []byte
	rnd    *rand.Rand
	sleeps uint32
}

func newEcho(t *testing.T, o *Open, self, other byte) *echo {
	rings := ringsOf(t, o)
	e := &echo{tx: rings[0], rx: rings[1], frame: eth(other, self, 60), rnd: rand.New(rand.NewPCG(uint64(self), 1))}
	return e
}

func (e *echo) run(rounds int, begins bool) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for round := range rounds {
		if begins {
			if err := e.send(1 + e.rnd.IntN(60)); err != nil {
				return fmt.Errorf("round %d: %w", round, err)
			}
		}
		n, err := e.receive()
		if err != nil {
			return fmt.Errorf("round %d: %w", round, err)
		}
		if !begins {
			if err := e.send(n); err != nil {
				return fmt.Errorf("round %d: %w", round, err)
			}
		}
	}
	return nil
}

// send sends n frames, the last one marked.
func (e *echo) send(n int) error {
	for i := range n {
		for e.tx.free() == 0 {
			if err := e.sleep(e.tx); err != nil {
				return fmt.Errorf("sending: %w", err)
			}
		}
		e.frame[20] = 0
		if i == n-1 {
			e.frame[20] = 1
		}
		e.tx.put(e.frame, 0)
		if i == n-1 || e.rnd.IntN(4) == 0 {
			if err := e.tx.publish(); err != nil {
				return err
			}
		}
	}
	return nil
}

// receive takes frames up to the marked one.
func (e *echo) receive() (n int, err error) {
	for {
		for e.rx.free() == 0 {
			if err := e.sleep(e.rx); err != nil {
				return 0, fmt.Errorf("receiving: %w", err)
			}
		}
		f := e.rx.take(1)[0]
		e.rx.Ctl.Head.Store(e.rx.head)
		n++
		if f.data[20] == 1 {
			return n, nil
		}
	}
}

// sleep does what the protocol asks of a program. Sometimes it comes in the middle of it.
func (e *echo) sleep(p *prog) error {
	if e.rnd.IntN(8) == 0 {
		runtime.Gosched()
	}
	e.sleeps++
	p.Ctl.Wait.Store(e.sleeps)
	defer p.Ctl.Wait.Store(0)
	if p.free() > 0 || p.await(20*time.Second) {
		return nil
	}
	return fmt.Errorf("asleep for 20 s: head %d, tail %d, doorbell %d", p.head, p.Ctl.Tail.Load(), p.Ctl.Doorbell.Load())
}
