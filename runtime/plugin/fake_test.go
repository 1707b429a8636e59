package plugin

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/valelab/valelab/netmap/module"
	"github.com/valelab/valelab/runtime/docker"
	"github.com/valelab/valelab/runtime/plugin/protocol"
)

// fakeFabric is a fabric in memory, which holds its users to the rules.
type fakeFabric struct {
	mu       sync.Mutex
	running  bool
	switches map[string]bool
	kernel   map[string]bool // of the module
	module   *module.Params  // nil: there is none
	others   int             // devices that labs have on it
	uplinks  map[string]string
	plugs    map[string]plug // by device
	inside   map[string]string
	labels   map[string]string
	parked   map[string]bool // ids of parked ends that nobody knows
	fault    func(op string) error
	dead     map[string]bool // paths of namespaces that were removed
	lost     func()          // tells of the death of keeper or agent
}

func newFakeFabric() *fakeFabric {
	f := &fakeFabric{labels: make(map[string]string), parked: make(map[string]bool), inside: make(map[string]string), dead: make(map[string]bool)}
	f.lose()
	return f
}

// lose is the death of keeper and agent.
func (f *fakeFabric) lose() {
	f.running = false
	f.switches, f.kernel, f.uplinks, f.plugs = make(map[string]bool), make(map[string]bool), make(map[string]string), make(map[string]plug)
}

func (f *fakeFabric) do(op string, what func() error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fault != nil {
		if err := f.fault(op); err != nil {
			return err
		}
	}
	return what()
}

func (f *fakeFabric) Watch(lost func()) { f.lost = lost }

func (f *fakeFabric) Start(context.Context) (anew bool, err error) {
	err = f.do("start", func() error {
		anew = !f.running
		f.running = true
		return nil
	})
	return anew, err
}

func (f *fakeFabric) Stop(context.Context) error {
	return f.do("stop", func() error { f.lose(); return nil })
}

func (f *fakeFabric) ModuleHere() bool { return f.module != nil }

func (f *fakeFabric) ModuleRoom() (*module.Params, module.Demand, error) {
	return f.module, module.Demand{Available: 1 << 30, OtherVeths: f.others}, nil
}

func (f *fakeFabric) PutSwitch(_ context.Context, name string, kernel bool) error {
	return f.do("switch", func() error {
		if f.switches[name] && f.kernel[name] != kernel {
			return fmt.Errorf("switch %s is of the other kind", name)
		}
		f.switches[name], f.kernel[name] = true, kernel
		return nil
	})
}

func (f *fakeFabric) DeleteSwitch(_ context.Context, name string) error {
	return f.do("delete switch", func() error {
		for _, p := range f.plugs {
			if p.Switch == name {
				return fmt.Errorf("switch %s has ports", name)
			}
		}
		delete(f.switches, name)
		return nil
	})
}

func (f *fakeFabric) PutUplink(_ context.Context, iface, on string, kernel bool) error {
	return f.do("uplink", func() error {
		if have, ok := f.uplinks[iface]; ok && have != on || !f.switches[on] || f.kernel[on] != kernel {
			return fmt.Errorf("uplink %s is on %q", iface, have)
		}
		f.uplinks[iface] = on
		return nil
	})
}

func (f *fakeFabric) DeleteUplink(_ context.Context, iface string) error {
	return f.do("delete uplink", func() error { delete(f.uplinks, iface); return nil })
}

func (f *fakeFabric) Plug(_ context.Context, p plug) error {
	return f.do("plug", func() error {
		if !f.switches[p.Switch] {
			return fmt.Errorf("there is no switch %q", p.Switch)
		}
		f.plugs[p.Device] = p
		return nil
	})
}

func (f *fakeFabric) Replug(_ context.Context, p plug) error {
	return f.do("replug", func() error { return nil })
}

func (f *fakeFabric) Plugged(p plug) (there bool, err error) {
	err = f.do("plugged", func() error { _, there = f.plugs[p.Device]; return nil })
	return there, err
}

func (f *fakeFabric) Unplug(_ context.Context, p plug) error {
	return f.do("unplug", func() error { delete(f.plugs, p.Device); return nil })
}

func (f *fakeFabric) Label(_ context.Context, node, title, path string, inside map[string]string) error {
	return f.do("label", func() error {
		names := slices.Sorted(maps.Values(inside))
		f.labels[node] = fmt.Sprint(title, path, names)
		return nil
	})
}

func (f *fakeFabric) Inside(_ string, p plug) (name string, err error) {
	err = f.do("inside", func() error { name = f.inside[p.Device]; return nil })
	return name, err
}

func (f *fakeFabric) Alive(path string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !f.dead[path]
}

func (f *fakeFabric) Sweep(keep func(string) bool) error {
	return f.do("sweep", func() error {
		maps.DeleteFunc(f.parked, func(id string, _ bool) bool { return !keep(id) })
		return nil
	})
}

// fakeEngine is an engine in memory.
type fakeEngine struct {
	networks  []docker.Network
	sandboxes map[string]string
}

func (e *fakeEngine) Networks(context.Context, string) ([]docker.Network, error) {
	return e.networks, nil
}

func (e *fakeEngine) Sandbox(_ context.Context, container string) (string, error) {
	return e.sandboxes[container], nil
}

func (e *fakeEngine) WatchNetworks(context.Context, func(), func(error)) {}

// bench is a driver with all around it.
type bench struct {
	testing.TB
	*Driver
	fabric *fakeFabric
	known  *records
	clock  time.Time
	dirs   [2]string
}

func newBench(t testing.TB) *bench {
	t.Helper()
	b := &bench{TB: t, fabric: newFakeFabric(), clock: time.Unix(1_700_000_000, 0).UTC(), dirs: [2]string{t.TempDir(), t.TempDir()}}
	b.restart()
	return b
}

// restart is another plugin on the same files.
func (b *bench) restart() {
	b.Helper()
	b.Driver = newDriver(b.fabric, slog.New(slog.DiscardHandler))
	b.Driver.now = func() time.Time { return b.clock }
	var notes []error
	if b.known, notes = openRecords(b.dirs[0], b.dirs[1]); len(notes) > 0 {
		b.Log(notes)
	}
	b.begin(b.known, b.resume(b.Context(), b.known))
}

// network makes a network with options.
func (b *bench) network(id string, options map[string]any) error {
	_, err := b.createNetwork(b.Context(), &protocol.CreateNetworkRequest{
		NetworkID: id, Options: map[string]any{genericKey: options},
		IPv4Data: []protocol.IPAMData{{Pool: "10.9.0.0/24", Gateway: "10.9.0.1/24"}},
	})
	return err
}

// endpoint makes an endpoint and returns its MAC.
func (b *bench) endpoint(network, id, address string, options map[string]any) (string, error) {
	r, err := b.createEndpoint(b.Context(), &protocol.CreateEndpointRequest{
		NetworkID: network, EndpointID: id, Interface: &protocol.Interface{Address: address}, Options: options,
	})
	if err != nil {
		return "", err
	}
	return r.Interface.MacAddress, nil
}

func (b *bench) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// joined makes an endpoint in a container.
func (b *bench) joined(network, id, address, sandbox string) *protocol.JoinReply {
	b.Helper()
	_, err := b.endpoint(network, id, address, nil)
	b.must(err)
	r, err := b.join(b.Context(), &protocol.JoinRequest{NetworkID: network, EndpointID: id, SandboxKey: sandbox})
	b.must(err)
	return r
}

// empty fails the test if anything is left.
func (b *bench) empty() {
	b.Helper()
	networks, endpoints := b.known.all()
	if len(networks)+len(endpoints)+len(b.fabric.plugs)+len(b.fabric.switches)+len(b.fabric.uplinks) > 0 {
		b.Errorf("left: networks %v, endpoints %v, plugs %v, switches %v, uplinks %v",
			networks, endpoints, b.fabric.plugs, b.fabric.switches, b.fabric.uplinks)
	}
}
