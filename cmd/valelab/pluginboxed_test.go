//go:build soak

package main

import (
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// TestSoakPluginBoxed: a plugin that is a container of the engine that it serves.
// When that starts, both it and its clients are started again, in any order.
func TestSoakPluginBoxed(t *testing.T) {
	needRoot(t)
	e := insideEngine(t)
	plugin := e.box()
	e.docker("network", "create", "-d", "valelab", "--subnet", "10.9.0.0/24", "-o", "switch=left", "mynet")
	e.runPair("mynet", "10.9.0", "--restart", "always")
	e.ping("c1", "c2")
	before := e.addresses("c1", "c2")
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		e.stop(signal)
		e.start()
		e.awaitRunning("valelab-plugin", "c1", "c2")
		e.ping("c1", "c2")
		if now := e.addresses("c1", "c2"); now != before {
			t.Errorf("addresses %s, once the engine was started again %s", before, now)
		}
		e.awaitEndpoints("c1:eth0 c2:eth0")
		e.netmapSends("c1")
	}
	e.docker("rm", "-f", "c1", "c2")
	e.docker("network", "rm", "mynet")
	e.compose(plugin, nil, "down")
}

// box runs the plugin as a container, by the Compose file that package writes,
// whose path it returns.
func (e *privateEngine) box() string {
	t := e.t
	t.Helper()
	if out, err := exec.Command("make", "-C", "../..", "build").CombinedOutput(); err != nil {
		t.Fatalf("make build: %v\n%s", err, out)
	}
	folder := filepath.Join(e.dir, "package")
	cmd := exec.Command("../../bin/valelab", "plugin", "package", "--data", e.dir+"/plugin", "--engine", "unix:///run/docker/api.sock", folder)
	cmd.Env = append(cmd.Environ(), "VALELAB_RUN="+e.root)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("package: %v\n%s", err, out)
	}
	file := filepath.Join(folder, "docker-compose.yml")
	e.compose(file, nil, "up", "-d", "--build")
	awaitLong(t, "socket of the plugin", func() bool {
		return e.inside("test", "-S", "/run/docker/plugins/valelab.sock").Run() == nil
	})
	return file
}
