package agent

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/valelab/valelab/netmap/kernel"
	"github.com/valelab/valelab/netmap/module"
	"github.com/valelab/valelab/runtime/link"
	"github.com/valelab/valelab/runtime/wiring"
)

// moduleLAN is a switch of netmap's module, in the lab's network namespace. The
// module makes it with its first port and removes it with its last.
type moduleLAN struct {
	agent   *agent
	name    string // on the module
	control kernel.Device
	wire    bool
}

// plainName are the names of switches that the module's can carry themselves.
var plainName = regexp.MustCompile(`^[0-9A-Za-z_]{1,11}$`)

// moduleSwitch is what the module calls a switch of the lab. Names that are too
// long for it are hashed.
func moduleSwitch(name string) string {
	if plainName.MatchString(name) {
		return "vale" + name
	}
	return "vale" + wiring.Hash("switch " + name)[:11]
}

// openModule opens the module's device, for a switch or a port.
func openModule() (kernel.Device, error) {
	d, err := kernel.Open()
	if err != nil {
		return -1, fmt.Errorf("netmap's module: %w", err)
	}
	return d, nil
}

func (l *moduleLAN) attach(e *endpoint) (port, error) {
	p := &modulePort{
		agent: l.agent, control: kernel.Device(e.sock), on: l.name, name: e.name(), device: e.Spec.Device,
		endpoint: e,
	}
	if l.agent.settler == nil {
		s, err := l.agent.startSettler()
		if err != nil {
			return nil, err
		}
		l.agent.settler = s
	}
	n := l.agent.nodes[e.Node]
	if n == nil || n.namespace < 0 && !n.isGuest() {
		return nil, missing("there is no node %q", e.Node)
	}
	if !n.isGuest() { // of guests whoever made the pair has done it
		if err := link.PlainChecksums(n.namespace, e.Interface); err != nil {
			return nil, err
		}
	}
	if err := p.restore(); err != nil {
		return nil, err
	}
	e.module = p
	e.fault = p.stale()
	p.isStale = e.fault != ""
	return p, nil
}

// connect links two switches by a veth pair: the module's own persistent ports
// can't be removed any more once they were opened.
func (l *moduleLAN) connect(to lan, name string) (cable, error) {
	other, ok := to.(*moduleLAN)
	if !ok {
		return nil, errMixed
	}
	t := &moduleCable{control: l.control, a: trunkDevice(name, "a"), b: trunkDevice(name, "b")}
	t.portA, t.portB = l.name+":"+t.a, other.name+":"+t.b
	ns, err := link.Current()
	if err != nil {
		return nil, err
	}
	defer ns.Close()
	mtu, err := moduleMTU()
	if err != nil {
		return nil, err
	}
	if err := ns.AddCable(t.a, t.b, mtu); err != nil {
		return nil, err
	}
	for _, port := range []string{t.portA, t.portB} {
		if has, err := l.control.Has(port); err == nil && has {
			continue // of the agent before
		}
		if _, err := l.control.Attach(port, false); err != nil {
			return nil, errors.Join(err, t.Close())
		}
	}
	return t, nil
}

// moduleMTU is the largest MTU that a device on the module's switches can have.
func moduleMTU() (int, error) {
	params, err := module.Here()
	if err != nil {
		return 0, err
	}
	return params.MaxMTU(), nil
}

// trunkDevice is what an end of a trunk is called.
func trunkDevice(name, end string) string { return "t" + wiring.Hash("trunk " + name)[:13] + end }

func (l *moduleLAN) close() error { return l.control.Close() }

// moduleCable is a trunk between two switches of the module.
type moduleCable struct {
	control      kernel.Device // the first switch's
	a, b         string        // devices
	portA, portB string        // on the module
}

// Close detaches both ends, then removes them.
func (t *moduleCable) Close() error {
	err := errors.Join(t.control.Detach(t.portA), t.control.Detach(t.portB))
	ns, nerr := link.Current()
	if nerr != nil {
		return errors.Join(err, nerr)
	}
	defer ns.Close()
	return errors.Join(err, ns.RemovePair(t.a))
}

// onModule says whether a switch is the module's.
func (a *agent) onModule(name string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.onModuleLocked(name)
}

// onModuleLocked is onModule for who has the lock.
func (a *agent) onModuleLocked(name string) bool {
	s := a.switches[name]
	return s != nil && s.spec.Kernel
}

// openControl is openSocket for a device that becomes a port of the module: what
// is opened is the module's device.
func openControl(ns *netns, device string) (fd, ifIndex int, err error) {
	if ifIndex, err = ns.index(device); err != nil {
		return -1, 0, err
	}
	if ifIndex == 0 {
		return -1, 0, missing("there is no device %q", device)
	}
	d, err := openModule()
	return int(d), ifIndex, err
}
