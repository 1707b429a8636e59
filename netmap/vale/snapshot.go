package vale

import (
	"slices"
	"strings"

	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/internal/region"
	"github.com/valelab/valelab/netmap/vale/internal/core"
)

// Stats returns the counters of all rings, by switch, port and ring. It makes no system calls and does not
// hold the workers up; counters of one ring may be a few frames apart.
func (e *Engine) Stats() []RingStats {
	e.mu.Lock()
	defer e.mu.Unlock()
	var all []RingStats
	for _, name := range sorted(e.switches) {
		s := e.switches[name]
		for _, name := range sorted(s.ports) {
			all = append(all, s.ports[name].stats()...)
		}
	}
	return all
}

func sorted[T any](m map[string]T) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.SortFunc(names, strings.Compare)
	return names
}

// stats are those of the NIC rings, tx and rx of each, then of the host rings if there are any.
func (p *Port) stats() []RingStats {
	if p.rings == nil {
		return []RingStats{
			p.ringStats(core.RingID{Tx: true}, p.mode),
			p.ringStats(core.RingID{}, p.mode),
		}
	}
	var all []RingStats
	nic := p.mode
	if p.rings.nicOpen() {
		nic = p.openMode()
	}
	for i, at := range p.rings.port.Places {
		mode := nic
		if at.Host {
			mode = ModeNetmap
		}
		r := p.ringStats(ringID(at), mode)
		if len(p.rings.owners[i]) > 0 {
			r.addPositions(p.rings.memory.region.Ctl(p.rings.port, i), at, p.counters(at))
		}
		all = append(all, r)
	}
	slices.SortStableFunc(all, func(a, b RingStats) int {
		switch {
		case a.Host != b.Host:
			return order(b.Host)
		case a.Ring != b.Ring:
			return a.Ring - b.Ring
		}
		return strings.Compare(b.Dir, a.Dir)
	})
	return all
}

// order is -1 if the first of two comes first.
func order(first bool) int {
	if first {
		return -1
	}
	return 1
}

// openMode is the port's mode while a program has it open.
func (p *Port) openMode() string {
	if p.mode == ModeMonitor {
		return ModeMonitor
	}
	return ModeNetmap
}

func (p *Port) counters(at region.Place) core.Counters {
	return p.sw.state.Counters(p.index, ringID(at))
}

func (p *Port) ringStats(id core.RingID, mode string) RingStats {
	c := p.sw.state.Counters(p.index, id)
	dir := "rx"
	if id.Tx {
		dir = "tx"
	}
	return RingStats{
		Switch: p.sw.name, Port: p.name, Mode: mode, Ring: id.Ring, Host: id.Host, Dir: dir,
		Packets: c.Packets, Bytes: c.Bytes,
		Drops: Drops{
			Full: c.Drops[core.DropFull], Runt: c.Drops[core.DropRunt], Bad: c.Drops[core.DropBad],
			Closed: c.Drops[core.DropClosed], TooBig: c.Drops[core.DropTooBig], NoPort: c.Drops[core.DropNoPort],
			Socket: c.Drops[core.DropSocket], Kernel: c.Drops[core.DropKernel],
		},
		Syncs: c.Syncs, Wakeups: c.Wakeups, Stalls: c.Stalls, Exact: true,
	}
}

// addPositions adds what the control block of an open ring says.
func (r *RingStats) addPositions(ctl *abi.Ctl, at region.Place, c core.Counters) {
	r.Syncs += uint64(ctl.Syncs.Load() - c.SyncsStart)
	slots, head, cur, tail := uint32(at.Slots), ctl.Head.Load(), ctl.Cur.Load(), ctl.Tail.Load()
	r.Slots, r.Head, r.Cur, r.Tail = &slots, &head, &cur, &tail
}
