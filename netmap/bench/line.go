package main

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// ball is a cache line that two threads play with: even numbers are for one to
// answer, odd ones for the other.
type ball struct {
	_ [128]byte
	n atomic.Uint64
	_ [120]byte
}

// Turns of lineTime.
const (
	lineTurns = 15
	lineTrips = 1000
)

// lineTime gives the time that a cache line takes from one processor to
// another and back: the median of some milliseconds of play between two
// threads, each on a processor of its own.
func lineTime() (time.Duration, error) {
	cpus, err := processors()
	if err != nil {
		return 0, err
	}
	var b ball
	var times []float64
	play := [2]func(){
		func() { times = b.serve() },
		b.answer,
	}
	pinned, begin := make(chan error, 2), make(chan bool)
	var players sync.WaitGroup
	for i := range play {
		players.Go(func() {
			pinned <- pin(cpus[i])
			if <-begin {
				play[i]()
			}
		})
	}
	err = errors.Join(<-pinned, <-pinned)
	for range play {
		begin <- err == nil
	}
	players.Wait()
	return time.Duration(median(times)), err
}

// serve plays first, and times every turn.
func (b *ball) serve() (times []float64) {
	i := uint64(0)
	for range lineTurns {
		start := time.Now()
		for range lineTrips {
			b.n.Store(2*i + 1)
			for b.n.Load() != 2*i+2 {
			}
			i++
		}
		times = append(times, float64(time.Since(start))/lineTrips)
	}
	return times
}

// answer plays back whatever serve plays.
func (b *ball) answer() {
	for i := range uint64(lineTurns * lineTrips) {
		for b.n.Load() != 2*i+1 {
		}
		b.n.Store(2*i + 2)
	}
}

// processors gives two processors that this process may use.
func processors() ([2]int, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return [2]int{}, fmt.Errorf("processors: %w", err)
	}
	var found [2]int
	n := 0
	for cpu := 0; n < 2 && cpu < len(set)*64; cpu++ {
		if set.IsSet(cpu) {
			found[n] = cpu
			n++
		}
	}
	if n < 2 {
		return [2]int{}, fmt.Errorf("processors: there is only one")
	}
	return found, nil
}

// pin ties the goroutine to a thread on one processor; the thread ends with
// the goroutine.
func pin(cpu int) error {
	runtime.LockOSThread()
	var set unix.CPUSet
	set.Set(cpu)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("processor %d: %w", cpu, err)
	}
	return nil
}
