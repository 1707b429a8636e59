package serve

import (
	"errors"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/internal/region"
	"github.com/valelab/valelab/netmap/vale"
)

// adapter is what a program can open: an endpoint, a port of a switch, a
// persistent port, an end of a pipe, a NULL port. It lives as long as it has
// users, but for persistent ports.
type adapter struct {
	name       string // nr_name without flags
	spec       region.Spec
	memory     *memory
	port       *vale.Port
	bridge     *bridge   // that the port is on; nil: an endpoint
	endpoint   *Endpoint // nil: none
	persistent bool      // made by NEWIF
	hdr        int       // bytes of virtio-net header
	kind       uint32    // NMU_*
	users      int       // opens, and pipes beside it
	pipe       *pipe     // that it is an end of
	monitorOf  string    // name of the adapter that it is a monitor of
	monitors   int       // monitors that it has had

	attached *attachment // the device's place on another switch
	place    *attachment // that it is a place of
}

// bound is v, or if it is 0 the default, within the limits: netmap clamps what
// a program asks for.
func bound(v uint32, otherwise, least, most int) int {
	if v == 0 {
		return otherwise
	}
	return min(max(int(v), least), most)
}

// The limits of the ports that programs make.
const (
	defaultSlots = 1024
	maxExtra     = 1 << 16
)

// portSpec is the spec of a port of a switch, and the extra buffers that its
// memory has room for, from what a program asks for.
func portSpec(name string, want *abi.ReqRegister) (region.Spec, int) {
	return region.Spec{
		Name:        name,
		TxRings:     bound(uint32(want.TxRings), 1, 1, abi.NMU_MAX_RINGS),
		RxRings:     bound(uint32(want.RxRings), 1, 1, abi.NMU_MAX_RINGS),
		HostTxRings: 1, HostRxRings: 1, Hostless: true,
		TxSlots: bound(want.TxSlots, defaultSlots, abi.NMU_MIN_SLOTS, abi.NMU_MAX_SLOTS),
		RxSlots: bound(want.RxSlots, defaultSlots, abi.NMU_MIN_SLOTS, abi.NMU_MAX_SLOTS),
	}, bound(want.ExtraBufs, 0, 0, maxExtra)
}

// newAdapter makes an adapter with its memory: the one given, or one of its
// own. It has no port yet.
func (s *Space) newAdapter(name string, spec region.Spec, extra int, m *memory) (*adapter, error) {
	if m == nil {
		geo, err := region.Fit(spec, region.Room{Pipes: abi.NMU_PIPES, Extra: extra})
		if err != nil {
			return nil, errors.Join(unix.EINVAL, err)
		}
		if m, err = s.newMemory(geo); err != nil {
			return nil, err
		}
	}
	m.users++
	return &adapter{name: name, spec: spec, memory: m}, nil
}

// inside is what a port of a bridge is called in its switch, where others may
// have ports, too.
func (s *Space) inside(b *bridge, port string) string {
	if b.lab {
		return s.node + "/" + port
	}
	return port
}

// attach puts an adapter on a bridge; index -1: anywhere.
func (s *Space) attach(a *adapter, b *bridge, port string, index int) error {
	if b.lab && len(b.ports) == maxOnLab {
		return unix.ENOMEM
	}
	p, err := b.sw.AttachPort(s.inside(b, port), index)
	if err != nil {
		return err
	}
	a.port, a.bridge = p, b
	b.ports[port] = a
	if a.hdr != 0 {
		return a.port.SetHeader(a.hdr)
	}
	a.hdr = a.port.Header() // of one that is restored
	return nil
}

// detach takes an adapter off its bridge, which ends with its last port.
func (s *Space) detach(a *adapter) {
	s.detachFrom(a.bridge, a.port, a)
	a.port, a.bridge = nil, nil
}

func (s *Space) detachFrom(b *bridge, port *vale.Port, a *adapter) {
	_ = port.Detach() // it fails for trunks only
	for name, other := range b.ports {
		if other == a {
			delete(b.ports, name)
		}
	}
	s.dropBridge(b)
}

// move takes an adapter that nobody has open to another bridge. After an error
// it is where it was.
func (s *Space) move(a *adapter, to *bridge, port string) error {
	from, was := a.bridge, a.port
	if err := s.attach(a, to, port, -1); err != nil {
		s.dropBridge(to)
		return err
	}
	s.detachFrom(from, was, a)
	return nil
}

// drop ends an adapter that nobody uses.
func (s *Space) drop(a *adapter) {
	if a.users > 0 || a.persistent {
		return
	}
	if a.pipe != nil {
		s.dropPipe(a.pipe)
		return
	}
	if a.bridge != nil {
		s.detach(a)
	}
	if s.adapters[a.name] == a {
		delete(s.adapters, a.name)
	}
	s.leave(a.memory)
}

// hold keeps what was found from ending until it is released, which ends it if
// nobody uses it then: what goes wrong in between must not end it twice.
func (s *Space) hold(a *adapter) (release func()) {
	a.users++
	return func() {
		a.users--
		s.drop(a)
	}
}

// get finds what a program names, or with create makes it, where netmap does. A
// new adapter has no user: who gets it holds it.
func (s *Space) get(name string, want *abi.ReqRegister, m *memory, create bool) (*adapter, error) {
	switch {
	case want.Mode == abi.NR_REG_NULL:
		return s.getNull(name, want, m, create)
	case isMonitor(want):
		return s.getMonitor(name, want, m, create)
	case isPipe(name):
		return s.getPipe(name, want, m, create)
	case isVALE(name):
		return s.getPort(name, want, m, create)
	}
	return s.getDevice(name, want)
}

// getDevice finds an endpoint or a persistent port. A port that a program has
// made keeps its name when the node gets an endpoint that is called so. An
// endpoint that nobody has open gets as many host rings as are wanted.
func (s *Space) getDevice(name string, want *abi.ReqRegister) (*adapter, error) {
	a, e := s.adapters[name], s.host.Endpoint(name)
	if a != nil && a.endpoint != nil && a.attached != nil && (e == nil || *a.endpoint != *e) {
		// The endpoint has gone, and its place with it.
		if err := s.unattach(a.attached); err != nil {
			return nil, err
		}
		a = nil
	}
	switch {
	case a != nil && a.endpoint == nil && a.pipe == nil:
		return a, nil
	case e == nil:
		return nil, unix.ENXIO
	case a != nil:
		return a, nil
	}
	spec := e.spec(name, want)
	m, err := s.endpointMemory(spec, want)
	if err != nil {
		return nil, err
	}
	a, err = s.newAdapter(name, spec, 0, m)
	if err != nil {
		return nil, err
	}
	a.endpoint, a.port = e, e.Port
	s.adapters[name] = a
	return a, nil
}

// device says whether the name is that of a network device of the node.
func (s *Space) device(name string) bool {
	return name == "lo" || s.host.Endpoint(name) != nil || s.adapters[name] != nil && s.adapters[name].pipe == nil
}

// getPort finds a port of a switch, or makes one that lives as long as it is
// open.
func (s *Space) getPort(name string, want *abi.ReqRegister, m *memory, create bool) (*adapter, error) {
	none := unix.ENXIO
	if create {
		none = unix.ENOMEM
	}
	on, port, ok := cutPort(name)
	if !ok {
		return nil, none
	}
	if b, err := s.openBridge(on, false); err == nil && b.ports[port] != nil {
		return b.ports[port], nil
	}
	if !create {
		return nil, unix.ENXIO
	}
	if s.device(port) {
		return nil, unix.EINVAL
	}
	spec, extra := portSpec(name, want)
	a, err := s.newAdapter(name, spec, extra, m)
	if err != nil {
		return nil, err
	}
	b, err := s.openBridge(on, true)
	if err == nil {
		if err = s.attach(a, b, port, -1); err != nil {
			s.dropBridge(b)
		}
	}
	if err != nil {
		s.leave(a.memory)
		return nil, err
	}
	return a, nil
}

// getNull makes a port with nothing behind its rings, in an existing memory.
func (s *Space) getNull(name string, want *abi.ReqRegister, m *memory, create bool) (*adapter, error) {
	if !create || m == nil {
		return nil, unix.EINVAL
	}
	spec := region.Spec{
		Name: "null:" + name, HostTxRings: 1, HostRxRings: 1, Hostless: true,
		TxRings: min(int(want.TxRings), abi.NMU_MAX_RINGS), RxRings: min(int(want.RxRings), abi.NMU_MAX_RINGS),
		TxSlots: bound(want.TxSlots, abi.NMU_MIN_SLOTS, abi.NMU_MIN_SLOTS, abi.NMU_MAX_SLOTS),
		RxSlots: bound(want.RxSlots, abi.NMU_MIN_SLOTS, abi.NMU_MIN_SLOTS, abi.NMU_MAX_SLOTS),
	}
	a, err := s.newAdapter(spec.Name, spec, 0, m)
	if err != nil {
		return nil, err
	}
	a.kind = abi.NMU_NULL
	b, err := s.hiddenBridge(s.unique("~null"), false, nil)
	if err == nil {
		if err = s.attach(a, b, "null", -1); err != nil {
			s.dropBridge(b)
		}
	}
	if err != nil {
		s.leave(a.memory)
		return nil, err
	}
	return a, nil
}
