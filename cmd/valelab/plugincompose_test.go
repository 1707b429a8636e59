//go:build soak

package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// compose runs Compose on a file, for an engine.
func (e *privateEngine) compose(file string, env []string, args ...string) string {
	e.t.Helper()
	cmd := exec.Command("docker-compose", append([]string{"-f", file}, args...)...)
	cmd.Env = append(append(cmd.Environ(), "DOCKER_HOST="+e.address(), "COMPOSE_PROJECT_NAME="+filepath.Base(e.dir)), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		e.t.Fatalf("docker-compose -f %s %s: %v\n%s", file, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// awaitTraffic waits until a container's interface has received by netmap.
func (e *privateEngine) awaitTraffic(lab, label string) {
	e.t.Helper()
	awaitLong(e.t, "traffic at "+label, func() bool { return e.statsOf(lab, label, "rx") > 1000 })
}

// TestSoakPluginCompose has the plugin run as a container by the Compose file
// that package writes, and labs/compose on it.
func TestSoakPluginCompose(t *testing.T) {
	needRoot(t)
	e := insideEngine(t)
	plugin := e.box()
	const lab = "../../labs/compose/docker-compose.yml"
	env := []string{"IMAGE=" + imageName, "VALELAB_DOOR=" + e.root + "-netmap/valelab", "COMPOSE_PROJECT_NAME=lab"}
	e.compose(lab, env, "up", "-d")
	e.awaitTraffic("valelab", "lab_rxc_1:eth0")

	// The container is made anew, and with it the switches.
	before := e.process("agent")
	e.docker("restart", "valelab-plugin")
	awaitLong(t, "another agent", func() bool { return e.process("agent") != before && e.process("agent") != 0 })
	e.compose(lab, env, "restart")
	e.awaitTraffic("valelab", "lab_rxc_1:eth0")

	// An engine that is started again starts the plugin and those who need it at
	// the same time.
	e.run("c1", "lab_left", "--restart", "always")
	e.run("c2", "lab_left", "--restart", "always")
	e.stop(syscall.SIGTERM)
	e.start()
	e.awaitRunning("c1", "c2")
	e.ping("c1", "c2")
	e.netmapSends("c1")
	e.docker("rm", "-f", "c1", "c2")
	e.compose(lab, env, "down", "-t", "0")
	e.compose(plugin, nil, "down")
	if err := e.inside("test", "-e", "/run/docker/plugins/valelab.sock").Run(); err == nil {
		t.Error("the socket is left")
	}
}
