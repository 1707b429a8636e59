package tui

import (
	"slices"
	"strings"

	"github.com/valelab/valelab/runtime/sample"
)

// treeRow is a line of the tree: a node, one of its endpoints, or a switch with what else it has.
type treeRow struct {
	key    string
	branch string // in front of it
	name   string
	state  string // of a node; mode of an endpoint
	to     string // the switch
	node   string
	port   string // for captures
	search string
	rings  [2]int // it sums up those from the first to before the second
	tx, rx float64
	bytes  float64 // both ways
	drops  float64
	rates  bool

	undropped bool // of a ring it is not known what was dropped
}

func (m *Model) initTree() {
	number := func(x float64, r *treeRow) cell {
		if !r.rates {
			return plain("")
		}
		return cell{m.units.packets(x), m.quiet(x)}
	}
	m.tree = table[treeRow]{
		list:   list{sort: -1},
		key:    func(r *treeRow) string { return r.key },
		search: func(r *treeRow) string { return r.search },
		columns: []column[treeRow]{
			{title: "NODE", width: 14, grow: 24, cell: func(r *treeRow) cell { return plain(r.branch + r.name) }},
			{title: "STATE", width: 9, prio: 4, cell: func(r *treeRow) cell {
				if r.to != "" {
					return m.modeCell(r.state)
				}
				return m.stateCell(r.state)
			}},
			{title: "SWITCH", width: 10, grow: 30, prio: 1, cell: func(r *treeRow) cell { return plain(r.to) }},
			{title: "TX/S", width: 7, right: true, prio: 2, cell: func(r *treeRow) cell { return number(r.tx, r) }},
			{title: "RX/S", width: 7, right: true, prio: 2, cell: func(r *treeRow) cell { return number(r.rx, r) }},
			{title: "RATE", heading: m.bandwidthTitle, width: 7, grow: 4, right: true, prio: 5, cell: func(r *treeRow) cell {
				if !r.rates {
					return plain("")
				}
				return cell{m.units.bandwidth(r.bytes), m.quiet(r.bytes)}
			}},
			{title: "DROP/S", width: 7, right: true, prio: 3, cell: func(r *treeRow) cell {
				if r.drops > 0 {
					return cell{m.units.packets(r.drops), m.theme.bad}
				}
				if r.undropped {
					return plain("")
				}
				return number(r.drops, r)
			}},
		},
	}
}

// treePlan is what the rows of the tree were made of, without numbers.
type treePlan struct {
	rings []treeRing
	nodes []treeNode
}

type (
	treeRing struct{ node, iface, sw, port, mode string }
	treeNode struct{ name, state string }
)

func treeRingOf(r *sample.Ring) treeRing {
	return treeRing{r.Node, r.Interface, r.Switch, r.Port, r.Mode}
}

// same says whether rows made of these are the same as before, but for numbers: mostly they are.
func (p *treePlan) same(rings []sample.Ring, nodes []sample.Node) bool {
	if len(rings) != len(p.rings) || len(nodes) != len(p.nodes) {
		return false
	}
	for i := range rings {
		if treeRingOf(&rings[i]) != p.rings[i] {
			return false
		}
	}
	for i := range nodes {
		if (treeNode{nodes[i].Name, nodes[i].State}) != p.nodes[i] {
			return false
		}
	}
	return true
}

func (p *treePlan) set(rings []sample.Ring, nodes []sample.Node) {
	p.rings, p.nodes = p.rings[:0], p.nodes[:0]
	for i := range rings {
		p.rings = append(p.rings, treeRingOf(&rings[i]))
	}
	for i := range nodes {
		p.nodes = append(p.nodes, treeNode{nodes[i].Name, nodes[i].State})
	}
}

// setTree shows the tree.
func (m *Model) setTree(rings []sample.Ring, nodes []sample.Node) {
	rows := m.tree.items
	if !m.treePlan.same(rings, nodes) {
		m.treePlan.set(rings, nodes)
		rows = m.treeRows(rings, nodes)
	}
	for i := range rows {
		row := &rows[i]
		row.tx, row.rx, row.bytes, row.drops, row.rates, row.undropped = 0, 0, 0, 0, false, false
		for k := row.rings[0]; k < row.rings[1]; k++ {
			addRates(row, &rings[k])
		}
	}
	m.tree.set(rows)
}

// treeRows makes the tree: nodes with their endpoints, then switches with their trunks and uplinks.
func (m *Model) treeRows(rings []sample.Ring, nodes []sample.Node) []treeRow {
	var links []treeRow // one a port, whose rings come one after the other
	for i := range rings {
		r := &rings[i]
		if i > 0 && r.Port == rings[i-1].Port && r.Switch == rings[i-1].Switch {
			links[len(links)-1].rings[1]++
			continue
		}
		l := treeRow{
			key: r.Switch + " " + r.Port, node: r.Node, state: r.Mode, name: r.Port, to: towards(r), port: portOf(r),
			search: r.Node + " " + r.Port + " " + r.Switch + " " + r.Mode, rings: [2]int{i, i + 1},
		}
		if r.Node != "" {
			l.name = r.Interface
		}
		if r.Mode == "trunk" {
			l.port = ""
		}
		links = append(links, l)
	}
	byNode := make(map[string][]treeRow, len(nodes))
	for _, l := range links {
		byNode[l.node] = append(byNode[l.node], l)
	}
	for _, of := range byNode {
		slices.SortFunc(of, func(a, b treeRow) int { return strings.Compare(a.name, b.name) })
	}
	var rows []treeRow
	for _, n := range nodes {
		row := treeRow{key: "node " + n.Name, name: n.Name, state: n.State, node: n.Name, search: n.Name}
		at := len(rows)
		rows = append(rows, row)
		for _, l := range byNode[n.Name] {
			rows = append(rows, l)
			rows[at].search += " " + l.search // a node stays above what the filter finds
		}
		m.branches(rows[at+1:])
	}
	last := ""
	for i := range rings {
		name := rings[i].Switch
		if name == last {
			continue
		}
		last = name
		at := len(rows)
		for _, l := range byNode[""] {
			if strings.HasPrefix(l.key, name+" ") {
				rows = append(rows, l)
			}
		}
		if len(rows) > at {
			rows = slices.Insert(rows, at, treeRow{key: "switch " + name, name: "switch " + switchName(name), search: name})
			m.branches(rows[at+1:])
		}
	}
	return rows
}

// branches draws the lines in front of the children of one row.
func (m *Model) branches(rows []treeRow) {
	for i := range rows {
		rows[i].branch = " " + m.theme.tee + " "
		if i == len(rows)-1 {
			rows[i].branch = " " + m.theme.corner + " "
		}
	}
}

// towards is where a port leads.
func towards(r *sample.Ring) string {
	if a, b, ok := strings.Cut(r.Port, "--"); ok && r.Mode == "trunk" {
		if a == r.Switch {
			return b
		}
		return a
	}
	if a, b, ok := strings.Cut(r.Switch, "--"); ok && strings.Contains(a, ":") {
		if a == r.Port {
			return "wire to " + b
		}
		return "wire to " + a
	}
	return r.Switch
}

func addRates(l *treeRow, r *sample.Ring) {
	if r.Rates == nil || r.Host {
		return
	}
	l.rates = true
	l.undropped = l.undropped || r.DropRate == nil
	l.bytes += r.ByteRate
	l.drops += r.DropsPerSecond()
	if r.Dir == "tx" {
		l.tx += r.PacketRate
	} else {
		l.rx += r.PacketRate
	}
}
