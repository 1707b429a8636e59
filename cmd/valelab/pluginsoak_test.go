//go:build soak

package main

import (
	"strconv"
	"strings"
	"testing"
)

// TestSoakPluginCycles is TestRootPluginCycles for longer.
func TestSoakPluginCycles(t *testing.T) {
	needRoot(t)
	e := newEngine(t)
	e.startPlugin()
	for i := range 100 {
		pluginCycle(e, i)
	}
	endPlugin(e)
}

// TestSoakPluginOptions: what an engine tells its users of what they ask for, and
// what they get.
func TestSoakPluginOptions(t *testing.T) {
	needRoot(t)
	e := newEngine(t)
	e.startPlugin()
	for option, want := range map[string]string{
		"swich=left": `did you mean "switch"?`, "prefix=vale": "hint: prefix=eth", "netmap=kernel": "hint: load netmap's module",
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
	e.gatewayFree()
	endPlugin(e)
}

// gatewayFree: a network without a gateway spends no address on one, where the
// engine asks (28 and later).
func (e *privateEngine) gatewayFree() {
	e.t.Helper()
	e.docker("network", "create", "-d", "valelab", "--subnet", "10.7.0.0/24", "flat")
	out, err := e.try(e.runArgs("c1", "flat", "--ip", "10.7.0.1")...)
	if asks := e.api() >= 48; (err == nil) != asks {
		e.t.Errorf("container with the first address: %v %s, and the engine asks: %v", err, out, asks)
	}
	e.docker("rm", "-f", "c1")
	e.docker("network", "rm", "flat")
}

// api is the engine's newest version of its API, less "1.": 41 of engine 20.10, 48 of 28.
func (e *privateEngine) api() int {
	e.t.Helper()
	version := e.docker("version", "-f", "{{.Server.APIVersion}}")
	minor, err := strconv.Atoi(strings.TrimPrefix(version, "1."))
	if err != nil {
		e.t.Fatalf("version of the engine: %q", version)
	}
	return minor
}
