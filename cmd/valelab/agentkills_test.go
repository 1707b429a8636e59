package main

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// killsLab is a lab at full traffic: frames between two netmap programs, and
// sockets beside them.
const killsLab = `
name: kills
switches: {fast: {}, plain: {}}
nodes:
  txc: {cmd: valelab pktgen tx -i netmap:eth1 --size 60 --dst-mac 02:00:00:00:00:02}
  rxc: {cmd: valelab pktgen rx -i netmap:eth1}
  a: {}
  b: {}
links:
  - [txc:eth1, fast]
  - endpoints: [rxc:eth1, fast]
    mac: 02:00:00:00:00:02
  - endpoints: [a:eth1, plain]
    ipv4: 10.0.0.1/24
  - endpoints: [b:eth1, plain]
    ipv4: 10.0.0.2/24
`

// TestRootAgentKills kills the agent at full traffic a few times.
func TestRootAgentKills(t *testing.T) { killAgents(t, 3) }

// killAgents kills the agent so many times at full traffic: the next one is
// there soon, programs and sockets carry on, counters do not go backwards, and
// neither agents nor the keeper hold more than at first.
func killAgents(t *testing.T, kills int) {
	file := filepath.Join(t.TempDir(), "kills.yml")
	if err := os.WriteFile(file, []byte(killsLab), 0o600); err != nil {
		t.Fatal(err)
	}
	l := deploy(t, file)
	netprobe, err := exec.LookPath("netprobe")
	if err != nil {
		t.Fatal(err)
	}
	l.start("b", netprobe, "serve", ":8080")
	l.awaitPackets("rxc:eth1 rx0", 100_000)
	stop := l.transfer(netprobe)
	before := l.programs()

	var took []time.Duration
	var files [2]int // of the agent and the keeper after the first kill, and at the end
	var held [2]string
	for i := range kills {
		time.Sleep(1100 * time.Millisecond) // an agent that lived less is replaced after a pause
		counted, old := l.rings(), l.agent()
		begin := time.Now()
		if err := unix.Kill(old, unix.SIGKILL); err != nil {
			t.Fatal(err)
		}
		for l.agent() == old { // who asks in between waits for the next one
			time.Sleep(time.Millisecond)
		}
		took = append(took, time.Since(begin))
		for name, ring := range l.rings() {
			if was := counted[name]; ring.Counts != nil && was.Counts != nil &&
				(ring.Packets < was.Packets || ring.Bytes < was.Bytes || ring.Drops.Total() < was.Drops.Total()) {
				t.Errorf("kill %d: %s went backwards: %+v to %+v", i, name, *was.Counts, *ring.Counts)
			}
		}
		l.awaitPackets("rxc:eth1 rx0", counted["rxc:eth1 rx0"].Packets+100_000)
		if i == 0 {
			files[0], held[0] = l.holdings()
		}
	}
	files[1], held[1] = l.holdings()
	t.Logf("%d kills; the next agent answered after %v (median), %v (longest)", kills, median(took), slices.Max(took))
	t.Logf("%d transfers of %d bytes over sockets meanwhile", stop(), bodySize)
	t.Logf("after the first kill: %s; after the last: %s", held[0], held[1])
	if files[1] > files[0]+4 { // connections to the API come and go
		t.Errorf("after the first kill: %s; after the last: %s", held[0], held[1])
	}
	if slices.Max(took) > 10*time.Second {
		t.Errorf("an agent was missing for %v", slices.Max(took))
	}
	if after := l.programs(); after != before {
		t.Errorf("programs before:\n%s\nafter:\n%s", before, after)
	}
	l.stop("txc", "sent")
	l.settle("rxc:eth1 rx0")
	l.stop("rxc", "received")
	// What was in an agent's hands when it died is lost, and counted by nobody.
	match := sinkReport.FindStringSubmatch(l.valelab("logs", "rxc", "--lab", l.name))
	if match == nil || match[2] != "1" || match[4] != "0" || match[5] != "0" {
		t.Errorf("want probes of 1 flow, none reordered or twice; got %q", match)
	}
}

// transfer fetches over sockets again and again until the function that it
// returns is called, which returns how often.
func (l *liveLab) transfer(netprobe string) (stop func() int64) {
	var end atomic.Bool
	var times atomic.Int64
	done := make(chan string)
	go func() {
		for !end.Load() {
			out, err := l.command("exec", "--lab", l.name, "a", "--", netprobe, "get", "10.0.0.2:8080").CombinedOutput()
			if err != nil {
				done <- fmt.Sprintf("%v\n%s", err, out)
				return
			}
			times.Add(1)
		}
		done <- ""
	}()
	return func() int64 {
		end.Store(true)
		if failed := <-done; failed != "" {
			l.t.Errorf("a transfer over sockets failed: %s", failed)
		}
		return times.Load()
	}
}

// programs are the processes of the nodes: inits, commands and their restarts.
func (l *liveLab) programs() string {
	l.t.Helper()
	out := l.valelab("inspect", l.name, "-f", "json")
	_, nodes, _ := strings.Cut(out, `"nodes":`)
	nodes, _, _ = strings.Cut(nodes, `"switches":`)
	return nodes
}

// holdings are the open files of the agent and the keeper together, and in
// words what each has of files and memory.
func (l *liveLab) holdings() (files int, text string) {
	l.t.Helper()
	for _, role := range []string{"valelab-keeper", "valelab-agent"} {
		for pid, args := range commandLines() {
			if args[0] != role || len(args) < 2 || args[1] != filepath.Join(l.root, l.name) {
				continue
			}
			open, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
			if err != nil {
				l.t.Fatal(err)
			}
			status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
			if err != nil {
				l.t.Fatal(err)
			}
			_, rss, _ := strings.Cut(string(status), "RssAnon:")
			rss, _, _ = strings.Cut(rss, "\n")
			files += len(open)
			text += fmt.Sprintf("%s %d files, %s; ", role, len(open), strings.Join(strings.Fields(rss), " "))
		}
	}
	return files, text
}

func median[T cmp.Ordered](all []T) T {
	return slices.Sorted(slices.Values(all))[len(all)/2]
}
