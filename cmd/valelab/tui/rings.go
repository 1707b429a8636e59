package tui

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/valelab/valelab/runtime/sample"
)

// portOf is the name under which a capture knows the ring's port.
func portOf(r *sample.Ring) string {
	name := r.Port
	if r.Mode == "uplink" {
		name = "host:" + r.Port
	}
	if r.Host {
		name += "^"
	}
	return name
}

// switchName is how a switch is shown: wires have the name of their two ends.
func switchName(name string) string {
	if a, b, ok := strings.Cut(name, "--"); ok && strings.Contains(a, ":") {
		return "wire " + a + " " + b
	}
	return name
}

func ringKey(r *sample.Ring) string { return r.Switch + " " + r.Port + " " + r.Name() }

func ringSearch(r *sample.Ring) string {
	return r.Switch + " " + r.Label() + " " + r.Name() + " " + r.Mode
}

func (m *Model) initRings() {
	m.rings = table[sample.Ring]{list: list{sort: -1}, columns: m.ringColumns(), key: ringKey, search: ringSearch}
	m.busy = table[sample.Ring]{list: list{sort: 4, reverse: true}, columns: m.ringColumns(), key: ringKey, search: ringSearch}
}

// ringColumns are those of the ring screen. The overview sorts by the fifth, packets a second.
func (m *Model) ringColumns() []column[sample.Ring] {
	rate := func(get func(*sample.Rates) float64) func(a, b *sample.Ring) int {
		return func(a, b *sample.Ring) int { return cmp.Compare(rateOf(a, get), rateOf(b, get)) }
	}
	pps := func(r *sample.Rates) float64 { return r.PacketRate }
	bps := func(r *sample.Rates) float64 { return r.ByteRate }
	return []column[sample.Ring]{
		{title: "PORT", width: 12, grow: 18, prio: 0, cell: func(r *sample.Ring) cell { return plain(r.Label()) },
			compare: func(a, b *sample.Ring) int { return strings.Compare(a.Label(), b.Label()) }},
		{title: "RING", width: 5, prio: 0, cell: func(r *sample.Ring) cell { return plain(r.Name()) }},
		{title: "SWITCH", width: 8, grow: 24, prio: 7, cell: func(r *sample.Ring) cell { return plain(switchName(r.Switch)) },
			compare: func(a, b *sample.Ring) int { return strings.Compare(a.Switch, b.Switch) }},
		{title: "MODE", width: 6, prio: 4, cell: func(r *sample.Ring) cell { return m.modeCell(r.Mode) },
			compare: func(a, b *sample.Ring) int { return strings.Compare(a.Mode, b.Mode) }},
		{title: "PKT/S", width: 7, grow: 3, right: true, prio: 1, compare: rate(pps), cell: func(r *sample.Ring) cell {
			if r.Rates == nil {
				return plain("-")
			}
			return cell{m.units.packets(r.PacketRate), m.quiet(r.PacketRate)}
		}},
		{title: "RATE", heading: m.bandwidthTitle, width: 7, grow: 5, right: true, prio: 3, compare: rate(bps), cell: func(r *sample.Ring) cell {
			if r.Rates == nil {
				return plain("-")
			}
			return cell{m.units.bandwidth(r.ByteRate), m.quiet(r.ByteRate)}
		}},
		{title: "DROP/S", width: 7, right: true, prio: 2, cell: func(r *sample.Ring) cell {
			if r.Rates == nil || r.DropRate == nil {
				return plain("-")
			}
			if *r.DropRate > 0 {
				return cell{m.units.packets(*r.DropRate), m.theme.bad}
			}
			return cell{"0", m.theme.dim}
		}, compare: func(a, b *sample.Ring) int { return cmp.Compare(a.DropsPerSecond(), b.DropsPerSecond()) }},
		{title: "OCCUPANCY", width: 15, right: true, prio: 5, cell: m.occupancy, compare: func(a, b *sample.Ring) int {
			return cmp.Compare(share(a), share(b))
		}},
		{title: "PACKETS", width: 8, grow: 4, right: true, prio: 6, cell: func(r *sample.Ring) cell {
			if r.Counts == nil {
				return plain("-")
			}
			return plain(m.units.count(r.Packets))
		}, compare: func(a, b *sample.Ring) int { return cmp.Compare(packetsOf(a), packetsOf(b)) }},
		{title: "BYTES", width: 8, grow: 6, right: true, prio: 9, cell: func(r *sample.Ring) cell {
			if r.Counts == nil {
				return plain("-")
			}
			return plain(m.units.count(r.Bytes))
		}},
		{title: "DROPS", width: 16, grow: 30, prio: 8, cell: func(r *sample.Ring) cell { return m.theme.drops(r) }},
		{title: "SYNC/S", width: 6, grow: 2, right: true, prio: 10, cell: func(r *sample.Ring) cell {
			if r.Rates == nil || r.SyncRate == nil {
				return plain("-")
			}
			return plain(m.units.packets(*r.SyncRate))
		}},
		{title: "PKT/SYNC", width: 8, right: true, prio: 11, cell: func(r *sample.Ring) cell {
			if n, ok := r.PacketsPerSync(); ok {
				return plain(fmt.Sprintf("%.1f", n))
			}
			return plain("-")
		}},
		{title: "STALLS", width: 6, grow: 3, right: true, prio: 12, cell: func(r *sample.Ring) cell {
			if r.Program == nil || r.Stalls == nil {
				return plain("-")
			}
			return plain(m.units.count(*r.Stalls))
		}},
		{title: "HEAD", width: 5, right: true, prio: 13, cell: m.position(func(p *sample.Positions) uint32 { return p.Head })},
		{title: "CUR", width: 5, right: true, prio: 13, cell: m.position(func(p *sample.Positions) uint32 { return p.Cur })},
		{title: "TAIL", width: 5, right: true, prio: 13, cell: m.position(func(p *sample.Positions) uint32 { return p.Tail })},
		{title: "COUNTED", width: 7, prio: 14, cell: func(r *sample.Ring) cell { return plain(countedAs(r)) }},
	}
}

// bandwidthTitle heads columns of bandwidth.
func (m *Model) bandwidthTitle() string { return strings.ToUpper(m.units.rateTitle()) }

// countedAs says how far counters can be trusted; "-": there are none.
func countedAs(r *sample.Ring) string {
	switch {
	case r.Counts == nil && r.Program == nil:
		return "-"
	case r.Exact:
		return "exact"
	}
	return "sampled"
}

func (m *Model) position(get func(*sample.Positions) uint32) func(*sample.Ring) cell {
	return func(r *sample.Ring) cell {
		if r.Positions == nil {
			return plain("-")
		}
		return plain(strconv.FormatUint(uint64(get(r.Positions)), 10))
	}
}

// quiet is the style of a rate: nothing happens, or something does.
func (m *Model) quiet(x float64) style {
	if x == 0 {
		return m.theme.dim
	}
	return style{}
}

func (m *Model) modeCell(mode string) cell {
	if mode == "netmap" {
		return cell{mode, m.theme.accent}
	}
	return plain(mode)
}

// share is how much of an open ring waits.
func share(r *sample.Ring) float64 {
	if r.Positions == nil || r.Slots < 2 {
		return -1
	}
	return float64(r.Pending()) / float64(r.Slots-1)
}

// occupancy is a bar and a number.
func (m *Model) occupancy(r *sample.Ring) cell {
	s := share(r)
	if s < 0 {
		return cell{"-", m.theme.dim}
	}
	return cell{fmt.Sprintf("%s %3.0f%%", m.theme.gauge(s, 10), 100*s), m.theme.level(s)}
}

func rateOf(r *sample.Ring, get func(*sample.Rates) float64) float64 {
	if r.Rates == nil {
		return -1
	}
	return get(r.Rates)
}

func packetsOf(r *sample.Ring) uint64 {
	if r.Counts == nil {
		return 0
	}
	return r.Packets
}

// drops shows the drops of a ring, as a warning if there are any.
func (t *theme) drops(r *sample.Ring) cell {
	if r.Dropped() > 0 {
		return cell{dropsOf(r), t.warn}
	}
	return cell{dropsOf(r), t.dim}
}

// dropsOf lists the drops of a ring by reason; "-": they are not known.
func dropsOf(r *sample.Ring) string {
	switch {
	case r.Counts == nil || r.Drops == nil:
		return "-"
	case r.Dropped() == 0:
		return "0"
	}
	var out []string
	for _, reason := range sample.Reasons(r.Drops) {
		if reason.Count > 0 {
			out = append(out, reason.Name+" "+strconv.FormatUint(reason.Count, 10))
		}
	}
	return strings.Join(out, " ")
}
