package node

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// TestRootMany starts many nodes, sixteen at a time, and bounds what each init
// keeps for itself.
func TestRootMany(t *testing.T) {
	const count, workers = 100, 16
	dir := labDir(t)
	run(t, Config{LabDir: dir, Name: "probe"})
	processes := make([]*Process, count)
	numbers := make(chan int)
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			for i := range numbers {
				var err error
				if processes[i], err = Start(t.Context(), Config{LabDir: dir, Name: fmt.Sprintf("n%d", i)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range count {
		numbers <- i
	}
	close(numbers)
	wait.Wait()
	for _, p := range processes {
		if p == nil {
			continue
		}
		if own := privateMemory(t, p.PID()); own >= 200 {
			t.Errorf("init %d has %d kB of its own, want less than 200", p.PID(), own)
		}
		if err := p.Kill(t.Context()); err != nil {
			t.Error(err)
		}
		p.Close()
	}
}

// privateMemory returns what no other process shares, in kB.
func privateMemory(t *testing.T, pid int) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for _, line := range strings.Split(string(text), "\n") {
		fields := strings.Fields(line)
		if len(fields) < 2 || !strings.HasPrefix(fields[0], "Private_") {
			continue
		}
		kb, err := strconv.Atoi(fields[1])
		if err != nil {
			t.Fatal(err)
		}
		sum += kb
	}
	return sum
}

// BenchmarkRootStart measures starts, sixteen at a time on two processors, with
// all earlier nodes alive.
func BenchmarkRootStart(b *testing.B) {
	root, err := os.MkdirTemp("/run", "vl")
	if err != nil {
		b.Fatal(err)
	}
	defer os.RemoveAll(root)
	var number atomic.Int64
	var lock sync.Mutex
	var processes []*Process
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			p, err := Start(b.Context(), Config{LabDir: root + "/lab", Name: fmt.Sprintf("n%d", number.Add(1))})
			if err != nil {
				b.Error(err)
				return
			}
			lock.Lock()
			processes = append(processes, p)
			lock.Unlock()
		}
	})
	b.StopTimer()
	for _, p := range processes {
		if err := p.Kill(b.Context()); err != nil {
			b.Error(err)
		}
		p.Close()
	}
}
