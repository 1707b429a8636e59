package netmap

import (
	"encoding/binary"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/valelab/valelab/netmap/internal/fakeswitch"
)

// frame number i of a stream: its length and its bytes follow from i.
func frameLen(i uint64) int { return 8 + int(i*2654435761>>7%1500) }

func write(b []byte, i uint64) int {
	n := frameLen(i)
	binary.LittleEndian.PutUint64(b, i)
	b[n-1] = byte(i) ^ byte(n)
	return n
}

func check(b []byte, i uint64) bool {
	n := frameLen(i)
	return len(b) == n && (n == 8 || b[n-1] == byte(i)^byte(n)) && binary.LittleEndian.Uint64(b[:8])<<8>>8 == i<<8>>8
}

func stressFrames(t *testing.T) uint64 {
	if testing.Short() {
		return 100_000
	}
	return 1_000_000
}

// A million frames of random lengths in batches of random sizes arrive, all of them, in order and whole,
// through rings of odd sizes, the program sleeping whenever it has nothing to do.
func TestStress(t *testing.T) {
	fakeswitch.ForTest(t, fakeswitch.Config{Slots: 131})
	p := open(t, "netmap:eth1")
	tx, rx := p.TxRings()[0], p.RxRings()[0]
	rng := rand.New(rand.NewPCG(1, 2))
	total := stressFrames(t)
	for sent, received := uint64(0), uint64(0); received < total; {
		out := tx.Borrow(min(rng.IntN(140), int(total-sent)))
		for i := range out.Len() {
			out.SetLen(i, write(out.Buf(i), sent+uint64(i)))
		}
		k := rng.IntN(out.Len() + 1)
		out.Commit(k)
		sent += uint64(k)

		in := rx.Borrow(rng.IntN(140))
		k = rng.IntN(in.Len() + 1)
		for i := range k {
			if !check(in.Buf(i), received+uint64(i)) {
				t.Fatalf("frame %d is wrong: %d bytes, want %d", received+uint64(i), len(in.Buf(i)), frameLen(received+uint64(i)))
			}
		}
		in.Release(k)
		received += uint64(k)

		events := In
		if sent < total {
			events |= Out
		}
		if received < total {
			if ev, err := p.Poll(events, 10*time.Second); ev == 0 || err != nil {
				t.Fatalf("poll: %v, %v after %d sent, %d received", ev, err, sent, received)
			}
		}
	}
}

// The same with both sides in memory that the race detector watches: every byte that one side reads must
// have been handed over by the other. Sender and receiver are goroutines of their own.
func TestStressRace(t *testing.T) {
	p, txShared, rxShared := pair(t, 67, 93)
	lane := fakeswitch.NewLane(txShared, rxShared)
	total := stressFrames(t) / 5

	var wg sync.WaitGroup
	stop := make(chan struct{})
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				if moved, _ := lane.Move(); !moved {
					runtime.Gosched()
				}
			}
		}
	})
	wg.Go(func() {
		rng := rand.New(rand.NewPCG(3, 4))
		tx := p.TxRings()[0]
		for sent := uint64(0); sent < total; {
			b := tx.Borrow(min(rng.IntN(70), int(total-sent)))
			if b.Len() == 0 {
				runtime.Gosched()
			}
			for i := range b.Len() {
				b.SetLen(i, write(b.Buf(i), sent+uint64(i)))
			}
			sent += uint64(b.Len())
			b.Commit(b.Len())
			if err := tx.Sync(); err != nil {
				t.Error(err)
				return
			}
		}
	})
	rng := rand.New(rand.NewPCG(5, 6))
	rx := p.RxRings()[0]
	for received := uint64(0); received < total && !t.Failed(); {
		if err := rx.Sync(); err != nil {
			t.Error(err)
			break
		}
		b := rx.Borrow(rng.IntN(100))
		if b.Len() == 0 {
			runtime.Gosched()
		}
		for i := range b.Len() {
			if !check(b.Buf(i), received+uint64(i)) {
				t.Errorf("frame %d is wrong", received+uint64(i))
				break
			}
		}
		received += uint64(b.Len())
		b.Release(b.Len())
	}
	close(stop)
	wg.Wait()
}
