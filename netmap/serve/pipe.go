package serve

import (
	"errors"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/internal/region"
	"github.com/valelab/valelab/netmap/vale"
)

// pipe is two ends that lie in the memory of a port, their parent: master
// PARENT{ID and slave PARENT}ID. Both are there from the first open of either to
// the last of both, and hold what was sent while nobody read.
type pipe struct {
	name   string // behind the parent's: "{ID"
	parent *adapter
	ends   [2]*adapter // master, slave
	holds  [2]*vale.Open
}

const braces = "{}"

// cutPipe cuts PARENT{ID in three; end is 0 for the master.
func cutPipe(name string) (parent, id string, end int, ok bool) {
	at := strings.LastIndexByte(name, braces[0])
	if at < 0 {
		end = 1
		at = strings.LastIndexByte(name, braces[1])
	}
	if at <= 0 || at == len(name)-1 {
		return "", "", 0, false
	}
	return name[:at], name[at+1:], end, true
}

// getPipe finds an end of a pipe, or makes the pipe, and its parent too.
func (s *Space) getPipe(name string, want *abi.ReqRegister, m *memory, create bool) (*adapter, error) {
	parentName, id, end, ok := cutPipe(name)
	if !ok || want.Mode != abi.NR_REG_ALL_NIC && want.Mode != abi.NR_REG_ONE_NIC {
		return nil, unix.EINVAL
	}
	parent, err := s.get(parentName, want, m, create)
	if errors.Is(err, unix.ENXIO) && isDevice(parentName) && !isVALE(parentName) {
		parent, err = s.newDevice(parentName, want, m)
	}
	if err != nil {
		return nil, err
	}
	defer s.hold(parent)()
	if a := s.adapters[pipeName(parent, id, end)]; a != nil {
		return a, nil
	}
	if !create {
		return nil, unix.ENODEV
	}
	spec := region.Spec{
		Name:        pipeName(parent, id, 0),
		TxRings:     bound(uint32(want.TxRings), 1, 1, abi.NMU_MAX_RINGS),
		RxRings:     bound(uint32(want.RxRings), 1, 1, abi.NMU_MAX_RINGS),
		HostTxRings: 1, HostRxRings: 1, Hostless: true,
		TxSlots: bound(want.TxSlots, parent.spec.TxSlots, abi.NMU_MIN_SLOTS, abi.NMU_MAX_SLOTS),
		RxSlots: bound(want.RxSlots, parent.spec.RxSlots, abi.NMU_MIN_SLOTS, abi.NMU_MAX_SLOTS),
	}
	p, err := s.newPipe(parent, id, spec, nil)
	if err != nil {
		return nil, err
	}
	return p.ends[end], nil
}

// pipeName is the name of an end.
func pipeName(parent *adapter, id string, end int) string {
	return parent.name + braces[end:end+1] + id
}

// newPipe makes a pipe, given the spec of its master, or with restore makes it
// again; then restore has an element for each end.
func (s *Space) newPipe(parent *adapter, id string, master region.Spec, restore []vale.Restore) (p *pipe, err error) {
	slave := master
	slave.Name = pipeName(parent, id, 1)
	slave.TxRings, slave.TxSlots, slave.RxRings, slave.RxSlots = master.RxRings, master.RxSlots, master.TxRings, master.TxSlots
	p = &pipe{name: id, parent: parent}
	defer func() {
		if err != nil {
			s.dropPipe(p)
		}
	}()
	parent.users++
	b, err := s.pipeBridge(pipeName(parent, id, 0), restore != nil)
	if err != nil {
		return p, err
	}
	for end, spec := range []region.Spec{master, slave} {
		a, err := s.newAdapter(pipeName(parent, id, end), spec, 0, parent.memory)
		if err != nil {
			return p, err
		}
		a.pipe = p
		p.ends[end] = a
		if err = s.attach(a, b, braces[end:end+1], end); err != nil {
			s.dropBridge(b)
			return p, err
		}
		s.adapters[a.name] = a
		var again *vale.Restore
		if restore != nil {
			again = &restore[end]
		}
		p.holds[end], err = a.port.OpenRings(vale.OpenConfig{
			Interface: spec.Name, Mode: abi.NR_REG_ALL_NIC, Spec: &a.spec, Memory: a.memory.Memory, Hold: true, Restore: again,
		})
		if err != nil {
			return p, err
		}
	}
	return p, vale.ConnectPipe(p.ends[0].port, p.ends[1].port)
}

// pipeBridge makes the switch that a pipe's ends are on, or finds the one that
// was restored.
func (s *Space) pipeBridge(name string, restored bool) (*bridge, error) {
	if restored {
		for b := range s.hidden {
			if b.name == "~"+name && len(b.ports) == 0 {
				return b, nil
			}
		}
		return nil, unix.ENXIO
	}
	return s.hiddenBridge("~"+name, true, nil)
}

// dropPipe ends a pipe that nobody has open, as far as it was made, and lets go
// of its parent.
func (s *Space) dropPipe(p *pipe) {
	for _, a := range p.ends {
		if a != nil && a.users > 0 {
			return
		}
	}
	for end, a := range p.ends {
		if p.holds[end] != nil {
			_ = p.holds[end].Close()
		}
		if a == nil {
			continue
		}
		if s.adapters[a.name] == a {
			delete(s.adapters, a.name)
		}
		if a.bridge != nil {
			s.detach(a)
		}
		s.leave(a.memory)
		p.ends[end] = nil
	}
	p.parent.users--
	s.drop(p.parent)
}
