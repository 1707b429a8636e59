//go:build soak

package main

import (
	"strings"
	"syscall"
	"testing"
)

// TestSoakPluginCrash: after the end of an engine that could tell nobody, what
// belonged to one container only is free for its successor.
func TestSoakPluginCrash(t *testing.T) {
	needRoot(t)
	e := newEngine(t)
	e.startPlugin()
	e.docker("network", "create", "-d", "valelab", "--subnet", "10.9.0.0/24", "mynet")
	const options = "name=mynet,driver-opt=port=front,driver-opt=mac=02:00:00:00:00:07"
	e.docker("run", "-d", "--name", "c1", "--restart", "always", "--stop-signal", "KILL", "--network", options, imageName, "/bin/sleep", "100000")
	e.awaitEndpoints("front:eth0")
	for _, down := range []func(){
		func() {},
		func() { e.endPlugin(syscall.SIGKILL) }, // both at once
	} {
		e.stop(syscall.SIGKILL)
		down()
		if e.plugin == nil {
			e.startPlugin()
		}
		e.start()
		e.awaitRunning("c1")
		e.awaitEndpoints("front:eth0")
		if mac := e.docker("exec", "c1", "cat", "/sys/class/net/eth0/address"); mac != "02:00:00:00:00:07" {
			t.Errorf("MAC %s", mac)
		}
		e.awaitDevices(1)
	}
	if out, err := e.try("run", "--rm", "--network", options, imageName, "/bin/true"); err == nil || !strings.Contains(out, "front is the name of another endpoint") {
		t.Errorf("the same once more: %v %s", err, out)
	}
	endNetwork(e, "mynet", "c1")
}
