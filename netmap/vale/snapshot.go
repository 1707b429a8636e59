package vale

import (
	"cmp"
	"slices"
	"strings"

	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/internal/region"
	"github.com/valelab/valelab/netmap/vale/internal/core"
)

// Stats returns the counters of all rings, by switch, port and ring. It makes no system calls and does not
// hold the workers up; counters of one ring may be a few frames apart.
func (e *Engine) Stats() []RingStats { return e.AppendStats(nil) }

// AppendStats is Stats for those who look often: it appends to all, and needs no other memory.
func (e *Engine) AppendStats(all []RingStats) []RingStats {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.order == nil {
		e.order = e.sortedPorts()
	}
	for _, p := range e.order {
		all = p.appendStats(all)
	}
	return all
}

// sortedPorts are the ports of all switches, by name of switch and port.
func (e *Engine) sortedPorts() []*Port {
	var ports []*Port
	for _, s := range e.switches {
		for _, p := range s.ports {
			ports = append(ports, p)
		}
	}
	slices.SortFunc(ports, func(a, b *Port) int {
		return cmp.Or(strings.Compare(a.sw.name, b.sw.name), strings.Compare(a.name, b.name))
	})
	return ports
}

// appendStats appends those of the NIC rings, tx and rx of each, then of the host rings if there are any.
func (p *Port) appendStats(all []RingStats) []RingStats {
	if p.rings == nil {
		mode := p.mode
		if p.attachment != nil && p.attachment.port == p {
			mode = ModeNetmap // it is a switch that has its rings
		}
		for _, tx := range []bool{true, false} {
			all = append(all, RingStats{})
			p.ringStats(&all[len(all)-1], core.RingID{Tx: tx}, mode)
		}
		return all
	}
	nic := p.mode
	if p.rings.nicOpen() {
		nic = p.openMode()
	}
	for _, i := range p.rings.order {
		all = append(all, RingStats{})
		r, at, mode := &all[len(all)-1], p.rings.port.Places[i], nic
		if at.Host {
			mode = ModeNetmap
		}
		start := p.ringStats(r, ringID(at), mode)
		if len(p.rings.owners[i]) > 0 {
			r.addPositions(p.rings.memory.region.Ctl(p.rings.port, i), at, start)
			if !at.Tx {
				r.Cur = p.rings.memory.region.Cur(p.rings.port, i)
			}
		}
	}
	return all
}

// ringOrder is the order in which the rings of a port are shown.
func ringOrder(places []region.Place) []int {
	order := make([]int, len(places))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, k int) int {
		a, b := ringID(places[i]), ringID(places[k])
		return cmp.Or(trueLast(a.Host, b.Host), cmp.Compare(a.Ring, b.Ring), -trueLast(a.Tx, b.Tx))
	})
	return order
}

// trueLast compares truths.
func trueLast(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
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

// ringStats fills in the counters of a ring. It returns the control block's count of syncs when the open began.
func (p *Port) ringStats(r *RingStats, id core.RingID, mode string) (syncsStart uint32) {
	c := p.sw.state.Counters(p.index, id)
	r.Switch, r.Port, r.Mode, r.Ring, r.Host, r.Dir = p.sw.name, p.name, mode, id.Ring, id.Host, "rx"
	if id.Tx {
		r.Dir = "tx"
	}
	r.Packets, r.Bytes = c.Packets, c.Bytes
	r.Drops = Drops{
		Full: c.Drops[core.DropFull], Runt: c.Drops[core.DropRunt], Bad: c.Drops[core.DropBad],
		Closed: c.Drops[core.DropClosed], TooBig: c.Drops[core.DropTooBig], NoPort: c.Drops[core.DropNoPort],
		Socket: c.Drops[core.DropSocket], Kernel: c.Drops[core.DropKernel],
	}
	r.Syncs, r.Wakeups, r.Stalls, r.Exact = c.Syncs, c.Wakeups, c.Stalls, true
	return c.SyncsStart
}

// addPositions adds what the control block of an open ring says.
func (r *RingStats) addPositions(ctl *abi.Ctl, at region.Place, syncsStart uint32) {
	r.Syncs += uint64(ctl.Syncs.Load() - syncsStart)
	r.Open, r.Slots, r.Head, r.Cur, r.Tail = true, uint32(at.Slots), ctl.Head.Load(), ctl.Cur.Load(), ctl.Tail.Load()
}
