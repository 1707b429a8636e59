package plugin

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valelab/valelab/runtime/docker"
	"github.com/valelab/valelab/runtime/plugin/protocol"
)

// TestOptions is what users can get wrong, and what they are told.
func TestOptions(t *testing.T) {
	for _, c := range []struct {
		key, value string
		want       string // part of the error; empty: it is fine
	}{
		{"switch", "left", ""},
		{"switch", "a/b", "not a switch's name"},
		{"swich", "left", `did you mean "switch"?`},
		{"colour", "red", "there are switch, netmap"},
		{"netmap", "user", ""}, {"netmap", "auto", ""}, {"netmap", "kernel", ""},
		{"netmap", "yes", "none of auto, user and kernel"},
		{"mtu", "9216", ""}, {"com.docker.network.driver.mtu", "1400", ""},
		{"mtu", "9217", "from 68 to 9216"}, {"mtu", "big", "from 68 to 9216"},
		{"prefix", "lan", ""}, {"prefix", "vale", "hint: prefix=eth"}, {"prefix", "val", "hint: prefix=eth"},
		{"prefix", "a b", "can't begin"}, {"prefix", "abcdefghijk", "can't begin"},
		{"gateway", "on", ""}, {"gateway", "maybe", "neither on nor off"},
		{"host", "off", ""}, {"host", "2", "neither on nor off"},
		{"uplink", "eth3", ""}, {"uplink", "../x", "not an interface's name"},
		{"rings", "16", ""}, {"rings", "17", "from 1 to 16"},
		{"slots", "64", ""}, {"slots", "63", "from 64 to 4096"},
		{"slice_id", "111", ""}, {"slice_id", "x", "not a number"},
		{"valelab.switch", "left", ""},
		{"scope", "local", ""}, {"scope", "global", "not there yet; hint: scope=local"}, {"scope", "x", "neither local nor global"},
	} {
		_, err := parseOptions("id", map[string]any{genericKey: map[string]any{c.key: c.value}})
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s=%s: %v, want %q", c.key, c.value, err, c.want)
		}
	}
	o, err := parseOptions("id", map[string]any{genericKey: map[string]any{"slice_id": "111"}})
	if err != nil || o.Switch != "vale111" {
		t.Errorf("slice_id=111: %+v %v", o, err)
	}
	_, err = parseOptions("id", map[string]any{genericKey: map[string]any{"slice_id": "1", "switch": "left"}})
	if err == nil {
		t.Error("two switches are accepted")
	}
	for _, odd := range []any{"text", []any{1}, map[string]any{"mtu": 5.0}} {
		if _, err := parseOptions("id", map[string]any{genericKey: odd}); err == nil {
			t.Errorf("options %v are accepted", odd)
		}
	}
	for _, c := range []struct{ key, value, want string }{
		{"mac", "02:00:00:00:00:07", ""}, {"valelab.mac", "02:00:00:00:00:07", ""},
		{"mac", "03:00:00:00:00:07", "a group"}, {"mac", "x", "not an Ethernet"},
		{"name", "wan", ""}, {"name", "vale0", "can't be"}, {"port", "p1", ""}, {"port", "a b", "can't be"},
		{"prot", "p1", `did you mean "port"?`}, {"com.docker.network.whatever", "", ""},
	} {
		_, err := parseEndpointOptions(map[string]any{c.key: c.value})
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("endpoint %s=%s: %v, want %q", c.key, c.value, err, c.want)
		}
	}
}

// TestStableMAC is what keeps a restarted container reachable.
func TestStableMAC(t *testing.T) {
	b := newBench(t)
	b.must(b.network("n1", nil))
	first, err := b.endpoint("n1", "e1", "10.9.0.2/24", nil)
	b.must(err)
	b.joined("n1", "e9", "10.9.0.9/24", "/ns/9")
	second, err := b.endpoint("n1", "e2", "10.9.0.2/24", nil)
	b.must(err)
	other, err := b.endpoint("n1", "e3", "10.9.0.3/24", nil)
	b.must(err)
	if first != second || first == other || !strings.HasPrefix(first, "02:") {
		t.Errorf("MACs %s, %s, %s", first, second, other)
	}
	given, err := b.createEndpoint(t.Context(), &protocol.CreateEndpointRequest{
		NetworkID: "n1", EndpointID: "e4", Interface: &protocol.Interface{MacAddress: "02:42:00:00:00:01"},
	})
	b.must(err)
	if given.Interface.MacAddress != "" {
		t.Error("a MAC is answered where one was given: engines refuse that")
	}
}

// TestSharedSwitch has two networks on one switch: it lasts as long as one does.
func TestSharedSwitch(t *testing.T) {
	b := newBench(t)
	b.must(b.network("n1", map[string]any{"switch": "left", "uplink": "eth3"}))
	b.must(b.network("n2", map[string]any{"switch": "left", "uplink": "eth3", "host": "on"}))
	if err := b.network("n3", map[string]any{"uplink": "eth3"}); err == nil || !strings.Contains(err.Error(), "switch=left") {
		t.Errorf("an uplink of two switches: %v", err)
	}
	if err := b.network("n1", map[string]any{"switch": "right"}); err == nil {
		t.Error("the same network with another switch is accepted")
	}
	for _, id := range []string{"n1", "n2"} {
		if !b.fabric.switches["left"] || b.fabric.uplinks["eth3"] != "left" {
			t.Fatalf("before %s: %v %v", id, b.fabric.switches, b.fabric.uplinks)
		}
		_, err := b.deleteNetwork(t.Context(), &protocol.NetworkRequest{NetworkID: id})
		b.must(err)
	}
	b.empty()
}

// TestTakenBack lets each step of each request fail: nothing is left of it, and
// the same request works later.
func TestTakenBack(t *testing.T) {
	for _, op := range []string{"start", "switch", "uplink", "plug", "label"} {
		t.Run(op, func(t *testing.T) {
			b := newBench(t)
			failed := false
			b.fabric.fault = func(now string) error {
				if now == op && !failed {
					failed = true
					return errors.New("no " + op)
				}
				return nil
			}
			options := map[string]any{"uplink": "eth3", "host": "on"}
			if err := b.network("n1", options); err == nil || !strings.Contains(err.Error(), "no "+op) {
				t.Fatalf("network: %v", err)
			}
			b.empty()
			b.must(b.network("n1", options))
			b.joined("n1", "e1", "10.9.0.2/24", "/ns/1")
			for range 2 { // twice
				_, err := b.leave(t.Context(), &protocol.EndpointRequest{NetworkID: "n1", EndpointID: "e1"})
				b.must(err)
				_, err = b.deleteEndpoint(t.Context(), &protocol.EndpointRequest{NetworkID: "n1", EndpointID: "e1"})
				b.must(err)
				_, err = b.deleteNetwork(t.Context(), &protocol.NetworkRequest{NetworkID: "n1"})
				b.must(err)
			}
			b.empty()
		})
	}
}

// TestJoinFails leaves an endpoint that was not joined, as the engine has it then.
func TestJoinFails(t *testing.T) {
	b := newBench(t)
	b.must(b.network("n1", nil))
	_, err := b.endpoint("n1", "e1", "10.9.0.2/24", nil)
	b.must(err)
	b.fabric.fault = func(op string) error {
		if op == "plug" {
			return errors.New("no devices")
		}
		return nil
	}
	join := &protocol.JoinRequest{NetworkID: "n1", EndpointID: "e1", SandboxKey: "/ns/1"}
	if _, err := b.join(t.Context(), join); err == nil {
		t.Fatal("it joined")
	}
	if e, _ := b.known.endpoint("e1"); e.Sandbox != "" || len(b.fabric.plugs) > 0 {
		t.Errorf("left: %+v, %v", e, b.fabric.plugs)
	}
	b.fabric.fault = nil
	first, err := b.join(t.Context(), join)
	b.must(err)
	b.fabric.fault = func(op string) error {
		if op == "plug" {
			return errors.New("the engine has the device by now")
		}
		return nil
	}
	again, err := b.join(t.Context(), join)
	b.must(err)
	if first.InterfaceName != again.InterfaceName {
		t.Errorf("%+v, again %+v", first, again)
	}
	if _, err := b.join(t.Context(), &protocol.JoinRequest{NetworkID: "n1", EndpointID: "e2", SandboxKey: "/ns/1"}); err == nil {
		t.Error("an endpoint that is not there has joined")
	}
}

// TestRestart is another plugin with the files of the one before, and one whose
// files are broken: the engine knows.
func TestRestart(t *testing.T) {
	b := newBench(t)
	b.must(b.network("n1", map[string]any{"switch": "left"}))
	b.joined("n1", "e1", "10.9.0.2/24", "/ns/1")
	b.restart()
	if e, ok := b.known.endpoint("e1"); !ok || e.Sandbox != "/ns/1" {
		t.Fatalf("endpoint: %+v", e)
	}
	mac := b.known.of("n1")[0].MAC
	for i, name := range []string{networksFile, endpointsFile} {
		b.must(os.WriteFile(filepath.Join(b.dirs[i], name), []byte(`{"format":1,"netw`), 0o600))
	}
	b.fabric.plugs = map[string]plug{} // and the devices are gone
	b.restart()
	if networks, _ := b.known.all(); len(networks) > 0 {
		t.Fatal("broken files are read")
	}
	eng := &fakeEngine{
		networks: []docker.Network{{
			ID: "n1", Name: "mine", Driver: "valelab", Options: map[string]string{"switch": "left"},
			Subnets: []docker.Subnet{{Pool: "10.9.0.0/24", Gateway: "10.9.0.1"}},
			Endpoints: []docker.NetworkEndpoint{
				{ID: "e1", Container: "c1", Name: "web", MAC: mac, IPv4: "10.9.0.2/24"},
				{ID: "e2", Container: "c2", Name: "down", MAC: mac, IPv4: "10.9.0.3/24"},
			},
		}},
		sandboxes: map[string]string{"c1": "/nowhere/1"},
	}
	b.must(b.reconcile(t.Context(), b.known, eng.networks, eng))
	networks, endpoints := b.known.all()
	if len(networks) != 1 || networks[0].Options.Switch != "left" || networks[0].Subnets[0].Gateway != "10.9.0.1/24" || !b.fabric.switches["left"] {
		t.Errorf("networks %+v", networks)
	}
	if len(endpoints) != 1 || endpoints[0].ID != "e1" || endpoints[0].MAC != mac || endpoints[0].Container != "web" {
		t.Errorf("endpoints %+v", endpoints)
	}
}

// TestCollect is what an engine has forgotten, and what it is just making.
func TestCollect(t *testing.T) {
	b := newBench(t)
	b.must(b.network("n1", nil))
	b.must(b.network("n2", nil))
	b.joined("n1", "old", "10.9.0.2/24", "/ns/1")
	b.joined("n1", "lost", "10.9.0.3/24", "/ns/2")
	b.fabric.parked["old"], b.fabric.parked["nobody"] = true, true
	eng := &fakeEngine{networks: []docker.Network{{ID: "n1", Name: "one", Endpoints: []docker.NetworkEndpoint{
		{ID: "old", Name: "web"}, {ID: "lost", Name: "db"},
	}}}}
	ids := func() string {
		b.must(b.reconcile(t.Context(), b.known, eng.networks, eng))
		networks, endpoints := b.known.all()
		var all []string
		for _, n := range networks {
			all = append(all, n.ID)
		}
		for _, e := range endpoints {
			all = append(all, e.ID)
		}
		return strings.Join(all, " ")
	}
	if got := ids(); got != "n1 n2 lost old" {
		t.Fatalf("at first: %s", got)
	}
	_, err := b.endpoint("n1", "new", "10.9.0.4/24", nil)
	b.must(err)
	eng.networks[0].Endpoints = eng.networks[0].Endpoints[:1] // an engine that was killed
	if got := ids(); got != "n1 n2 new old" {
		t.Errorf("after the engine lost one: %s", got)
	}
	b.clock = b.clock.Add(grace)
	if got := ids(); got != "n1 old" {
		t.Errorf("a minute later: %s", got)
	}
	b.must(b.sweep())
	if got := slices.Collect(maps.Keys(b.fabric.parked)); !slices.Equal(got, []string{"old"}) {
		t.Errorf("devices that are left: %v", got)
	}
	eng.networks = nil
	if got := ids(); got != "" {
		t.Errorf("after the engine lost all: %s", got)
	}
	b.empty()
}

// TestLabels gives people the names that they know.
func TestLabels(t *testing.T) {
	b := newBench(t)
	b.must(b.network("n1", map[string]any{"host": "on"}))
	b.joined("n1", "e1", "10.9.0.2/24", "/ns/c1")
	eng := &fakeEngine{networks: []docker.Network{{ID: "n1", Name: "one", Endpoints: []docker.NetworkEndpoint{{ID: "e1", Name: "web"}}}}}
	b.must(b.reconcile(t.Context(), b.known, eng.networks, eng))
	if missing, err := b.learn(t.Context(), b.known); missing != 1 || err != nil {
		t.Errorf("before the engine took it: %d %v", missing, err)
	}
	b.fabric.inside[labDevice("e1")] = parkDevice("e1")
	if missing, err := b.learn(t.Context(), b.known); missing != 1 || err != nil {
		t.Errorf("before the engine renamed it: %d %v", missing, err)
	}
	b.fabric.inside[labDevice("e1")] = "eth7"
	if missing, err := b.learn(t.Context(), b.known); missing != 0 || err != nil {
		t.Errorf("after that: %d %v", missing, err)
	}
	want := map[string]string{"cc1": "web[eth7]", machineNode: "[" + hostDevice("n1") + "]"}
	if !maps.Equal(b.fabric.labels, want) {
		t.Errorf("labels %v, want %v", b.fabric.labels, want)
	}
}

// TestLost is the death of keeper and agent: the next request finds it out, and
// the background makes everything again that it can.
func TestLost(t *testing.T) {
	b := newBench(t)
	b.must(b.network("n1", map[string]any{"host": "on"}))
	b.must(b.network("n2", map[string]any{"uplink": "eth3"}))
	b.joined("n1", "e1", "10.9.0.2/24", "/proc/self/ns/net")
	b.joined("n1", "e2", "10.9.0.3/24", "/nowhere")
	b.fabric.lose()
	b.fabric.lost()
	select {
	case <-b.poked:
	default:
		t.Error("the background is not told")
	}
	b.joined("n2", "e3", "10.9.0.4/24", "/ns/3")
	r := &rounds{Driver: b.Driver, known: b.known, engine: &fakeEngine{}}
	r.round(t.Context())
	for _, id := range []string{"n1", "e1", "e3"} {
		if _, ok := b.fabric.plugs[labDevice(id)]; !ok {
			t.Errorf("%s has no devices", id)
		}
	}
	healed := b.fabric.plugs[labDevice("e1")]
	if healed.Parked || healed.Path != "/proc/self/ns/net" || len(healed.Addresses) != 1 || !strings.HasPrefix(healed.Far, "eth") {
		t.Errorf("made anew: %+v", healed)
	}
	if _, ok := b.fabric.plugs[labDevice("e2")]; ok {
		t.Error("an endpoint whose container is gone was made anew")
	}
	if b.fabric.uplinks["eth3"] == "" {
		t.Error("the uplink is gone")
	}
}

// TestParallel lets many do everything at once, some of it twice.
func TestParallel(t *testing.T) {
	b := newBench(t)
	var wg sync.WaitGroup
	for i := range 8 {
		for range 2 {
			wg.Go(func() {
				id := fmt.Sprintf("n%d", i)
				if err := b.network(id, map[string]any{"switch": fmt.Sprintf("s%d", i%3)}); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	for i := range 40 {
		wg.Go(func() {
			n, e := fmt.Sprintf("n%d", i%8), fmt.Sprintf("e%d", i)
			if _, err := b.endpoint(n, e, fmt.Sprintf("10.9.0.%d/24", i+2), nil); err != nil {
				t.Error(err)
			}
			if _, err := b.join(t.Context(), &protocol.JoinRequest{NetworkID: n, EndpointID: e, SandboxKey: "/ns/" + e}); err != nil {
				t.Error(err)
			}
			for range 2 {
				wg.Go(func() {
					if _, err := b.deleteEndpoint(t.Context(), &protocol.EndpointRequest{NetworkID: n, EndpointID: e}); err != nil {
						t.Error(err)
					}
				})
			}
		})
	}
	wg.Wait()
	for i := range 8 {
		wg.Go(func() {
			if _, err := b.deleteNetwork(t.Context(), &protocol.NetworkRequest{NetworkID: fmt.Sprintf("n%d", i)}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	b.empty()
}

// TestFault is what requests get while there is nothing to work with.
func TestFault(t *testing.T) {
	b := newBench(t)
	b.begin(nil, errors.New("no namespaces here"))
	if err := b.network("n1", nil); err == nil || !strings.Contains(err.Error(), "no namespaces here") {
		t.Errorf("network: %v", err)
	}
	if _, err := b.capabilities(t.Context(), nil); err != nil {
		t.Errorf("capabilities: %v", err)
	}
}

// TestHeldLock ends a request whose network another one holds.
func TestHeldLock(t *testing.T) {
	var l locks
	unlock, err := l.lock(t.Context(), "n")
	if err != nil {
		t.Fatal(err)
	}
	ended, cancel := contextThatEnds(t, time.Millisecond)
	defer cancel()
	if _, err := l.lock(ended, "n"); !errors.Is(err, errBusy) {
		t.Errorf("held: %v", err)
	}
	unlock()
	again, err := l.lock(t.Context(), "n")
	if err != nil {
		t.Fatal(err)
	}
	again()
	if len(l.held) > 0 {
		t.Errorf("left: %v", l.held)
	}
}
