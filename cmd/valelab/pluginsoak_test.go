//go:build soak

package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestSoakPluginLife goes through the life of networks of the Docker plugin, up to ten
// times, with an engine of its own; each time something is killed. On a machine
// that is busy it does what it has time for.
func TestSoakPluginLife(t *testing.T) {
	needRoot(t)
	e := newEngine(t)
	e.startPlugin()
	begin := time.Now()
	pluginCycle(e, 0)
	pluginOptions(e)
	cycles := 1
	for ; cycles < 10 && time.Since(begin) < 15*time.Second; cycles++ {
		pluginCycle(e, cycles)
	}
	t.Logf("%d cycles", cycles)
	endPlugin(e)
}

// endPlugin ends the plugin, which leaves nothing then.
func endPlugin(e *privateEngine) {
	t := e.t
	t.Helper()
	e.stopPlugin()
	if left, err := os.ReadDir(e.root); err == nil && len(left) > 0 {
		t.Errorf("the plugin leaves %v", left)
	}
}

// pluginCycle makes a network and two containers, lets them talk, kills
// something, and removes everything.
func pluginCycle(e *privateEngine, i int) {
	e.t.Helper()
	e.docker("network", "create", "-d", "valelab", "--subnet", fmt.Sprintf("10.9.%d.0/24", i%200), "-o", "switch=left", "mynet")
	e.run("c1", "mynet")
	e.run("c2", "mynet")
	e.ping("c1", "c2")
	awaitLong(e.t, "names of the endpoints", func() bool {
		got := e.endpoints()
		return got == "c1:eth0 c2:eth0" || got == "c2:eth0 c1:eth0"
	})
	e.docker("exec", "c1", "/run/valelab/bin/valelab", "pktgen", "tx", "-i", "netmap:eth0", "--count", "1000")
	if got := e.stats("c1:eth0", "tx"); got < 1000 {
		e.t.Errorf("cycle %d: %d packets sent, want 1000", i, got)
	}
	if out, err := e.try("exec", "c1", "/run/valelab/bin/valelab", "pktgen", "tx", "-i", "netmap:eth1", "--count", "1"); err == nil {
		e.t.Errorf("cycle %d: a port that is not the container's: %s", i, out)
	}
	switch i % 5 {
	case 0: // all that carries traffic, and the devices with it
		_ = syscall.Kill(e.process("keeper"), syscall.SIGKILL)
		_ = syscall.Kill(e.process("agent"), syscall.SIGKILL)
	case 1:
		e.endPlugin(syscall.SIGKILL)
		e.startPlugin()
	case 2:
		_ = syscall.Kill(e.process("agent"), syscall.SIGKILL)
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
	}
	e.ping("c1", "c2")
	e.docker("rm", "-f", "c1", "c2")
	e.docker("network", "rm", "mynet")
	if lab := e.lab(); lab == nil || len(lab.Switches)+len(lab.Endpoints)+len(lab.Nodes) > 0 {
		e.t.Errorf("cycle %d: left: %+v", i, lab)
	}
	if out, err := e.inside("ip", "-br", "link").Output(); err != nil || strings.Contains(string(out), "vl") {
		e.t.Errorf("cycle %d: devices are left: %s %v", i, out, err)
	}
}

// pluginOptions is what an engine tells its users of what they ask for, and what
// they get.
func pluginOptions(e *privateEngine) {
	t := e.t
	t.Helper()
	for option, want := range map[string]string{
		"swich=left": `did you mean "switch"?`, "prefix=vale": "hint: prefix=eth", "netmap=kernel": "hint: netmap=user",
	} {
		if out, err := e.try("network", "create", "-d", "valelab", "-o", option, "bad"); err == nil || !strings.Contains(out, want) {
			t.Errorf("%s: %v %s", option, err, out)
		}
	}
	// The machine is on the switch, with the gateway's address, and the containers
	// send everything to it.
	e.docker("network", "create", "-d", "valelab", "--subnet", "10.8.0.0/24", "-o", "host=on", "-o", "gateway=on", "-o", "prefix=lan",
		"-o", "mtu=1400", "-o", "slice_id=111", "hosted")
	e.run("c1", "hosted")
	if out, err := e.try("exec", "c1", "ping", "-c", "3", "10.8.0.1"); err != nil {
		t.Errorf("the machine does not answer: %s", out)
	}
	if out := e.docker("exec", "c1", "ip", "route"); !strings.Contains(out, "default via 10.8.0.1 dev lan0") {
		t.Errorf("routes: %s", out)
	}
	if out := e.docker("exec", "c1", "ip", "link"); !strings.Contains(out, "lan0") || !strings.Contains(out, "mtu 1400") {
		t.Errorf("links: %s", out)
	}
	if lab := e.lab(); lab == nil || len(lab.Switches) != 1 || lab.Switches[0].Name != "vale111" {
		t.Errorf("lab: %+v", lab)
	}
	e.docker("rm", "-f", "c1")
	e.docker("network", "rm", "hosted")
}
