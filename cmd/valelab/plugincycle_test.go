package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestRootPluginCycles takes networks of the Docker plugin through their lives,
// with an engine of its own: each time something else is killed.
func TestRootPluginCycles(t *testing.T) {
	needRoot(t)
	e := newEngine(t)
	e.startPlugin()
	for i := range 10 {
		pluginCycle(e, i)
	}
	endPlugin(e)
}

// endPlugin ends the plugin, which leaves nothing then.
func endPlugin(e *privateEngine) {
	e.t.Helper()
	e.stopPlugin()
	if left, err := os.ReadDir(e.root); err == nil && len(left) > 0 {
		e.t.Errorf("the plugin leaves %v", left)
	}
}

// endNetwork removes containers and their network, and ends the plugin.
func endNetwork(e *privateEngine, network string, containers ...string) {
	e.t.Helper()
	e.docker(append([]string{"rm", "-f"}, containers...)...)
	e.docker("network", "rm", network)
	endPlugin(e)
}

// pluginCycle makes a network and two containers, lets them talk, kills
// something, lets them talk again, and removes everything.
func pluginCycle(e *privateEngine, i int) {
	t := e.t
	t.Helper()
	begin := time.Now()
	defer func() { t.Logf("cycle %d: %v", i, time.Since(begin).Round(time.Millisecond)) }()
	subnet := fmt.Sprintf("10.9.%d", i%200)
	e.docker("network", "create", "-d", "valelab", "--subnet", subnet+".0/24", "-o", "switch=left", "mynet")
	e.runPair("mynet", subnet, "--restart", "always")
	e.ping("c1", "c2")
	e.tcp("c1", "c2", subnet+".12")
	e.awaitEndpoints("c1:eth0 c2:eth0")
	e.docker("exec", "c1", "/run/valelab/bin/valelab", "pktgen", "tx", "-i", "netmap:eth0", "--count", "1000")
	if got := e.stats("c1:eth0", "tx"); got < 1000 {
		t.Errorf("cycle %d: %d packets sent, want 1000", i, got)
	}
	if out, err := e.try("exec", "c1", "/run/valelab/bin/valelab", "pktgen", "tx", "-i", "netmap:eth1", "--count", "1"); err == nil {
		t.Errorf("cycle %d: a port that is not the container's: %s", i, out)
	}
	disturb(e, i)
	e.ping("c1", "c2")
	e.awaitEndpoints("c1:eth0 c2:eth?") // what an engine that was killed has left is gone
	e.docker("rm", "-f", "c1", "c2")
	e.docker("network", "rm", "mynet")
	if lab := e.lab(); lab != nil && len(lab.Switches)+len(lab.Endpoints)+len(lab.Nodes) > 0 {
		t.Errorf("cycle %d: left: %+v", i, lab)
	}
	if out, err := e.inside("ip", "-br", "link").Output(); err != nil || strings.Contains(string(out), "vl") {
		t.Errorf("cycle %d: devices are left: %s %v", i, out, err)
	}
}

// disturb kills something of a network that is in use.
func disturb(e *privateEngine, i int) {
	e.t.Helper()
	switch i % 10 {
	case 0: // all that carries traffic, and the devices with it
		e.kill("keeper")
		e.kill("agent")
	case 1:
		e.endPlugin(syscall.SIGKILL)
		e.startPlugin()
	case 2:
		e.kill("agent")
	case 3:
		mac := e.docker("exec", "c2", "cat", "/sys/class/net/eth0/address")
		e.docker("kill", "c2")
		e.docker("start", "c2")
		if again := e.docker("exec", "c2", "cat", "/sys/class/net/eth0/address"); mac != again {
			e.t.Errorf("cycle %d: MAC %s, after a restart %s", i, mac, again)
		}
	case 4:
		e.docker("network", "disconnect", "mynet", "c2")
		e.docker("network", "connect", "mynet", "c2")
	case 5: // an agent that can't keep anything
		e.kill("keeper")
	case 6:
		e.endPlugin(syscall.SIGKILL)
		e.kill("agent")
		e.startPlugin()
	case 7: // it never tells the plugin of the ends of its endpoints
		e.restartEngine(syscall.SIGKILL)
	case 8:
		e.restartEngine(syscall.SIGTERM)
	case 9:
		e.endPlugin(syscall.SIGKILL)
		e.kill("keeper")
		e.kill("agent")
		e.startPlugin()
	}
}

// restartEngine ends the engine with a signal, starts it again, and waits for c1
// and c2, which have to keep their addresses.
func (e *privateEngine) restartEngine(signal syscall.Signal) {
	e.t.Helper()
	before := e.addresses("c1", "c2")
	e.stop(signal)
	e.start()
	e.awaitRunning("c1", "c2")
	if after := e.addresses("c1", "c2"); after != before {
		e.t.Errorf("addresses %s, after a restart of the engine %s", before, after)
	}
}

// addresses are the MAC and IP addresses of containers.
func (e *privateEngine) addresses(names ...string) string {
	e.t.Helper()
	const format = "{{range .NetworkSettings.Networks}}{{.MacAddress}} {{.IPAddress}}{{end}}"
	return e.docker(append([]string{"inspect", "-f", format}, names...)...)
}

// awaitRunning waits until containers run.
func (e *privateEngine) awaitRunning(names ...string) {
	e.t.Helper()
	awaitLong(e.t, "start of "+strings.Join(names, " "), func() bool {
		out := e.docker(append([]string{"inspect", "-f", "{{.State.Running}}{{.State.Restarting}}"}, names...)...)
		return strings.Count(out, "truefalse") == len(names)
	})
}

// tcp sends a stream from one container to another.
func (e *privateEngine) tcp(from, to, address string) {
	t := e.t
	t.Helper()
	if _, err := exec.LookPath("iperf3"); err != nil && os.Getenv("CI") != "" {
		t.Fatal("the tests of the Docker plugin need iperf3")
	} else if err != nil {
		return // ping has told that sockets work
	}
	server := e.inContainer(to, "iperf3", "-s", "-1")
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Process.Kill(); _ = server.Wait() }()
	var out []byte
	awaitLong(t, "stream to "+to, func() bool {
		var err error
		out, err = e.inContainer(from, "iperf3", "-c", address, "-n", "10M").CombinedOutput()
		return err == nil
	})
	if !strings.Contains(string(out), "receiver") {
		t.Errorf("iperf3: %s", out)
	}
}

// inContainer is a command of the machine's in the network namespace of a container.
func (e *privateEngine) inContainer(name string, args ...string) *exec.Cmd {
	e.t.Helper()
	pid := e.docker("inspect", "-f", "{{.State.Pid}}", name)
	return exec.Command("nsenter", append([]string{"-t", pid, "-n", "--"}, args...)...)
}
