package agent

import (
	"fmt"
	"net"

	"github.com/valelab/valelab/netmap/vale"
	"github.com/valelab/valelab/runtime/keeper"
)

// The bounds of an endpoint, those of the lab file.
const (
	minMTU, maxMTU     = 68, 9216
	minSlots, maxSlots = 64, 4096
	maxRings           = 16
)

// endpoint is an interface of a node that is a port of a switch.
type endpoint struct {
	endpointRecord
	attached
	vale     *vale.Port  // the port, on a switch of package vale
	module   *modulePort // the port, on one of the module
	programs map[*program]struct{}
	fault    string // why the last open was closed by force
}

func (e *endpoint) name() string { return portName(e.Node, e.Interface) }

func (e *endpoint) mode() string {
	if e.module != nil {
		return e.module.mode()
	}
	if len(e.programs) > 0 || e.vale.Attached() {
		return ModeNetmap
	}
	return ModeSocket
}

// putEndpoint carries out PUT /v1/endpoints/{node}/{interface}.
func (a *agent) putEndpoint(node, iface string, spec EndpointSpec) (created bool, err error) {
	name := portName(node, iface)
	if err := checkEndpoint(node, iface, spec); err != nil {
		return false, err
	}
	if done, err := a.endpointIs(name, spec); done || err != nil {
		return false, err
	}
	sock, ifIndex, err := a.openEndpoint(spec)
	if err != nil {
		return false, err
	}
	e := &endpoint{
		endpointRecord: endpointRecord{Node: node, Interface: iface, Spec: spec, At: socketPort{IfIndex: ifIndex, Port: -1}},
		attached:       attached{sock: sock},
	}
	a.mu.Lock()
	err = a.addEndpoint(e)
	a.mu.Unlock()
	if err != nil {
		closeFD(e.sock)
		return false, err
	}
	return true, nil
}

// openEndpoint opens what makes the endpoint's device a port.
func (a *agent) openEndpoint(spec EndpointSpec) (sock, ifIndex int, err error) {
	if a.onModule(spec.Switch) {
		return openControl(a.lab, spec.Device)
	}
	return openSocket(a.lab, spec.Device, false) // a veth hands everything over anyway
}

// endpointIs says whether an endpoint is there as it should be. One whose
// device has gone or was made anew is taken away.
func (a *agent) endpointIs(name string, spec EndpointSpec) (bool, error) {
	a.mu.Lock()
	e := a.endpoints[name]
	if e == nil {
		a.mu.Unlock()
		return false, nil
	}
	err := same(e.Spec == spec, "endpoint "+name)
	if err != nil || deviceFault(a.lab, e.Spec.Device, e.At) == "" {
		a.mu.Unlock()
		return err == nil, err
	}
	err = a.removeEndpoint(e)
	a.mu.Unlock()
	if err == nil {
		closeFD(e.sock)
	}
	return false, err
}

// addEndpoint attaches an endpoint and gives it to the keeper. After an error
// its socket is the caller's.
func (a *agent) addEndpoint(e *endpoint) error {
	if a.endpoints[e.name()] != nil {
		return conflict("endpoint %s is being put by another request", e.name())
	}
	n := a.nodes[e.Node]
	if n == nil {
		return missing("there is no node %q", e.Node)
	}
	if s := a.switches[e.Spec.Switch]; s != nil && s.spec.Kernel {
		if err := a.holdNamespace(n); err != nil {
			return err
		}
	}
	if err := a.attachEndpoint(e); err != nil {
		return err
	}
	if err := a.keep(kindEndpoint, e.name(), e.endpointRecord, e.sock); err != nil {
		a.dropEndpoint(e)
		return fmt.Errorf("endpoint %s: %w", e.name(), err)
	}
	return nil
}

// attachEndpoint attaches an endpoint and puts it into the model.
func (a *agent) attachEndpoint(e *endpoint) (err error) {
	if e.on, err = a.switchFor(e.Spec.Switch); err != nil {
		return err
	}
	if e.port, err = e.on.lan.attach(e); err != nil {
		return fmt.Errorf("endpoint %s: %w", e.name(), err)
	}
	e.At.Port = e.port.Index()
	e.programs = make(map[*program]struct{})
	e.on.ports++
	a.endpoints[e.name()] = e
	return nil
}

// deleteEndpoint carries out DELETE /v1/endpoints/{node}/{interface}.
func (a *agent) deleteEndpoint(node, iface string) error {
	a.mu.Lock()
	e := a.endpoints[portName(node, iface)]
	if e == nil {
		a.mu.Unlock()
		return nil
	}
	err := a.removeEndpoint(e)
	a.mu.Unlock()
	switch {
	case err != nil:
	case e.module == nil: // the kernel takes its time, in which it hands nothing over any more
		go closeFD(e.sock)
	default:
		closeFD(e.sock)
	}
	return err
}

// removeEndpoint takes an endpoint from the keeper and from its switch. Its
// socket is the caller's then.
func (a *agent) removeEndpoint(e *endpoint) error {
	if err := a.store.Delete(entryKey(kindEndpoint, e.name())); err != nil {
		return fmt.Errorf("endpoint %s: %w", e.name(), err)
	}
	for p := range e.programs {
		a.endProgram(p)
	}
	a.dropEndpoint(e)
	return nil
}

func (a *agent) dropEndpoint(e *endpoint) {
	delete(a.endpoints, e.name())
	a.detach(&e.attached)
}

// restoreEndpoint makes an endpoint again.
func (a *agent) restoreEndpoint(entry *keeper.Entry) error {
	e := &endpoint{}
	if err := decodeEntry(entry, &e.endpointRecord); err != nil {
		return err
	}
	e.sock = entry.FDs[0]
	if err := a.attachEndpoint(e); err != nil {
		return err
	}
	take(entry, 0)
	return nil
}

// checkEndpoint says what is wrong with a request.
func checkEndpoint(node, iface string, spec EndpointSpec) error {
	name := portName(node, iface)
	switch mac, err := net.ParseMAC(spec.MAC); {
	case !nodeName.MatchString(node) || !isDevice(iface):
		return invalid("endpoint %s: not the name of a node and an interface", name)
	case !isDevice(spec.Device):
		return invalid("endpoint %s: device: %q is not a device's name", name, spec.Device)
	case spec.MTU < minMTU || spec.MTU > maxMTU:
		return invalid("endpoint %s: mtu: %d is not %d to %d", name, spec.MTU, minMTU, maxMTU)
	case err != nil || len(mac) != 6:
		return invalid("endpoint %s: mac: %q is not an Ethernet address", name, spec.MAC)
	case spec.Rings < 1 || spec.Rings > maxRings:
		return invalid("endpoint %s: rings: %d is not 1 to %d", name, spec.Rings, maxRings)
	case spec.Slots < minSlots || spec.Slots > maxSlots:
		return invalid("endpoint %s: slots: %d is not %d to %d", name, spec.Slots, minSlots, maxSlots)
	}
	return nil
}
