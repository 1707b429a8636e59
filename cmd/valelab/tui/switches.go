package tui

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/valelab/valelab/runtime/sample"
)

// switchRow is a switch or wire and the sums over its rings.
type switchRow struct {
	name           string
	ports, netmap  int
	in, out        float64
	inBytes, drops float64
	packets        uint64
	dropped        uint64
	rates          bool
	uncounted      bool // of a ring it is not known what came by: sums would be of a part only
	undropped      bool // of a ring it is not known what was dropped
}

func (m *Model) initSwitches() {
	rate := func(get func(*switchRow) float64) func(a, b *switchRow) int {
		return func(a, b *switchRow) int { return cmp.Compare(get(a), get(b)) }
	}
	number := func(x float64, known bool) cell {
		if !known {
			return plain("-")
		}
		return cell{m.units.packets(x), m.quiet(x)}
	}
	count := func(n uint64, known bool) cell {
		if !known {
			return plain("-")
		}
		return plain(m.units.count(n))
	}
	m.switches = table[switchRow]{
		list:   list{sort: -1},
		key:    func(s *switchRow) string { return s.name },
		search: func(s *switchRow) string { return switchName(s.name) },
		columns: []column[switchRow]{
			{title: "SWITCH", width: 14, grow: 40, cell: func(s *switchRow) cell { return plain(switchName(s.name)) },
				compare: func(a, b *switchRow) int { return strings.Compare(a.name, b.name) }},
			{title: "PORTS", width: 5, right: true, prio: 3, cell: func(s *switchRow) cell { return plain(strconv.Itoa(s.ports)) },
				compare: func(a, b *switchRow) int { return a.ports - b.ports }},
			{title: "NETMAP", width: 6, right: true, prio: 5, cell: func(s *switchRow) cell { return plain(strconv.Itoa(s.netmap)) }},
			{title: "IN/S", width: 7, right: true, prio: 1, cell: func(s *switchRow) cell { return number(s.in, s.rates && !s.uncounted) },
				compare: rate(func(s *switchRow) float64 { return s.in })},
			{title: "OUT/S", width: 7, right: true, prio: 2, cell: func(s *switchRow) cell { return number(s.out, s.rates && !s.uncounted) },
				compare: rate(func(s *switchRow) float64 { return s.out })},
			{title: "RATE", heading: m.bandwidthTitle, width: 7, grow: 5, right: true, prio: 4, cell: func(s *switchRow) cell {
				if !s.rates || s.uncounted {
					return plain("-")
				}
				return cell{m.units.bandwidth(s.inBytes), m.quiet(s.inBytes)}
			}, compare: rate(func(s *switchRow) float64 { return s.inBytes })},
			{title: "DROP/S", width: 7, right: true, prio: 2, cell: func(s *switchRow) cell {
				if s.drops > 0 {
					return cell{m.units.packets(s.drops), m.theme.bad}
				}
				return number(s.drops, s.rates && !s.undropped)
			}, compare: rate(func(s *switchRow) float64 { return s.drops })},
			{title: "PACKETS", width: 9, grow: 5, right: true, prio: 6, cell: func(s *switchRow) cell { return count(s.packets, !s.uncounted) }},
			{title: "DROPPED", width: 9, grow: 5, right: true, prio: 7, cell: func(s *switchRow) cell { return count(s.dropped, !s.undropped) }},
		},
	}
}

// setSwitches sums the rings up, which come sorted by switch.
func (m *Model) setSwitches(rings []sample.Ring) {
	var rows []switchRow
	port := ""
	for i := range rings {
		r := &rings[i]
		if len(rows) == 0 || rows[len(rows)-1].name != r.Switch {
			rows = append(rows, switchRow{name: r.Switch})
			port = ""
		}
		s := &rows[len(rows)-1]
		if r.Port != port {
			port = r.Port
			s.ports++
			if r.Mode == "netmap" {
				s.netmap++
			}
		}
		s.uncounted = s.uncounted || r.Counts == nil
		s.undropped = s.undropped || r.Counts == nil || r.Drops == nil
		if r.Counts != nil {
			s.dropped += r.Dropped()
			if r.Dir == "tx" && !r.Host {
				s.packets += r.Packets
			}
		}
		if r.Rates == nil {
			continue
		}
		s.rates = true
		s.drops += r.DropsPerSecond()
		switch {
		case r.Host:
		case r.Dir == "tx":
			s.in, s.inBytes = s.in+r.PacketRate, s.inBytes+r.ByteRate
		default:
			s.out += r.PacketRate
		}
	}
	m.switches.set(rows)
}
