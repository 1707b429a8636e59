//go:build soak

package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// reboot ends everything at once and empties what a reboot empties: /run, the
// devices, the namespaces. What is on the disk stays: what the engine and the
// plugin have written down.
func (e *privateEngine) reboot(containers ...string) {
	e.t.Helper()
	var pids []int
	for _, name := range containers {
		pid, _ := strconv.Atoi(e.docker("inspect", "-f", "{{.State.Pid}}", name))
		pids = append(pids, pid)
	}
	e.stop(syscall.SIGKILL)
	e.endPlugin(syscall.SIGKILL)
	for _, folder := range []string{e.root, e.dir} {
		for _, process := range processesOf(e.t.(*testing.T), folder) {
			pid, _ := strconv.Atoi(strings.Split(process, "/")[2])
			pids = append(pids, pid)
		}
	}
	pids = append(pids, e.holder())
	for _, pid := range pids {
		if pid > 0 {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	_ = e.cmd.Process.Kill()
	_ = e.cmd.Wait()
	unmountBelow(e.dir)
	for _, path := range []string{e.root, e.root + "-netmap", filepath.Join(e.dir, "exec"), filepath.Join(e.dir, "holder")} {
		if err := os.RemoveAll(path); err != nil {
			e.t.Fatal(err)
		}
	}
	if err := os.Mkdir(e.root, 0o755); err != nil {
		e.t.Fatal(err)
	}
	e.boot()
}

// TestSoakPluginReboot is a machine that goes down and comes up again: with the
// plugin before the engine, as its unit has it, everything is as before; with the
// engine first, a user has to start the containers.
func TestSoakPluginReboot(t *testing.T) {
	needRoot(t)
	e := newEngine(t)
	e.startPlugin()
	e.docker("network", "create", "-d", "valelab", "--subnet", "10.9.0.0/24", "-o", "switch=left", "-o", "host=on", "-o", "gateway=on", "mynet")
	e.runPair("mynet", "10.9.0", "--restart", "always")
	e.ping("c1", "c2")
	before := e.addresses("c1", "c2")

	e.reboot("c1", "c2")
	e.startPlugin()
	awaitLong(t, "the machine's own interface", func() bool {
		out, _ := e.inside("ip", "-br", "-4", "addr").Output()
		return strings.Contains(string(out), "10.9.0.1/24")
	})
	e.start()
	e.awaitRunning("c1", "c2")
	e.asBefore(before)

	e.reboot("c1", "c2")
	e.start() // 15 s late, since it waits for the plugin
	e.startPlugin()
	e.docker("start", "c1", "c2")
	e.awaitRunning("c1", "c2")
	e.asBefore(before)

	endNetwork(e, "mynet", "c1", "c2")
}

// asBefore checks that the network of TestSoakPluginReboot is whole.
func (e *privateEngine) asBefore(addresses string) {
	e.t.Helper()
	e.ping("c1", "c2")
	e.ping("c2", "10.9.0.1") // the machine
	e.awaitEndpoints("c1:eth0 c2:eth0 machine:vn-*")
	if now := e.addresses("c1", "c2"); now != addresses {
		e.t.Errorf("addresses %s, after the reboot %s", addresses, now)
	}
	e.docker("exec", "c1", "/run/valelab/bin/valelab", "pktgen", "tx", "-i", "netmap:eth0", "--count", "1000")
	if got := e.stats("c1:eth0", "tx"); got < 1000 {
		e.t.Errorf("%d packets sent, want 1000", got)
	}
}
