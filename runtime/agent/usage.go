package agent

import (
	"bytes"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/valelab/valelab/runtime/sample"
)

// What is known of the nodes' processes is usageAge old at most, or so old that looking takes no more than one
// part in usageShare of the time: unlike counters, it costs system calls, for each process.
const (
	usageAge   = 2 * time.Second
	usageShare = 200
)

// usage is what the nodes use, looked at when somebody asks. The zero value is ready; it is safe for
// concurrent use.
type usage struct {
	mu   sync.Mutex
	next time.Time // when it is to be looked at again
	last []sample.Node
}

// nodes returns the nodes and what they use. Two calls return the same slice as long as nothing changed; it
// is not to be written to.
func (u *usage) nodes(a *agent, now time.Time) []sample.Node {
	u.mu.Lock()
	defer u.mu.Unlock()
	fresh := !now.Before(u.next)
	if !fresh && a.sameNodes(u.last) {
		return u.last
	}
	nodes, inits := a.sampleNodes()
	known := make(map[string]*sample.Node, len(u.last))
	for i := range u.last {
		known[u.last[i].Name] = &u.last[i]
	}
	for i := range nodes {
		n := &nodes[i]
		if b := known[n.Name]; !fresh && b != nil {
			n.CPU, n.Memory, n.Seen = b.CPU, b.Memory, b.Seen
		} else if cpu, memory, ok := treeUsage(inits[i]); ok {
			n.CPU, n.Memory, n.Seen = &cpu, &memory, now
		}
	}
	if fresh {
		u.next = now.Add(max(usageAge, usageShare*time.Since(now)))
	}
	u.last = nodes
	return nodes
}

// sameState compares what does not come from treeUsage.
func sameState(a, b sample.Node) bool {
	return a.Name == b.Name && a.State == b.State && a.ExitCode == b.ExitCode && a.Signal == b.Signal && a.Restarts == b.Restarts
}

// The clock tick and the page of every Linux on x86-64.
const (
	ticksPerSecond = 100
	pageSize       = 4096
)

// treeUsage adds up the processor time, in seconds, and the resident memory of a process and all that descend
// from it. Time of those that have ended is their parents' who waited for them; an init waits for all.
func treeUsage(pid int) (cpu float64, memory uint64, ok bool) {
	if pid <= 0 {
		return 0, 0, false
	}
	queue := []int{pid}
	for i := 0; i < len(queue) && i < 10_000; i++ {
		proc := "/proc/" + strconv.Itoa(queue[i])
		ticks, pages, err := parseStat(os.ReadFile(proc + "/stat"))
		if err != nil {
			if i == 0 {
				return 0, 0, false
			}
			continue // it has just ended
		}
		cpu += float64(ticks) / ticksPerSecond
		memory += uint64(pages) * pageSize
		// Children are the main thread's in most programs; a program that forks from others is seen in part.
		children, err := os.ReadFile(proc + "/task/" + strconv.Itoa(queue[i]) + "/children")
		if err != nil {
			continue
		}
		for _, word := range bytes.Fields(children) {
			if child, err := strconv.Atoi(string(word)); err == nil {
				queue = append(queue, child)
			}
		}
	}
	return cpu, memory, true
}

// parseStat reads /proc/PID/stat: the time of the process and of the children it waited for, and its pages.
func parseStat(line []byte, err error) (ticks, pages uint64, _ error) {
	if err != nil {
		return 0, 0, err
	}
	fields := bytes.Fields(line[bytes.LastIndexByte(line, ')')+1:]) // behind the name, which may be anything
	if len(fields) < 22 {
		return 0, 0, os.ErrInvalid
	}
	for _, i := range []int{11, 12, 13, 14} { // utime, stime, cutime, cstime
		n, err := strconv.ParseUint(string(fields[i]), 10, 64)
		if err != nil {
			return 0, 0, err
		}
		ticks += n
	}
	pages, err = strconv.ParseUint(string(fields[21]), 10, 64)
	return ticks, pages, err
}
