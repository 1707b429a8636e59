//go:build soak

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// insideEngine is an engine that a plugin in a container finds: its socket and
// the namespaces of its containers are below /run.
func insideEngine(t *testing.T) *privateEngine {
	return newEngine(t, "-H", "unix:///run/docker/api.sock", "--exec-root", "/run/docker")
}

// makePlugin runs make plugin for an engine.
func makePlugin(e *privateEngine) {
	e.t.Helper()
	cmd := exec.Command("make", "-C", "../..", "plugin", "PLUGIN_SET=VALELAB_RUN="+e.root+" DOCKER_HOST=unix:///run/docker/api.sock")
	cmd.Env = append(cmd.Environ(), "DOCKER_HOST="+e.address())
	if out, err := cmd.CombinedOutput(); err != nil {
		e.t.Fatalf("make plugin: %v\n%s", err, out)
	}
}

// TestSoakPluginManaged is the plugin that the engine runs itself: what make
// plugin makes, a killed plugin, and an engine that is started again.
func TestSoakPluginManaged(t *testing.T) {
	needRoot(t)
	e := insideEngine(t)
	for range 2 { // the same again takes its place
		makePlugin(e)
	}
	outside := e.outside("10.9.0.200/24")
	e.docker("network", "create", "-d", "valelab:latest", "--subnet", "10.9.0.0/24", "-o", "host=on", "-o", "uplink=up0", "mynet")
	talk := func() {
		t.Helper()
		e.ping("c1", "c2")
		e.ping("c1", "10.9.0.1") // the machine
		awaitLong(t, "answer to outside", func() bool { return outside("10.9.0.12") })
		e.netmapSends("c1")
	}
	e.run("c1", "mynet", "--restart", "always", "--ip", "10.9.0.11")
	e.run("c2", "mynet", "--restart", "always", "--ip", "10.9.0.12")
	talk()
	awaitLong(t, "name of the other endpoint", func() bool { return strings.Contains(e.endpoints(), "c2:eth0") })
	if out := e.valelab("plugin", "status"); !strings.Contains(out, "10.9.0.0/24") || !strings.Contains(out, "c2") {
		t.Errorf("status:\n%s", out)
	}
	if out, err := e.try("plugin", "disable", "valelab:latest"); err == nil || !strings.Contains(out, "in use") {
		t.Errorf("disabled while there is a network: %v %s", err, out)
	}
	before := e.process("agent")
	_ = syscall.Kill(e.managed(), syscall.SIGKILL)
	awaitLong(t, "another agent", func() bool { return e.process("agent") != before && e.process("agent") != 0 })
	talk()

	e.docker("plugin", "disable", "-f", "valelab:latest") // what is known of the network stays
	e.docker("plugin", "enable", "valelab:latest")
	talk()

	e.stop(syscall.SIGTERM)
	e.start()
	e.awaitRunning("c1", "c2")
	talk()

	e.docker("rm", "-f", "c1", "c2")
	e.docker("network", "rm", "mynet")
	e.docker("plugin", "disable", "valelab:latest")
	e.docker("plugin", "rm", "valelab:latest")
}

// managed is the process of the plugin that the engine runs.
func (e *privateEngine) managed() int {
	e.t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		e.t.Fatal(err)
	}
	for _, file := range files {
		env, _ := os.ReadFile(file) // it may have ended
		line, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
		if strings.HasPrefix(string(line), "/valelab\x00plugin\x00serve") && strings.Contains(string(env), "VALELAB_RUN="+e.root+"\x00") {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			return pid
		}
	}
	e.t.Fatal("the engine runs no plugin")
	return 0
}

// netmapSends has a program in a container send by netmap, and looks at the
// counters.
func (e *privateEngine) netmapSends(container string) {
	e.t.Helper()
	awaitLong(e.t, "name of the endpoint of "+container, func() bool { return strings.Contains(e.endpoints(), container+":eth0") })
	before := e.stats(container+":eth0", "tx")
	e.docker("exec", container, "/run/valelab/bin/valelab", "pktgen", "tx", "-i", "netmap:eth0", "--count", "1000")
	if got := e.stats(container+":eth0", "tx") - before; got < 1000 {
		e.t.Errorf("%s: %d packets sent, want 1000\n%s", container, got, e.valelab("stats", "valelab"))
	}
}

// valelab runs a command of ours that must succeed.
func (e *privateEngine) valelab(args ...string) string {
	e.t.Helper()
	cmd := exec.Command("valelab", args...)
	cmd.Env = append(cmd.Environ(), "VALELAB_RUN="+e.root, "DOCKER_HOST="+e.address())
	out, err := cmd.CombinedOutput()
	if err != nil {
		e.t.Fatalf("valelab %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}
