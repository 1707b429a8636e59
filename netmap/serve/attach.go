package serve

import (
	"encoding/json"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/vale"
)

// attachment is a device's place on a switch besides the one that it is on: an
// endpoint's, or a persistent port's second one. It is a user of the device,
// which nobody can open meanwhile, nor its places.
type attachment struct {
	*vale.Attachment
	device *adapter
	bridge *bridge
	places []*adapter // the device's, and that of its kernel's stack
}

// attachPort puts a persistent port or an endpoint on a switch.
func (s *Space) attachPort(name string, want *abi.ReqAttach) error {
	_, release, err := s.holdMemory(want.Reg.MemID)
	if err != nil {
		return err
	}
	defer release()
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
	a, err := s.getDevice(port, &want.Reg)
	if errors.Is(err, unix.ENXIO) {
		return unix.EINVAL
	}
	if err != nil {
		return err
	}
	if a.users > 0 {
		return unix.EBUSY
	}
	defer s.hold(a)()
	b, err := s.openBridge(on, true)
	if err != nil {
		return err
	}
	if a.endpoint != nil || !a.bridge.hidden {
		err = s.attachDevice(a, b, port, &want.Reg)
		s.dropBridge(b) // after an error it may be new, and of no use
	} else if err = s.move(a, b, port); err == nil {
		err = s.keepDevice(a)
	}
	if err != nil {
		return err
	}
	want.PortIndex = uint32(b.ports[port].port.Index())
	return nil
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

// attachDevice gives a device a place on another switch, which the Host is told.
func (s *Space) attachDevice(a *adapter, b *bridge, port string, want *abi.ReqRegister) error {
	stack := want.Mode == abi.NR_REG_NIC_SW && a.endpoint != nil
	switch {
	case want.RingID != 0 || want.Mode != abi.NR_REG_ALL_NIC && want.Mode != abi.NR_REG_NIC_SW:
		return unix.EINVAL
	case stack && b.ports[stackName(port)] != nil, s.joined(a.port.Switch(), b.sw):
		return unix.EBUSY
	}
	if err := s.addAttachment(a, b, port, stack); err != nil {
		return err
	}
	record := attachmentRecord{Node: s.node, Device: a.record(), Bridge: b.name, Port: port, Stack: stack}
	if err := s.host.Keep(KindAttachment, s.entry(a.name), record); err != nil {
		s.endAttachment(a.attached)
		return err
	}
	return nil
}

// stackName is the name of the place of a device's kernel.
func stackName(port string) string { return port + "^" }

func (s *Space) addAttachment(a *adapter, b *bridge, port string, stack bool) error {
	inside := ""
	if stack {
		inside = s.inside(b, stackName(port))
	}
	if b.lab && len(b.ports)+2 > maxOnLab {
		return unix.ENOMEM
	}
	at, err := a.port.AttachTo(b.sw, s.inside(b, port), -1, inside)
	if err != nil {
		return err
	}
	t := &attachment{Attachment: at, device: a, bridge: b}
	a.attached = t
	a.users++
	t.addPlace(port, at.Place())
	if stack {
		t.addPlace(stackName(port), at.Stack())
	}
	return nil
}

func (t *attachment) addPlace(name string, port *vale.Port) {
	a := t.device
	a.memory.users++
	place := &adapter{
		name: t.bridge.name + ":" + name, spec: a.spec, memory: a.memory, bridge: t.bridge, port: port, place: t, users: 1,
	}
	t.bridge.ports[name] = place
	t.places = append(t.places, place)
}

// endAttachment takes a device off again.
func (s *Space) endAttachment(t *attachment) {
	_ = t.Close() // it can't fail
	for _, place := range t.places {
		for name, other := range t.bridge.ports {
			if other == place {
				delete(t.bridge.ports, name)
			}
		}
		s.leave(place.memory)
	}
	s.dropBridge(t.bridge)
	t.device.attached = nil
	t.device.users--
	s.drop(t.device)
}

// joined says whether frames find a way from one switch to the other, by what
// is attached to them: another way would make a loop, in which they go round for
// ever.
func (s *Space) joined(from, to *vale.Switch) bool {
	seen := map[*vale.Switch]bool{from: true}
	for grown := true; grown; {
		grown = false
		for _, b := range s.bridges {
			if b == nil {
				continue
			}
			for _, a := range b.ports {
				if a.place == nil {
					continue
				}
				x, y := a.place.device.port.Switch(), b.sw
				if seen[x] != seen[y] {
					seen[x], seen[y], grown = true, true, true
				}
			}
		}
	}
	return seen[to]
}

// detachPort takes a device off a switch.
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
	case a.place != nil:
		for i, place := range a.place.places {
			if place.users > 1 || place == a && i > 0 {
				return unix.EBUSY
			}
		}
		return s.unattach(a.place)
	case !a.persistent:
		return nil // of one that lives as long as it is open there is nothing to take off
	case a.users > 0:
		return unix.EBUSY
	}
	return s.takeOff(a)
}

// unattach ends an attachment, and has the Host forget it.
func (s *Space) unattach(t *attachment) error {
	s.endAttachment(t)
	return s.host.Forget(KindAttachment, s.entry(t.device.name))
}

// RestoreAttachment attaches a device again.
func (s *Space) RestoreAttachment(record []byte) error {
	var r attachmentRecord
	if err := json.Unmarshal(record, &r); err != nil {
		return fmt.Errorf("record: %w", err)
	}
	a, err := s.adopt(r.Device, nil)
	if err != nil {
		return err
	}
	defer s.hold(a)()
	b, err := s.adoptBridge(r.Bridge)
	if err != nil {
		return err
	}
	if err := s.addAttachment(a, b, r.Port, r.Stack); err != nil {
		return fmt.Errorf("attach %s to %s: %w", a.name, b.name, err)
	}
	return nil
}
