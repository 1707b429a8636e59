package plugin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/module"
	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/runtime/agent"
	"github.com/valelab/valelab/runtime/link"
	"github.com/valelab/valelab/runtime/state"
	"github.com/valelab/valelab/topology"
)

// lab is the fabric of this machine: a lab without a lab file.
type lab struct {
	dir     state.Dir
	machine runtime.Machine
	client  *agent.Client
	door    string // folder that containers bind
	lost    func() // is called when keeper or agent has ended

	nodes locks // a node's endpoints may be on several networks

	starting sync.Mutex // one start at a time
	pair     pair       // that has all that it is to have

	mu  sync.Mutex
	net *link.Namespace // the lab's, of the agent that answered last
}

func newLab(dir state.Dir, door string) *lab {
	return &lab{dir: dir, machine: runtime.Local(), client: agent.Dial(dir.Path()), door: door, lost: func() {}}
}

// Start implements fabric.
func (l *lab) Start(ctx context.Context) (anew bool, err error) {
	l.starting.Lock()
	defer l.starting.Unlock()
	if l.pair.alive() { // nothing has happened since the last time
		return false, nil
	}
	version, err := l.client.Version(ctx)
	switch {
	case errors.Is(err, agent.ErrNoAgent), err == nil && !keeperAlive(l.dir): // an agent alone can't keep anything
		anew = true
		err = l.begin(ctx)
	case err == nil && version.Build != agent.Build():
		err = runtime.ReplaceAgent(ctx, l.machine, l.dir, version.PID)
	}
	if err != nil {
		return false, err
	}
	if err := l.open(); err != nil {
		return anew, err
	}
	if err := fillDoor(l.door); err != nil {
		return anew, err
	}
	if _, err = l.client.PutDoor(ctx, agent.DoorSpec{Folder: l.door}); err != nil {
		return anew, err
	}
	if version, err = l.client.Version(ctx); err != nil {
		return anew, err
	}
	l.pair.end()
	l.pair, err = watchPair(l.dir, version.PID, l.lost)
	return anew, err
}

// begin starts keeper and agent in the place of what is left of others.
func (l *lab) begin(ctx context.Context) error {
	if err := runtime.StopAgent(ctx, l.machine, l.dir); err != nil {
		return err
	}
	l.forget()
	return l.machine.StartAgent(ctx, l.dir)
}

// open opens the lab's namespace, and keeps its devices quiet.
func (l *lab) open() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.net != nil {
		return nil
	}
	ns, err := runtime.OpenNetwork(l.dir)
	if err != nil {
		return err
	}
	if err := ns.Quiet(); err != nil {
		ns.Close()
		return err
	}
	l.net = ns
	return nil
}

// forget closes the namespace of an agent that is no more: held open, it would
// live on with its devices.
func (l *lab) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.net != nil {
		l.net.Close()
		l.net = nil
	}
}

func (l *lab) network() (*link.Namespace, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.net == nil {
		return nil, state.ErrGone
	}
	return l.net, nil
}

// Watch implements fabric.
func (l *lab) Watch(lost func()) { l.lost = lost }

// Stop implements fabric.
func (l *lab) Stop(ctx context.Context) error {
	l.starting.Lock()
	defer l.starting.Unlock()
	l.forget()
	l.pair.end()
	return errors.Join(runtime.StopAgent(ctx, l.machine, l.dir), emptyDoor(l.door))
}

// ModuleHere implements fabric.
func (l *lab) ModuleHere() bool { return l.machine.Module().Here() }

// ModuleRoom implements fabric.
func (l *lab) ModuleRoom() (params *module.Params, others module.Demand, err error) {
	params, others.Available, err = l.machine.Module().Room()
	if err == nil {
		others.OtherVeths, others.OtherHost, err = runtime.OthersOnModule(l.dir)
	}
	return params, others, err
}

// PutSwitch implements fabric.
func (l *lab) PutSwitch(ctx context.Context, name string, kernel bool) error {
	if kernel {
		if _, err := l.machine.Module().Prepare(); err != nil {
			return err
		}
	}
	_, err := l.client.PutSwitch(ctx, name, agent.SwitchSpec{Kernel: kernel})
	return err
}

// DeleteSwitch implements fabric.
func (l *lab) DeleteSwitch(ctx context.Context, name string) error {
	return unlessGone(l.client.DeleteSwitch(ctx, name))
}

// unlessGone is nil when there is no agent: what it had is gone with it.
func unlessGone(err error) error {
	if errors.Is(err, agent.ErrNoAgent) {
		return nil
	}
	return err
}

// PutUplink implements fabric.
func (l *lab) PutUplink(ctx context.Context, iface, on string, kernel bool) error {
	_, err := l.machine.TakeUplink(ctx, l.dir, &topology.Uplink{Switch: on, Interface: iface, Host: topology.HostKeep}, kernel)
	if err != nil {
		return err
	}
	_, err = l.client.PutUplink(ctx, iface, agent.UplinkSpec{Switch: on})
	return err
}

// DeleteUplink implements fabric.
func (l *lab) DeleteUplink(ctx context.Context, iface string) error {
	err := unlessGone(l.client.DeleteUplink(ctx, iface))
	return errors.Join(err, l.machine.GiveBackUplink(ctx, l.dir, iface))
}

// Plug implements fabric.
func (l *lab) Plug(ctx context.Context, p plug) error {
	ns, err := l.network()
	if err != nil {
		return err
	}
	mac, err := net.ParseMAC(p.MAC)
	if err != nil {
		return err
	}
	other, err := openNamespace(p.Path)
	if err != nil {
		return err
	}
	defer other.Close()
	pair := link.Pair{
		Device: p.Device, Alias: p.Node + ":" + p.Interface, Interface: p.Far, MAC: mac, MTU: p.MTU,
		Addresses: p.Addresses, Parked: p.Parked, Note: l.note(p.ID),
	}
	if _, err := ns.AddPair(pair, other); err != nil {
		return err
	}
	if p.Kernel {
		if err := link.PlainChecksums(int(other.Fd()), p.Far); err != nil {
			return err
		}
	}
	if len(p.Gateways) > 0 {
		if err := addRoutes(other, p); err != nil {
			return err
		}
	}
	return l.Replug(ctx, p)
}

// Replug implements fabric.
func (l *lab) Replug(ctx context.Context, p plug) error {
	unlock, err := l.nodes.lock(ctx, p.Node)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := l.client.PutGuest(ctx, p.Node, agent.GuestSpec{}); err != nil {
		return err
	}
	spec := agent.EndpointSpec{
		Switch: p.Switch, Device: p.Device, MTU: p.MTU, MAC: p.MAC, Rings: p.Rings, Slots: p.Slots,
	}
	_, err = l.client.PutEndpoint(ctx, p.Node, p.Interface, spec)
	return err
}

// addRoutes gives the other end of a plug its default routes.
func addRoutes(other *os.File, p plug) error {
	again, err := os.Open(fmt.Sprintf("/proc/self/fd/%d", other.Fd()))
	if err != nil {
		return err
	}
	inside, err := link.Open(again)
	if err != nil {
		return err
	}
	defer inside.Close()
	for _, gateway := range p.Gateways {
		if err := inside.AddDefaultRoute(p.Far, gateway); err != nil {
			return err
		}
	}
	return nil
}

// Plugged implements fabric.
func (l *lab) Plugged(p plug) (bool, error) {
	ns, err := l.network()
	if errors.Is(err, state.ErrGone) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	index, err := ns.Index(p.Device)
	return index > 0, err
}

// Unplug implements fabric.
func (l *lab) Unplug(ctx context.Context, p plug) error {
	ns, err := l.network()
	if errors.Is(err, state.ErrGone) {
		return nil // the devices are gone with it
	}
	if err != nil {
		return err
	}
	err = l.client.DeleteEndpoint(ctx, p.Node, p.Interface)
	if errors.Is(err, agent.ErrNoAgent) { // ports are gone with it
		return ns.RemovePair(p.Device)
	}
	if err = errors.Join(err, ns.RemovePair(p.Device)); err != nil {
		return err
	}
	unlock, err := l.nodes.lock(ctx, p.Node)
	if err != nil {
		return err
	}
	defer unlock()
	var refused *agent.StatusError // it has other endpoints
	if err := l.client.DeleteGuest(ctx, p.Node); err != nil && !errors.As(err, &refused) {
		return err
	}
	return nil
}

// Label implements fabric.
func (l *lab) Label(ctx context.Context, node, title, path string, inside map[string]string) error {
	_, err := l.client.PutGuest(ctx, node, agent.GuestSpec{Title: title, Names: inside, Namespace: path})
	return err
}

// Inside implements fabric.
func (l *lab) Inside(path string, p plug) (string, error) {
	ns, err := l.network()
	if err != nil {
		return "", err
	}
	index, err := ns.Index(p.Device)
	if err != nil || index == 0 {
		return "", err
	}
	file, err := openNamespace(path)
	if err != nil {
		return "", err
	}
	inside, err := link.Open(file)
	if err != nil {
		return "", err
	}
	defer inside.Close()
	peers, err := inside.PeersIn(ns)
	return peers[index], err
}

// Alive implements fabric.
func (l *lab) Alive(path string) bool {
	var s unix.Statfs_t
	return unix.Statfs(path, &s) == nil && s.Type == unix.NSFS_MAGIC
}

// Sweep implements fabric.
func (l *lab) Sweep(keep func(endpoint string) bool) error {
	ns, err := link.Current()
	if err != nil {
		return err
	}
	defer ns.Close()
	prefix := l.note("")
	var errs []error
	err = ns.RemoveNoted(prefix, func(note string) bool {
		id := strings.TrimPrefix(note, prefix)
		if keep(id) {
			return true
		}
		// By the lab's end, where there is one: it may be on a switch of the module.
		if lab, err := l.network(); err == nil {
			errs = append(errs, lab.RemovePair(labDevice(id)))
		}
		return false
	})
	return errors.Join(append(errs, err)...)
}

// note is what the other end of an endpoint's pair carries.
func (l *lab) note(endpoint string) string { return "valelab:" + l.dir.Path() + ":" + endpoint }

// openNamespace opens a network namespace by its path, or the machine's.
func openNamespace(path string) (*os.File, error) {
	if path == "" {
		path = "/proc/self/ns/net"
	}
	return os.Open(path)
}
