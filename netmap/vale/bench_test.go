package vale

import (
	"runtime"
	"testing"
	"time"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// BenchmarkForward is the switch's work alone: 64-byte frames from one ring to another, 256 at a time, on one
// core. The program's part is two stores.
func BenchmarkForward(b *testing.B) {
	tx, rx, e := benchPair(b, newManual(b, 1), 1024)
	b.SetBytes(64)
	for n := 0; n < b.N; n += 256 {
		tx.head = (tx.head + 256) % tx.n()
		tx.Ctl.Head.Store(tx.head)
		e.workers[0].core.Step()
		rx.head = rx.Ctl.Tail.Load()
		rx.Ctl.Head.Store(rx.head)
	}
	reportRate(b, b.N)
}

// BenchmarkThreads has a sender, the switch and a sink as three threads.
func BenchmarkThreads(b *testing.B) {
	e := New(Config{})
	b.Cleanup(func() { e.Close() })
	tx, rx, _ := benchPair(b, e, 1024)
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		for sent := 0; sent < b.N; {
			n := min(tx.free(), 256)
			if n == 0 {
				benchWait(tx)
				continue
			}
			tx.head = (tx.head + n) % tx.n()
			tx.sync(b)
			sent += int(n)
		}
	}()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	received := 0
	for {
		n := rx.free()
		if n == 0 {
			select {
			case <-done:
				reportRate(b, received)
				return
			default:
				benchWait(rx)
				continue
			}
		}
		rx.head = (rx.head + n) % rx.n()
		rx.Ctl.Head.Store(rx.head)
		received += int(n)
	}
}

// benchWait sleeps as a program in poll does.
func benchWait(p *prog) {
	before := p.Ctl.Tail.Load()
	p.Ctl.Wait.Store(p.Ctl.Wait.Load() + 1)
	if p.Ctl.Tail.Load() == before {
		p.await(time.Millisecond)
	}
}

func benchPair(b *testing.B, e *Engine, slots int) (tx, rx *prog, _ *Engine) {
	s, err := e.NewSwitch("s", false, nil)
	if err != nil {
		b.Fatal(err)
	}
	from, _ := mustOpen(b, s, "from", abi.NR_REG_ALL_NIC, 1, slots)
	to, _ := mustOpen(b, s, "to", abi.NR_REG_ALL_NIC, 1, slots)
	tx, rx = find(b, from, true, false, 0), find(b, to, false, false, 0)
	learn := find(b, to, true, false, 0)
	learn.put(eth(1, 2, 64), 0)
	learn.sync(b)
	for range slots {
		tx.put(eth(2, 1, 64), 0)
	}
	tx.head = 0
	return tx, rx, e
}

func reportRate(b *testing.B, frames int) {
	b.ReportMetric(float64(frames)/b.Elapsed().Seconds()/1e6, "Mpps")
	b.ReportMetric(0, "ns/op")
}
