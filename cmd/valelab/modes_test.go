package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/runtime/agent"
)

// An endpoint is a program's while the program has it open, and the sockets'
// again when the program is gone, in whatever way.
func TestRootModes(t *testing.T) {
	l := deploy(t, "../../labs/ping.yml")
	netprobe, err := exec.LookPath("netprobe")
	if err != nil {
		t.Fatal(err)
	}
	l.start("b", netprobe, "serve", ":8080")
	l.in("a", netprobe, "first", "10.0.0.2:8080")

	for _, end := range []unix.Signal{unix.SIGINT, unix.SIGKILL} {
		program := l.command("exec", "--lab", l.name, "a", "--", "valelab", "pktgen", "rx", "-i", "netmap:eth1")
		if err := program.Start(); err != nil {
			t.Fatal(err)
		}
		l.awaitMode("a:eth1 rx0", "netmap")
		l.in("a", netprobe, "none", "10.0.0.2:8080")

		begin := time.Now()
		program.Process.Signal(end)
		program.Wait()
		l.in("a", netprobe, "first", "10.0.0.2:8080")
		t.Logf("after %v, sockets work again within %v, the start of a probe included", end, time.Since(begin).Round(time.Millisecond))
		l.awaitMode("a:eth1 rx0", "socket")
	}
}

// The agent is killed while frames flow: the ports of both programs carry on
// under the next agent, and no frame comes twice or out of order.
func TestRootAgentKilled(t *testing.T) {
	l := deploy(t, "../../labs/txrx.yml")
	for range 3 {
		l.awaitPackets("rxc:eth1 rx0", l.rings()["rxc:eth1 rx0"].Packets+100_000)
		if err := unix.Kill(l.agent(), unix.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	l.awaitPackets("rxc:eth1 rx0", l.rings()["rxc:eth1 rx0"].Packets+100_000)
	l.stop("txc", "sent")
	l.settle("rxc:eth1 rx0")
	l.stop("rxc", "received")
	match := sinkReport.FindStringSubmatch(l.valelab("logs", "rxc", "--lab", l.name))
	if match == nil || match[2] != "1" || match[4] != "0" || match[5] != "0" {
		t.Errorf("want probes of 1 flow, none reordered or twice; got %q", match)
	}
}

// agent is the number of the agent's process.
func (l *liveLab) agent() int {
	l.t.Helper()
	client := l.client()
	defer client.Close()
	version, err := client.Version(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	return version.PID
}

// client asks the lab's agent.
func (l *liveLab) client() *agent.Client { return agent.Dial(filepath.Join(l.root, l.name)) }

// inventory is what the agent says that the lab has.
func (l *liveLab) inventory() *agent.Lab {
	l.t.Helper()
	client := l.client()
	defer client.Close()
	lab, err := client.Lab(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	return lab
}

// awaitMode waits until the ring is in a mode.
func (l *liveLab) awaitMode(ring, mode string) {
	l.t.Helper()
	await(l.t, func() string {
		if got := l.rings()[ring].Mode; got != mode {
			return fmt.Sprintf("%s is in mode %q, want %q", ring, got, mode)
		}
		return ""
	})
}
