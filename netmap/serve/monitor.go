package serve

import (
	"fmt"
	"strings"

	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/internal/region"
	"github.com/valelab/valelab/netmap/vale"
)

// isMonitor says whether the request is for a monitor of what it names.
func isMonitor(want *abi.ReqRegister) bool { return want.Flags&vale.MonitorFlags != 0 }

// getMonitor makes a monitor of what the request names, without its flags for
// monitors, which some program must have open. Every open of a monitor is one of
// its own; it lives as long, and shows nothing once the port that it monitors has
// gone. A zero-copy monitor sees both directions and lies in that port's memory,
// a copy monitor in one of its own.
func (s *Space) getMonitor(name string, want *abi.ReqRegister, m *memory, create bool) (*adapter, error) {
	zcopy := want.Flags&abi.NR_ZCOPY_MON != 0
	if zcopy {
		want.Flags |= abi.NR_MONITOR_TX | abi.NR_MONITOR_RX
	}
	plain := *want
	plain.Flags &^= vale.MonitorFlags
	of, err := s.get(name, &plain, m, create)
	if err != nil {
		return nil, err
	}
	defer s.hold(of)()
	spec := region.Spec{
		Name:        fmt.Sprintf("%s/%s#%d", of.name, monitorLetters(want.Flags), of.monitors),
		TxRings:     1,
		RxRings:     max(of.spec.TxRings, of.spec.RxRings),
		HostTxRings: of.spec.HostTxRings, HostRxRings: of.spec.HostRxRings, Hostless: of.spec.Hostless,
		TxSlots: bound(want.TxSlots, of.spec.TxSlots, abi.NMU_MIN_SLOTS, abi.NMU_MAX_SLOTS),
		RxSlots: bound(want.RxSlots, of.spec.RxSlots, abi.NMU_MIN_SLOTS, abi.NMU_MAX_SLOTS),
	}
	m = of.memory
	if !zcopy {
		geo, err := region.Fit(spec, region.Room{})
		if err != nil {
			return nil, err
		}
		if m, err = s.newMemory(geo); err != nil {
			return nil, err
		}
	}
	a, err := s.newAdapter(spec.Name, spec, 0, m)
	if err != nil {
		return nil, err
	}
	b, err := s.hiddenBridge(s.unique("~"+a.name), false, nil)
	if err == nil {
		if err = s.attachMonitor(a, b, of, want.Flags); err != nil {
			s.dropBridge(b)
		}
	}
	if err != nil {
		s.leave(a.memory)
		return nil, err
	}
	of.monitors++
	return a, nil
}

// monitorLetters are those that programs give for such a monitor.
func monitorLetters(flags uint64) string {
	var b strings.Builder
	for _, f := range []struct {
		flag   uint64
		letter byte
	}{{abi.NR_ZCOPY_MON, 'z'}, {abi.NR_MONITOR_RX, 'r'}, {abi.NR_MONITOR_TX, 't'}} {
		if flags&f.flag != 0 {
			b.WriteByte(f.letter)
		}
	}
	return b.String()
}

// monitorPort is the name of a monitor on the switch that it has for itself.
const monitorPort = "monitor"

// attachMonitor puts a monitor on a bridge of its own.
func (s *Space) attachMonitor(a *adapter, b *bridge, of *adapter, flags uint64) (err error) {
	if a.port, err = b.sw.AttachMonitor(monitorPort, -1, of.port, flags); err != nil {
		return err
	}
	a.kind, a.monitorOf, a.bridge = abi.NMU_MONITOR, of.name, b
	b.ports[monitorPort] = a
	return nil
}

// adoptMonitor makes a monitor again. What it monitors has been restored, if it
// is still there.
func (s *Space) adoptMonitor(r adapterRecord, flags uint64) (*adapter, error) {
	of, err := s.get(r.MonitorOf, &abi.ReqRegister{Mode: abi.NR_REG_ALL_NIC}, nil, false)
	if err != nil {
		return nil, fmt.Errorf("monitor of %s: %w", r.MonitorOf, err)
	}
	defer s.hold(of)()
	b, err := s.adoptBridge(r.Bridge)
	if err != nil {
		return nil, err
	}
	m := s.memories[r.Memory]
	if m == nil {
		m = s.addMemory(r.Memory, r.Geometry)
	}
	m.users++
	a := &adapter{name: r.Name, spec: r.Spec, memory: m}
	if err := s.attachMonitor(a, b, of, flags); err != nil {
		s.leave(m)
		return nil, err
	}
	return a, nil
}
