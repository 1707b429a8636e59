package agent

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/kernel"
	"github.com/valelab/valelab/runtime/link"
	"github.com/valelab/valelab/runtime/wiring"
)

// moduleUplink is an interface of the machine on a switch of netmap's module. The
// module looks names up where the request is made, so the interface is on a small
// switch in the machine's namespace; a cable, a veth pair with an end in either
// namespace, joins it with the lab's. Its methods are called with the agent's lock.
type moduleUplink struct {
	agent   *agent
	name    string        // of the interface
	control kernel.Device // the uplink's socket
	stack   bool          // the machine's stack is a port, too

	inner, outer string // ends of the cable, in the lab's namespace and the machine's
	on           string // the lab's switch, as the module calls it
	beside       string // the switch in the machine's namespace
}

func (l *moduleLAN) attachUplink(u *uplink) (port, error) {
	m := &moduleUplink{
		agent: l.agent, name: u.Interface, control: kernel.Device(u.sock), stack: u.Spec.Stack,
		on: l.name, beside: wiring.UplinkSwitch(l.agent.labDir, u.Interface),
	}
	m.inner, m.outer = wiring.UplinkCable(l.agent.labDir, u.Interface)
	u.module = m
	if u.restored {
		return m, nil // who took it off meanwhile had a reason; fault tells
	}
	if err := m.attach(); err != nil {
		return nil, errors.Join(err, m.Detach())
	}
	return m, nil
}

// cable and the others are names on the module: of the cable's ends, and of the
// interface. Those in the machine's namespace are outside.
func (m *moduleUplink) cable() string         { return m.on + ":" + m.inner }
func (m *moduleUplink) outsideCable() string  { return m.beside + ":" + m.outer }
func (m *moduleUplink) outsideDevice() string { return m.beside + ":" + m.name }

// attach makes the cable and brings everything on its switch. What is there is kept.
func (m *moduleUplink) attach() error {
	mtu, err := moduleMTU()
	if err != nil {
		return err
	}
	lab, err := link.Current()
	if err != nil {
		return err
	}
	defer lab.Close()
	if err := lab.AddUplinkCable(m.inner, m.outer, m.agent.machine.file, mtu, "valelab:"+m.agent.labDir); err != nil {
		return err
	}
	if err := m.put(m.cable(), false); err != nil {
		return err
	}
	return m.agent.machine.inside(func() error {
		if err := m.put(m.outsideCable(), false); err != nil {
			return err
		}
		return m.put(m.outsideDevice(), m.stack)
	})
}

// put attaches a device of the calling thread's namespace, unless it is.
func (m *moduleUplink) put(port string, stack bool) error {
	if has, err := m.control.Has(port); err != nil || has {
		return err
	}
	_, err := m.control.Attach(port, stack)
	switch {
	case errors.Is(err, unix.ENOMEM):
		return fmt.Errorf("%w: the module has no memory or no switch left", err)
	case errors.Is(err, unix.EBUSY):
		return fmt.Errorf("%w: it is on a switch already, or a program has it open", err)
	}
	return err
}

// fault says what of it is not where it belongs, or nothing.
func (m *moduleUplink) fault() string {
	missing := func(port string) string {
		switch has, err := m.control.Has(port); {
		case err != nil:
			return err.Error()
		case !has:
			return port + " is no port of the module's"
		}
		return ""
	}
	if fault := missing(m.cable()); fault != "" {
		return fault
	}
	var fault string
	err := m.agent.machine.inside(func() error {
		if fault = missing(m.outsideCable()); fault == "" {
			fault = missing(m.outsideDevice())
		}
		return nil
	})
	if err != nil {
		return err.Error()
	}
	return fault
}

func (m *moduleUplink) Name() string { return m.name }
func (m *moduleUplink) Index() int   { return -1 }

// Detach gives the interface back and removes the cable, whose ends must not be on
// a switch then.
func (m *moduleUplink) Detach() error {
	err := m.agent.machine.inside(func() error {
		return errors.Join(m.control.Detach(m.outsideDevice()), m.control.Detach(m.outsideCable()))
	})
	if err = errors.Join(err, m.control.Detach(m.cable())); err != nil {
		return err
	}
	lab, err := link.Current()
	if err != nil {
		return err
	}
	defer lab.Close()
	return lab.RemovePair(m.inner)
}

// Rebind is for endpoints, whose devices are made anew.
func (m *moduleUplink) Rebind(_, _ int) error { return errors.ErrUnsupported }
