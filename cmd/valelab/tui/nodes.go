package tui

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/valelab/valelab/runtime/sample"
)

func (m *Model) initNodes() {
	m.nodes = table[sample.Node]{
		list:   list{sort: -1},
		key:    func(n *sample.Node) string { return n.Name },
		search: func(n *sample.Node) string { return n.Name + " " + n.State },
		columns: []column[sample.Node]{
			{title: "NODE", width: 14, grow: 30, cell: func(n *sample.Node) cell { return plain(n.Name) },
				compare: func(a, b *sample.Node) int { return strings.Compare(a.Name, b.Name) }},
			{title: "STATE", width: 9, prio: 1, cell: func(n *sample.Node) cell { return m.stateCell(n.State) },
				compare: func(a, b *sample.Node) int { return strings.Compare(a.State, b.State) }},
			{title: "RESTARTS", width: 8, right: true, prio: 4, cell: func(n *sample.Node) cell {
				if n.Restarts > 0 {
					return cell{strconv.Itoa(n.Restarts), m.theme.warn}
				}
				return cell{"0", m.theme.dim}
			}, compare: func(a, b *sample.Node) int { return a.Restarts - b.Restarts }},
			{title: "CPU", width: 6, right: true, prio: 2, cell: func(n *sample.Node) cell {
				if n.Load == nil {
					return plain("-")
				}
				return cell{fmt.Sprintf("%.0f%%", 100**n.Load), m.quiet(*n.Load)}
			}, compare: func(a, b *sample.Node) int { return cmp.Compare(orLess(a.Load), orLess(b.Load)) }},
			{title: "MEMORY", width: 8, right: true, prio: 3, cell: func(n *sample.Node) cell {
				if n.Memory == nil {
					return plain("-")
				}
				return plain(memory(*n.Memory))
			}, compare: func(a, b *sample.Node) int { return cmp.Compare(orZero(a.Memory), orZero(b.Memory)) }},
			{title: "CPU TIME", width: 9, right: true, prio: 6, cell: func(n *sample.Node) cell {
				if n.CPU == nil {
					return plain("-")
				}
				return plain(fmt.Sprintf("%.1fs", *n.CPU))
			}},
			{title: "LAST EXIT", width: 10, prio: 5, cell: func(n *sample.Node) cell {
				switch {
				case n.Signal > 0:
					return cell{"signal " + strconv.Itoa(n.Signal), m.theme.bad}
				case n.ExitCode > 0:
					return cell{"status " + strconv.Itoa(n.ExitCode), m.theme.bad}
				case n.State == "exited":
					return plain("status 0")
				}
				return plain("-")
			}},
		},
	}
}

func orLess(x *float64) float64 {
	if x == nil {
		return -1
	}
	return *x
}

func orZero(x *uint64) uint64 {
	if x == nil {
		return 0
	}
	return *x
}

// stateCell shows what a node does; the sign in front says it without colours.
func (m *Model) stateCell(state string) cell {
	switch state {
	case "":
		return cell{}
	case "running":
		return cell{m.theme.on + " " + state, m.theme.good}
	case "waiting", "backoff":
		return cell{m.theme.off + " " + state, m.theme.warn}
	}
	return cell{m.theme.off + " " + state, m.theme.bad}
}

// drawNodes is the table and, where there is room, the end of the selected node's log.
func (m *Model) drawNodes(width, height int) []string {
	logs := min(8, height/3)
	if logs < 3 {
		return m.nodes.draw(m.theme, width, height)
	}
	lines := m.nodes.draw(m.theme, width, height-logs)
	head := newLine(width, m.theme)
	head.text(m.theme.head, "LOG "+m.node)
	lines = append(lines, head.string())
	if m.log.Node == m.node {
		lines = append(lines, m.logLines(width, logs-1, 0)...)
	}
	return full(lines, width, height)
}

// logLines are the last lines of the log, so many before its end.
func (m *Model) logLines(width, height, before int) []string {
	text := m.log.Lines
	if m.log.Err != nil {
		text = []string{"the log can't be read: " + m.log.Err.Error()}
	}
	end := max(0, len(text)-before)
	var lines []string
	for _, t := range text[max(0, end-height):end] {
		l := newLine(width, m.theme)
		l.put(cell{"  " + t, m.theme.dim}, width, false)
		lines = append(lines, l.string())
	}
	return lines
}

// drawLog is the log alone.
func (m *Model) drawLog(width, height int) []string {
	m.scrolled = max(0, min(m.scrolled, len(m.log.Lines)-height))
	if m.log.Node != m.node {
		return full(nil, width, height)
	}
	return full(m.logLines(width, height, m.scrolled), width, height)
}
