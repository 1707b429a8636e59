package vale

import (
	"fmt"
	"slices"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// MonitorFlags are the flags that make an open of a port a monitor of it.
const MonitorFlags = abi.NR_MONITOR_TX | abi.NR_MONITOR_RX | abi.NR_ZCOPY_MON

// AttachMonitor makes a port that is a monitor of another, which a program has open; the switch has no other. RX ring i
// of the monitor shows what goes through TX ring i (NR_MONITOR_TX) and RX ring i (NR_MONITOR_RX), and its host rings
// the host rings. With NR_ZCOPY_MON it is to be opened in the memory of that port: it gets the buffers that are given
// back, in exchange for its own. Else its memory is its own, and it gets copies.
//
// The monitored port never waits for a monitor: what finds no room is counted there as dropped. Monitors end with the
// last open of a program that the port has: their opens are detached, as if they had broken the rules, but without an
// event.
func (s *Switch) AttachMonitor(name string, index int, of *Port, flags uint64) (*Port, error) {
	fail := func(err error) (*Port, error) { return nil, fmt.Errorf("monitor of port %s: %w", of.name, err) }
	s.engine.mu.Lock()
	defer s.engine.mu.Unlock()
	switch {
	case len(s.ports) > 0:
		return fail(ErrBusy)
	case !of.inUse():
		return fail(ErrInvalid)
	}
	if err := s.moveTo(of.sw.worker); err != nil {
		return fail(err)
	}
	p, err := s.attach(ModeMonitor, name, index, -1, 0)
	if err != nil {
		return nil, err
	}
	zcopy := flags&abi.NR_ZCOPY_MON != 0
	s.worker.do(func() {
		err = p.core.StartMonitor(of.core, flags&abi.NR_MONITOR_TX != 0, flags&abi.NR_MONITOR_RX != 0, zcopy)
	})
	if err != nil {
		p.detach()
		return fail(err)
	}
	p.monitored = of
	of.monitors = append(of.monitors, p)
	return p, nil
}

// inUse says whether a program has the port open.
func (p *Port) inUse() bool {
	if p.rings == nil {
		return false
	}
	for o := range p.rings.opens {
		if !o.hold {
			return true
		}
	}
	return false
}

// endMonitors takes the rings of the port's monitors away: the port is in no program any more.
func (p *Port) endMonitors() {
	for len(p.monitors) > 0 {
		m := p.monitors[0]
		m.eachOpen((*Open).detach)
		m.endMonitor()
	}
}

// endMonitor makes a monitor an ordinary port. Its rings show nothing from now on.
func (p *Port) endMonitor() {
	of := p.monitored
	if of == nil {
		return
	}
	p.sw.worker.do(p.core.StopMonitor)
	of.monitors = slices.DeleteFunc(of.monitors, func(m *Port) bool { return m == p })
	p.monitored = nil
}
