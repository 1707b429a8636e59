//go:build soak

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// oldCompose is a Compose file of the plugin that was before this one: two
// containers on a switch by its number. The library's lines are ours.
const oldCompose = `
version: "2.4"
services:
  rxc: &netmap
    image: IMAGE
    networks: [n]
    volumes: ["DOOR:/run/valelab:ro"]
    environment: {LD_PRELOAD: /run/valelab/bin/libnetmap.so}
    command: /run/valelab/bin/valelab pktgen rx -i netmap:eth0
  txc:
    <<: *netmap
    command: /run/valelab/bin/valelab pktgen tx -i netmap:eth0 --rate 10k
    depends_on: [rxc]
networks:
  n:
    driver: vale_docker
    driver_opts: {slice_id: 111}
`

// TestSoakPluginMoved goes on from the plugin that was before this one: its name,
// its option, its file in /etc/docker/plugins, and a Compose file written for it.
func TestSoakPluginMoved(t *testing.T) {
	needRoot(t)
	e := newEngine(t)
	spec := filepath.Join(e.dir, "vale_docker.json")
	socket := filepath.Join(e.dir, "v.sock")
	if err := os.WriteFile(spec, []byte(`{"Name": "vale_docker", "Addr": "unix://`+socket+`"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := e.inside("sh", "-c", "mkdir -p /etc/docker/plugins && cp "+spec+" /etc/docker/plugins").CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	door := filepath.Join(e.root+"-netmap", "vale_docker")
	file := filepath.Join(e.dir, "old.yml")
	if err := os.WriteFile(file, []byte(strings.NewReplacer("IMAGE", imageName, "DOOR", door).Replace(oldCompose)), 0o644); err != nil {
		t.Fatal(err)
	}
	e.startNamed("vale_docker", socket)
	// It answers, and is the worse way.
	if out, err := e.inside("valelab", "doctor").Output(); err != nil || !strings.Contains(string(out), "rm /etc/docker/plugins/vale_docker.json") {
		t.Errorf("doctor: %v\n%s", err, out)
	}
	env := []string{"COMPOSE_PROJECT_NAME=old"}
	e.compose(file, env, "up", "-d")
	e.awaitTraffic("vale_docker", "old_rxc_1:eth0")
	if out := e.valelab("inspect", "vale_docker"); !strings.Contains(out, "vale111") {
		t.Errorf("inspect:\n%s", out)
	}
	e.compose(file, env, "down", "-t", "0")
	e.stopPlugin()
	if out, err := e.inside("valelab", "doctor").Output(); err != nil || !strings.Contains(string(out), "vale_docker.json: nobody answers") {
		t.Errorf("doctor: %v\n%s", err, out)
	}
}

// TestSoakPluginFoundFirst leaves an old file in /etc/docker/plugins that names a
// port where nobody listens: the engine finds the plugin's socket first.
func TestSoakPluginFoundFirst(t *testing.T) {
	needRoot(t)
	e := newEngine(t)
	e.insideDo("sh", "-c", `mkdir -p /etc/docker/plugins && echo '{"Name":"vale_docker","Addr":"http://127.0.0.1:1"}' >/etc/docker/plugins/vale_docker.json`)
	e.startNamed("vale_docker", "/run/docker/plugins/vale_docker.sock")
	if out := e.doctor(); !strings.Contains(out, "vale_docker.json: every user of this machine can command the plugin") {
		t.Errorf("doctor:\n%s", out)
	}
	e.docker("network", "create", "-d", "vale_docker", "-o", "slice_id=111", "old")
	e.docker("network", "rm", "old")
	endPlugin(e)
}

// startNamed starts the plugin under another name, with a socket of its own.
func (e *privateEngine) startNamed(name, socket string) {
	e.t.Helper()
	e.plugin = e.inside("valelab", "plugin", "serve", "--name", name, "--socket", socket, "--data", e.dir+"/plugin", "--engine", e.address())
	log, err := os.OpenFile(filepath.Join(e.dir, "plugin.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		e.t.Fatal(err)
	}
	defer log.Close()
	e.plugin.Stdout, e.plugin.Stderr = log, log
	if err := e.plugin.Start(); err != nil {
		e.t.Fatal(err)
	}
	awaitLong(e.t, "socket of the plugin", func() bool { return e.inside("test", "-S", socket).Run() == nil })
}
