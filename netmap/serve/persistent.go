package serve

import (
	"strings"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// newIf makes a persistent port. It is on no switch: nobody but itself is
// behind its rings.
func (s *Space) newIf(name string, want *abi.ReqNewIf) error {
	if strings.HasPrefix(name, valePrefix) || !isDevice(name) || isPipe(name) {
		return unix.EINVAL
	}
	if s.device(name) {
		return unix.EEXIST
	}
	m, err := s.findMemory(want.MemID)
	if err != nil {
		return err
	}
	count := 0
	for _, a := range s.adapters {
		if a.persistent {
			count++
		}
	}
	if count == maxVIFs {
		return unix.ENOMEM
	}
	register := abi.ReqRegister{TxSlots: want.TxSlots, RxSlots: want.RxSlots, TxRings: want.TxRings, RxRings: want.RxRings}
	a, err := s.newDevice(name, &register, m)
	if err != nil {
		return err
	}
	a.persistent = true
	if err := s.keepDevice(a); err != nil {
		a.persistent = false
		s.drop(a)
		return err
	}
	want.TxSlots, want.RxSlots = uint32(a.spec.TxSlots), uint32(a.spec.RxSlots)
	want.TxRings, want.RxRings = uint16(a.spec.TxRings), uint16(a.spec.RxRings)
	want.MemID = a.memory.id
	return nil
}

// newDevice makes a port that is a device of its own.
func (s *Space) newDevice(name string, want *abi.ReqRegister, m *memory) (*adapter, error) {
	spec, extra := portSpec(name, want)
	a, err := s.newAdapter(name, spec, extra, m)
	if err != nil {
		return nil, err
	}
	if err := s.isolate(a); err != nil {
		s.leave(a.memory)
		return nil, err
	}
	s.adapters[name] = a
	return a, nil
}

// isolate puts a device on a switch of its own, where nobody else is.
func (s *Space) isolate(a *adapter) error {
	b, err := s.hiddenBridge(s.unique("~"+a.name), false, nil)
	if err != nil {
		return err
	}
	if err := s.attach(a, b, a.name, -1); err != nil {
		s.dropBridge(b)
		return err
	}
	return nil
}

// delIf ends a persistent port.
func (s *Space) delIf(name string) error {
	a := s.adapters[name]
	switch {
	case s.host.Endpoint(name) != nil || name == "lo":
		return unix.EINVAL
	case a == nil || a.endpoint != nil || a.pipe != nil:
		return unix.ENXIO
	case !a.persistent:
		return unix.EINVAL // a pipe's, which ends with it
	case a.users > 0 || !a.bridge.hidden:
		return unix.EBUSY
	}
	a.persistent = false
	err := s.host.Forget(KindDevice, s.entry(a.name))
	s.drop(a)
	return err
}

// attachPort puts a persistent port on a switch.
func (s *Space) attachPort(name string, want *abi.ReqAttach) error {
	if _, err := s.findMemory(want.Reg.MemID); err != nil {
		return err
	}
	if !isVALE(name) {
		return unix.EINVAL
	}
	on, port, ok := cutPort(name)
	if !ok {
		return unix.ENOMEM
	}
	if b, err := s.openBridge(on, false); err == nil && b.ports[port] != nil {
		return unix.EBUSY
	}
	a := s.adapters[port]
	switch {
	case s.host.Endpoint(port) != nil:
		return unix.EOPNOTSUPP
	case a == nil || a.pipe != nil:
		return unix.EINVAL
	case a.users > 0:
		return unix.EBUSY
	case !a.bridge.hidden:
		return unix.EOPNOTSUPP // on two switches at once
	}
	b, err := s.openBridge(on, true)
	if err != nil {
		return err
	}
	if err := s.move(a, b, port); err != nil {
		return err
	}
	want.PortIndex = uint32(a.port.Index())
	return s.keepDevice(a)
}

// detachPort takes it off again.
func (s *Space) detachPort(name string, want *abi.ReqDetach) error {
	if !isVALE(name) {
		return unix.EINVAL
	}
	a, err := s.getPort(name, &abi.ReqRegister{}, nil, false)
	if err != nil {
		return err
	}
	want.PortIndex = uint32(a.port.Index())
	switch {
	case !a.persistent:
		return nil // of one that lives as long as it is open there is nothing to take off
	case a.users > 0:
		return unix.EBUSY
	}
	return s.takeOff(a)
}

// takeOff takes a persistent port off its switch.
func (s *Space) takeOff(a *adapter) error {
	b, err := s.hiddenBridge(s.unique("~"+a.name), false, nil)
	if err != nil {
		return err
	}
	if err := s.move(a, b, a.name); err != nil {
		return err
	}
	return s.keepDevice(a)
}
