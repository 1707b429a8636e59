//go:build soak

package main

import (
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/valelab/valelab/runtime/agent"
)

// TestSoakPluginAway: what an engine does while there is no plugin is never told
// to it later; it finds out by itself. Traffic does not need it.
func TestSoakPluginAway(t *testing.T) {
	needRoot(t)
	e := newEngine(t)
	e.startPlugin()
	e.docker("network", "create", "-d", "valelab", "--subnet", "10.9.0.0/24", "-o", "switch=left", "mynet")
	e.runPair("mynet", "10.9.0")
	e.ping("c1", "c2")
	e.awaitEndpoints("c1:eth0 c2:eth0")

	// Within the time that an engine tries again, everything goes well.
	e.endPlugin(syscall.SIGKILL)
	start := exec.Command("docker", append([]string{"-H", e.address()}, e.runArgs("c3", "mynet")...)...)
	if err := start.Start(); err != nil {
		t.Fatal(err)
	}
	e.tcp("c1", "c2", "10.9.0.12")
	e.startPlugin()
	if err := start.Wait(); err != nil {
		t.Errorf("container started while the plugin was: %v", err)
	}
	e.ping("c1", "c3")

	// An end that nobody has told of.
	e.endPlugin(syscall.SIGKILL)
	e.docker("rm", "-f", "c2", "c3") // 30 s: Leave and DeleteEndpoint are tried for 15
	e.startPlugin()
	e.awaitEndpoints("c1:eth0")
	e.awaitDevices(1)
	e.run("c2", "mynet", "--ip", "10.9.0.12")
	e.ping("c1", "c2")

	// Everything has gone meanwhile.
	e.endPlugin(syscall.SIGKILL)
	e.docker("rm", "-f", "c1", "c2")
	e.docker("network", "rm", "mynet")
	e.startPlugin()
	e.awaitNothing()
	endPlugin(e)
}

// awaitNothing waits until no network is left of which there was any.
func (e *privateEngine) awaitNothing() {
	e.t.Helper()
	var lab *agent.Lab
	ok := false
	defer func() {
		if !ok {
			e.t.Logf("left: %+v", lab)
		}
	}()
	awaitLong(e.t, "end of everything", func() bool {
		lab = e.lab()
		ok = lab == nil || len(lab.Switches)+len(lab.Endpoints)+len(lab.Nodes) == 0
		return ok
	})
	e.awaitDevices(0)
}

// awaitDevices waits until the lab's namespace has so many devices of
// endpoints, and the engine's none that waits for a container.
func (e *privateEngine) awaitDevices(want int) {
	e.t.Helper()
	awaitLong(e.t, "removal of devices", func() bool {
		out, err := e.inside("ip", "-br", "link").Output()
		return err == nil && !strings.Contains(string(out), "vl") && len(e.labDevices()) == want
	})
}

// labDevices are the switches' ends of endpoints.
func (e *privateEngine) labDevices() (names []string) {
	pid := e.process("agent")
	if pid == 0 {
		return nil
	}
	out, _ := exec.Command("nsenter", "-t", strconv.Itoa(pid), "-n", "ip", "-br", "link").Output()
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "p") {
			names = append(names, strings.Fields(line)[0])
		}
	}
	return names
}
