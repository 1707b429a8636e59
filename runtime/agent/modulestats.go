package agent

import (
	"cmp"
	"slices"

	"github.com/valelab/valelab/netmap/kernel"
	"github.com/valelab/valelab/netmap/serve"
	"github.com/valelab/valelab/netmap/vale"
	"github.com/valelab/valelab/runtime/sample"
)

// Netmap's module counts nothing. So this much is known of what is on it: of a port that is a device, the packets and
// bytes that the kernel has counted there; of one that a program has open, where its rings stand.

// moduleStats appends the rings of everything that is on the module, and has them all in order. It reads the counters
// of all devices at once, and makes a few system calls for each port that a program has open.
func (s *sampler) moduleStats(rings []sample.Ring) []sample.Ring {
	a, first := s.a, len(rings)
	s.fresh = false
	for _, e := range a.endpoints {
		if e.module != nil {
			rings = s.endpointRings(rings, e.module)
		}
	}
	for _, t := range a.trunks {
		if c, ok := t.cable.(*moduleCable); ok {
			key := trunkKey(t.a.name, t.b.name)
			rings = s.deviceRings(rings, t.a.name, key, vale.ModeTrunk, c.a)
			rings = s.deviceRings(rings, t.b.name, key, vale.ModeTrunk, c.b)
		}
	}
	for _, u := range a.uplinks {
		if u.module != nil {
			rings = s.deviceRings(rings, u.Spec.Switch, u.Interface, vale.ModeUplink, u.module.inner)
		}
	}
	rings = s.programRings(rings)
	if len(rings) > first {
		slices.SortFunc(rings, compareRings)
	}
	return rings
}

// compareRings is the order of a sample's rings.
func compareRings(x, y sample.Ring) int {
	return cmp.Or(cmp.Compare(x.Switch, y.Switch), cmp.Compare(x.Port, y.Port), cmp.Compare(hostFirst[x.Host], hostFirst[y.Host]),
		cmp.Compare(x.Ring, y.Ring), cmp.Compare(y.Dir, x.Dir))
}

var hostFirst = map[bool]int{true: 1}

// endpointRings appends the rings of an endpoint.
func (s *sampler) endpointRings(rings []sample.Ring, p *modulePort) []sample.Ring {
	on := p.endpoint.Spec.Switch
	nic, host := false, false
	if p.place != onSwitch {
		var err error
		nic, host, err = p.open()
		s.a.report(err, "look at endpoint", p.name)
	}
	if !nic && !host {
		return s.deviceRings(rings, on, p.name, ModeSocket, p.device)
	}
	first := len(rings)
	for id := range p.endpoint.Spec.Rings {
		rings = append(rings, netmapRing(on, p.name, "tx", id, false), netmapRing(on, p.name, "rx", id, false))
	}
	if host {
		rings = append(rings, netmapRing(on, p.name, "tx", 0, true), netmapRing(on, p.name, "rx", 0, true))
		s.a.report(p.holes[1].fill(rings[first:], p.host()), "look into host rings of", p.name)
	}
	if nic {
		s.a.report(p.holes[0].fill(rings[first:], p.nic()), "look into rings of", p.name)
		s.a.addMoved(rings[first:], &p.holes[0])
	}
	return rings
}

// programRings appends the rings of the ports that programs have made on the lab's switches. They go by what the module
// calls them.
func (s *sampler) programRings(rings []sample.Ring) []sample.Ring {
	a := s.a
	for access := range a.accesses {
		on := a.switches[access.Switch]
		if on == nil {
			continue
		}
		l, ok := on.lan.(*moduleLAN)
		if !ok {
			continue
		}
		ports, err := l.control.PortsOn(l.name, serve.ModulePorts(access.Node))
		a.report(err, "look for ports of node", access.Node)
		for _, port := range ports {
			// The window is shut at once: nobody would tell when the port has gone.
			window, err := kernel.OpenWindow(l.name + ":" + port)
			if err != nil {
				continue // it has gone, or has no room
			}
			for _, p := range window.Positions(nil) {
				r := netmapRing(access.Switch, port, "rx", p.ID, false)
				if p.Tx {
					r.Dir = "tx"
				}
				r.Node, r.Interface, r.Positions = access.Node, access.As()+":"+port, positions(p)
				rings = append(rings, r)
			}
			_ = window.Close() // of a descriptor that is ours alone
		}
	}
	return rings
}

// netmapRing is a ring of a program of which nothing is known yet.
func netmapRing(on, port, dir string, id int, host bool) sample.Ring {
	return sample.Ring{Switch: on, Port: port, Mode: ModeNetmap, Ring: id, Host: host, Dir: dir, Exact: true}
}

// fill writes where rings stand.
func (h *peephole) fill(rings []sample.Ring, port string) error {
	seen, err := h.look(port)
	for _, p := range seen {
		for i := range rings {
			if r := &rings[i]; r.Ring == p.ID && r.Host == p.Host && (r.Dir == "tx") == p.Tx {
				r.Positions = positions(p)
			}
		}
	}
	return err
}

// positions puts what a ring's header says in the words of a sample, where Cur of a TX ring is how far the switch has
// come. The module takes all that it is given, and leaves its tail one slot before that.
func positions(p kernel.Position) *sample.Positions {
	out := &sample.Positions{Slots: p.Slots, Head: p.Head, Cur: p.Cur, Tail: p.Tail}
	if p.Tx {
		out.Cur = (p.Tail + 1) % p.Slots
	}
	return out
}

// deviceRings appends those of a port that is a device. What the device has received has gone into the switch.
func (s *sampler) deviceRings(rings []sample.Ring, on, port, mode, device string) []sample.Ring {
	if !s.fresh {
		s.a.report(readNetdevs(s.devices), "counters of", "devices")
		s.fresh = true
	}
	tx := sample.Ring{Switch: on, Port: port, Mode: mode, Dir: "tx", Exact: true}
	rx := tx
	rx.Dir = "rx"
	if d, ok := s.devices[device]; ok {
		tx.Counts = &sample.Counts{Packets: d.rxPackets, Bytes: d.rxBytes}
		rx.Counts = &sample.Counts{Packets: d.txPackets, Bytes: d.txBytes}
	}
	return append(rings, tx, rx)
}
