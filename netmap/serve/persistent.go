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
	m, release, err := s.holdMemory(want.MemID)
	if err != nil {
		return err
	}
	defer release()
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
	case name == "lo", s.host.Endpoint(name) != nil && (a == nil || a.endpoint != nil):
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
