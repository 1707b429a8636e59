package plugin

import (
	"fmt"
	"strings"
	"testing"

	"github.com/valelab/valelab/netmap/module"
	"github.com/valelab/valelab/runtime/docker"
	"github.com/valelab/valelab/runtime/plugin/protocol"
)

// onModule says whether a network's switch is the module's, in the records and
// in the fabric.
func (b *bench) onModule(id string) bool {
	b.Helper()
	n, ok := b.known.network(id)
	if !ok || !b.fabric.switches[n.Options.Switch] || n.Kernel != b.fabric.kernel[n.Options.Switch] {
		b.Errorf("network %s: %+v, switches %v of the module %v", id, n, b.fabric.switches, b.fabric.kernel)
	}
	return n.Kernel
}

// refused makes a network that can't be.
func (b *bench) refused(want string, options map[string]any) {
	b.Helper()
	if err := b.network("refused", options); err == nil || !strings.Contains(err.Error(), want) {
		b.Errorf("%v: %v, want %q", options, err, want)
	}
	if _, ok := b.known.network("refused"); ok {
		b.Errorf("%v: it is known", options)
	}
}

// TestBackend decides what a network's switch is.
func TestBackend(t *testing.T) {
	b := newBench(t)
	b.refused("has no /dev/netmap; hint: load", map[string]any{"netmap": "kernel"})
	b.must(b.network("none", nil))
	b.fabric.module = &module.Params{}
	b.must(b.network("auto", map[string]any{"switch": "left", "host": "on"}))
	b.must(b.network("user", map[string]any{"netmap": "user", "switch": "right"}))
	b.must(b.network("big", map[string]any{"mtu": "9000"}))
	b.must(b.network("up", map[string]any{"uplink": "eth3"}))
	b.must(b.network("shares", map[string]any{"switch": "left"}))
	b.must(b.network("asks", map[string]any{"switch": "left", "netmap": "kernel"}))
	b.must(b.network("auto", map[string]any{"switch": "left", "host": "on"})) // again
	for id, want := range map[string]bool{"none": false, "auto": true, "user": false, "big": false, "up": true, "shares": true, "asks": true} {
		if got := b.onModule(id); got != want {
			t.Errorf("%s is on the module: %v", id, got)
		}
	}
	if p := b.fabric.plugs[labDevice("auto")]; !p.Kernel {
		t.Errorf("the machine's port: %+v", p)
	}
	b.refused("the switch left is that of network", map[string]any{"switch": "left", "netmap": "user"})
	b.refused("the switch right is that of network", map[string]any{"switch": "right", "netmap": "kernel"})
	b.refused("mtu 9000", map[string]any{"netmap": "kernel", "mtu": "9000"})
	b.refused("mtu 9000", map[string]any{"switch": "left", "mtu": "9000"})
	for i := range 6 { // left is the first of eight, that of up the second
		b.must(b.network(fmt.Sprint("n", i), map[string]any{"netmap": "kernel"}))
	}
	b.refused("max_bridges", map[string]any{"netmap": "kernel"})
	b.fabric.others = 39
	b.refused("buf_num", map[string]any{"netmap": "kernel", "switch": "left"})
	b.fabric.others = 0
	b.must(b.network("ninth", nil))
	if b.onModule("ninth") {
		t.Error("a ninth switch is on the module")
	}
}

// TestBackendContainer gives the agent the namespace of a container on the
// module, which it must hold.
func TestBackendContainer(t *testing.T) {
	b := newBench(t)
	b.fabric.module = &module.Params{}
	b.must(b.network("n1", nil))
	b.must(b.network("n2", map[string]any{"netmap": "user"}))
	b.joined("n1", "e1", "10.9.0.2/24", "/ns/c1")
	b.joined("n2", "e2", "10.9.0.3/24", "/ns/c2")
	if !b.fabric.plugs[labDevice("e1")].Kernel || b.fabric.plugs[labDevice("e2")].Kernel {
		t.Errorf("plugs %+v", b.fabric.plugs)
	}
	b.fabric.inside[labDevice("e1")], b.fabric.inside[labDevice("e2")] = "eth0", "eth0"
	if _, err := b.learn(t.Context(), b.known); err != nil {
		t.Fatal(err)
	}
	if one, two := b.fabric.labels["cc1"], b.fabric.labels["cc2"]; one != "/ns/c1[eth0]" || two != "[eth0]" {
		t.Errorf("labels %q and %q", one, two)
	}
}

// TestBackendGone is a reboot after which the module is not loaded.
func TestBackendGone(t *testing.T) {
	b := newBench(t)
	b.fabric.module = &module.Params{}
	b.must(b.network("auto", nil))
	b.must(b.network("asks", map[string]any{"netmap": "kernel"}))
	b.fabric.module = nil
	b.fabric.lose()
	b.restart()
	if b.onModule("auto") {
		t.Error("auto is on a module that is not there")
	}
	b.joined("auto", "e1", "10.9.0.2/24", "/ns/c1")
	_, err := b.endpoint("asks", "e2", "10.9.0.3/24", nil)
	b.must(err)
	_, err = b.join(t.Context(), &protocol.JoinRequest{NetworkID: "asks", EndpointID: "e2", SandboxKey: "/ns/c2"})
	if err == nil || !strings.Contains(err.Error(), "has no /dev/netmap; hint: load") {
		t.Errorf("join: %v", err)
	}
	b.fabric.module = &module.Params{}
	if _, err = b.join(t.Context(), &protocol.JoinRequest{NetworkID: "asks", EndpointID: "e2", SandboxKey: "/ns/c2"}); err != nil {
		t.Errorf("join after it was loaded: %v", err)
	}
}

// TestBackendAdopted takes networks over from an engine, the options of which are
// all that there is.
func TestBackendAdopted(t *testing.T) {
	b := newBench(t)
	b.fabric.module = &module.Params{}
	eng := &fakeEngine{networks: []docker.Network{
		{ID: "n1", Name: "one"}, {ID: "n2", Name: "two", Options: map[string]string{"netmap": "user"}},
	}}
	b.must(b.reconcile(t.Context(), b.known, eng.networks, eng))
	if !b.onModule("n1") || b.onModule("n2") {
		t.Error("networks are on other switches than they asked for")
	}
}
