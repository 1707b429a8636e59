package serve

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/internal/region"
	"github.com/valelab/valelab/netmap/vale"
)

// The bounds of a node.
const (
	maxBridges = 32 // switches that its programs make; the module has 8 of a network namespace
	maxVIFs    = 64 // persistent ports
	maxOnLab   = 32 // ports on one of the lab's switches, which has 252 for all

	maxMemory = 4 << 30 // bytes of the regions that its programs make; those of endpoints are the lab's
)

// Host is what a Space needs of its server. Its methods are called by those of
// the Space and its Conns, and do not call them.
type Host interface {
	// Endpoint finds an interface of the node; nil: there is none. Endpoints names
	// them all.
	Endpoint(name string) *Endpoint
	Endpoints() []string
	// Switch finds a switch of the lab by what a program calls it, valeNAME, if
	// the node may make ports on it; nil: the name is free for a switch of the
	// node's own.
	Switch(name string) *vale.Switch
	// ModuleSwitch finds such a switch that is one of netmap's module, and says
	// what the module calls it; empty: there is none.
	ModuleSwitch(name string) string
	// ModulePorts names the ports of the module's, SWITCH:PORT, that programs get
	// who open endpoints of the node.
	ModulePorts() []string
	// Admit says whether the node may open more rings; if not, the error is what
	// the program is told.
	Admit() error
	// Keep stores what Restore is to be given when this server is no more, under
	// a kind and a name, with descriptors, which stay the caller's. Forget takes
	// it back.
	Keep(kind, name string, record any, fds ...int) error
	Forget(kind, name string) error
}

// Endpoint is an interface of a node, which is a port of one of the lab's
// switches.
type Endpoint struct {
	Port   *vale.Port
	Module Module // not nil: it is on a switch of the module's, and has no Port
	Geometry
}

// Geometry is that of an endpoint, whatever a program asks for.
type Geometry struct {
	Rings int // NIC rings each way; host rings come with them
	Slots int // per ring
}

// spec is that of the endpoint's port, with as many host rings as are wanted.
func (e *Endpoint) spec(name string, want *abi.ReqRegister) region.Spec {
	most := abi.NMU_MAX_RINGS + 1 - e.Rings
	return region.Spec{
		Name: name, TxRings: e.Rings, RxRings: e.Rings, TxSlots: e.Slots, RxSlots: e.Slots,
		HostTxRings: bound(uint32(want.HostTxRings), 1, 1, most), HostRxRings: bound(uint32(want.HostRxRings), 1, 1, most),
	}
}

// Space is what netmap is to the programs of one node: its endpoints, and the
// switches, ports, pipes and memory regions that they make. Nothing of it is
// seen from another node. It has no lock: its methods and those of its Conns
// are called one at a time.
type Space struct {
	engine *vale.Engine
	host   Host
	node   string // goes before the names of switches in the engine

	bridges  [maxBridges]*bridge
	adapters map[string]*adapter // those that are netdevs: endpoints and persistent ports; and pipes
	memories map[uint16]*memory
	hidden   map[*bridge]struct{}
	lastOpen int // number of the last open
}

// NewSpace makes the empty name space of a node.
func NewSpace(engine *vale.Engine, node string, host Host) *Space {
	return &Space{
		engine: engine, host: host, node: node,
		adapters: make(map[string]*adapter), memories: make(map[uint16]*memory), hidden: make(map[*bridge]struct{}),
	}
}

// Close ends what programs have made and left behind, persistent ports. The
// Conns are closed already.
func (s *Space) Close() {
	for _, a := range s.adapters {
		if a.attached != nil {
			_ = s.unattach(a.attached) // what is kept in vain is found out when it is restored
		}
	}
	for _, a := range s.adapters {
		if a.persistent {
			_ = s.host.Forget(KindDevice, s.entry(a.name)) // what is kept in vain is found out when it is restored
		}
		a.persistent = false
		s.drop(a)
	}
}

// memory is a memory region, which ports of one Space may share by its id.
type memory struct {
	*vale.Memory
	id    uint16
	lab   bool               // of endpoints
	users int                // adapters
	opens map[*Conn]struct{} // in it
}

// globalID is the id of netmap's global region, which has room for many. The
// endpoints lie in it; where there are none, it is made for ports that ask for it.
const globalID = 1

// global is the geometry of netmap's global region.
func global() region.Geometry {
	return region.Geometry{
		IfSize: 1024, IfNum: 100, RingSize: 36864, RingNum: 200, BufSize: abi.NMU_BUF_SIZE, BufNum: 163840,
	}
}

// newMemory gives a geometry the lowest id that is free, and makes its region,
// within what programs may make. A region takes room only as far as it is
// written to, but a program can write to all of it.
func (s *Space) newMemory(geo region.Geometry) (*memory, error) {
	if err := s.roomFor(geo); err != nil {
		return nil, err
	}
	return s.nextMemory(geo)
}

// roomFor says whether programs may make a region of this geometry.
func (s *Space) roomFor(geo region.Geometry) error {
	sum := geo.MemSize()
	for _, m := range s.memories {
		if !m.lab {
			sum += m.Geometry().MemSize()
		}
	}
	if sum > maxMemory {
		return unix.ENOMEM
	}
	return nil
}

// nextMemory is newMemory without a bound.
func (s *Space) nextMemory(geo region.Geometry) (*memory, error) {
	for id := uint16(globalID + 1); id != 0; id++ {
		if s.memories[id] == nil {
			return s.addMemory(id, geo), nil
		}
	}
	return nil, unix.ENOMEM
}

func (s *Space) addMemory(id uint16, geo region.Geometry) *memory {
	m := &memory{Memory: vale.NewMemory(fmt.Sprintf("%s-%d", s.node, id), geo), id: id, opens: make(map[*Conn]struct{})}
	s.memories[id] = m
	return m
}

// holdMemory finds the memory that a request names, and holds it until it is
// released; 0 names none.
func (s *Space) holdMemory(id uint16) (m *memory, release func(), err error) {
	m = s.memories[id]
	switch {
	case id == 0:
		return nil, func() {}, nil
	case m == nil && id == globalID:
		if err := s.roomFor(global()); err != nil {
			return nil, nil, err
		}
		m = s.addMemory(globalID, global())
	case m == nil:
		return nil, nil, unix.EINVAL
	}
	m.users++
	return m, func() { s.leave(m) }, nil
}

// leave gives a memory up.
func (s *Space) leave(m *memory) {
	if m.users--; m.users == 0 {
		delete(s.memories, m.id)
	}
}

// bridge is a switch on which programs of the node have ports: one of their
// own, or one of the lab. One that is hidden has no name: it is behind a
// persistent port on no switch, a pipe, or a port of mode NULL.
type bridge struct {
	name   string
	sw     *vale.Switch
	lab    bool
	hidden bool
	wire   bool
	ports  map[string]*adapter // by what stands behind the colon
}

// entry is the name of what the Host keeps of a bridge.
func (s *Space) entry(name string) string { return s.node + "/" + name }

// openBridge finds the switch of this name, or makes one.
func (s *Space) openBridge(name string, create bool) (*bridge, error) {
	free := -1
	for i, b := range s.bridges {
		switch {
		case b == nil && free < 0:
			free = i
		case b != nil && b.name == name:
			return b, nil
		}
	}
	if !create {
		return nil, unix.ENXIO
	}
	if free < 0 {
		return nil, unix.ENOMEM
	}
	b := &bridge{name: name, ports: make(map[string]*adapter)}
	if b.sw = s.host.Switch(name); b.sw != nil {
		b.lab = true
	} else if err := s.newSwitch(b, nil); err != nil {
		return nil, err
	}
	s.bridges[free] = b
	return b, nil
}

// hiddenBridge makes a switch without a name for the ports of what is called so.
func (s *Space) hiddenBridge(name string, wire bool, state *os.File) (*bridge, error) {
	b := &bridge{name: name, hidden: true, wire: wire, ports: make(map[string]*adapter)}
	if err := s.newSwitch(b, state); err != nil {
		return nil, err
	}
	s.hidden[b] = struct{}{}
	return b, nil
}

// newSwitch makes a bridge's switch in the engine, with state again.
func (s *Space) newSwitch(b *bridge, state *os.File) (err error) {
	if b.sw, err = s.engine.NewSwitch(s.entry(b.name), b.wire, state); err != nil || state != nil {
		return err
	}
	fds, err := FDs(b.sw.StateFile())
	if err == nil {
		err = s.host.Keep(KindBridge, s.entry(b.name), bridgeRecord{s.node, b.name, b.hidden, b.wire}, fds...)
	}
	if err != nil {
		_ = b.sw.Close()
	}
	return err
}

// dropBridge ends a bridge that has no ports.
func (s *Space) dropBridge(b *bridge) {
	if len(b.ports) > 0 {
		return
	}
	delete(s.hidden, b)
	for i := range s.bridges {
		if s.bridges[i] == b {
			s.bridges[i] = nil
		}
	}
	if b.lab {
		return
	}
	_ = s.host.Forget(KindBridge, s.entry(b.name)) // what is kept in vain is found out when it is restored
	_ = b.sw.Close()
}
