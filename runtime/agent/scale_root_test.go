package agent

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/valelab/valelab/runtime/state"
)

// BenchmarkRootLab shows what a lab of many nodes, with two ports each on eight
// switches, costs in its keeper and agent: to put, to bring back after a
// SIGKILL, to shut down, and in memory.
func BenchmarkRootLab(b *testing.B) {
	for _, nodes := range []int{10, 100, 1000} {
		b.Run(fmt.Sprintf("nodes=%d", nodes), func(b *testing.B) {
			for range b.N {
				measureLab(b, nodes)
			}
		})
	}
}

func measureLab(b *testing.B, nodes int) {
	l := startLab(b)
	ctx := b.Context()
	const lans = 8
	for i := range lans {
		l.must(l.PutSwitch(ctx, fmt.Sprintf("lan%d", i), SwitchSpec{}))
	}
	l.addPairs(nodes)
	report := func(what string, begin time.Time) {
		b.ReportMetric(float64(time.Since(begin).Microseconds())/1000, what)
	}

	begin := time.Now()
	self := l.self()
	for i := range nodes {
		node := fmt.Sprintf("n%d", i)
		if err := os.MkdirAll(filepath.Join(l.dir, "state", node), 0o700); err != nil {
			b.Fatal(err)
		}
		l.must(l.PutNode(ctx, node, self))
		for _, end := range []string{"a", "b"} {
			l.must(l.PutEndpoint(ctx, node, "eth"+end, EndpointSpec{
				Switch: fmt.Sprintf("lan%d", i%lans), Device: fmt.Sprintf("%s%d", end, i),
				MTU: 1500, MAC: "02:00:00:00:00:01", Rings: 1, Slots: 1024,
			}))
		}
	}
	report("put-ms", begin)

	time.Sleep(settled)
	begin = time.Now()
	l.kill()
	report("restart-ms", begin)
	begin = time.Now()
	l.inventory()
	report("get-lab-ms", begin)
	b.ReportMetric(memory(b, l.version().PID), "agent-MB")
	b.ReportMetric(memory(b, l.keeper.Number), "keeper-MB")

	begin = time.Now()
	if err := l.Shutdown(context.WithoutCancel(ctx)); err != nil {
		b.Fatal(err)
	}
	eventually(b, "end", func() bool { return !l.keeper.Alive() })
	report("shutdown-ms", begin)
	eventually(b, "end of all", func() bool { return !l.lives() })
}

// addPairs makes a veth pair for each node, both ends in the lab's namespace.
func (l *testLab) addPairs(nodes int) {
	l.lab.do(l, func() error {
		for i := range nodes {
			pair := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: fmt.Sprintf("a%d", i)}, PeerName: fmt.Sprintf("b%d", i)}
			if err := netlink.LinkAdd(pair); err != nil {
				return err
			}
		}
		return nil
	})
}

// self stands for the init of every node.
func (l *testLab) self() NodeSpec {
	start, err := state.StartTime(os.Getpid())
	if err != nil {
		l.Fatal(err)
	}
	return NodeSpec{PID: os.Getpid(), StartTime: start}
}

// memory is the proportional share of a process in MB.
func memory(b *testing.B, pid int) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var kilobytes float64
		if n, _ := fmt.Sscanf(line, "Pss: %f kB", &kilobytes); n == 1 {
			return kilobytes / 1024
		}
	}
	b.Fatal("no Pss")
	return 0
}
