package tui

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/valelab/valelab/runtime/agent"
)

// captureRow is a capture and the file that this program writes it to, if it does.
type captureRow struct {
	agent.CaptureState
	file string
}

func (m *Model) initCaptures() {
	m.captures = table[captureRow]{
		list:   list{sort: -1},
		key:    func(c *captureRow) string { return strconv.Itoa(c.ID) },
		search: func(c *captureRow) string { return strings.Join(c.Ports, " ") + " " + c.file + " " + c.Filter },
		columns: []column[captureRow]{
			{title: "ID", width: 3, right: true, cell: func(c *captureRow) cell { return plain(strconv.Itoa(c.ID)) }},
			{title: "PORTS", width: 12, grow: 30, prio: 1, cell: func(c *captureRow) cell { return plain(strings.Join(c.Ports, " ")) },
				compare: func(a, b *captureRow) int { return strings.Compare(a.Ports[0], b.Ports[0]) }},
			{title: "PACKETS", width: 8, grow: 4, right: true, prio: 2, cell: func(c *captureRow) cell { return plain(m.units.count(c.Packets)) },
				compare: func(a, b *captureRow) int { return int(a.Packets) - int(b.Packets) }},
			{title: "LOST", width: 6, grow: 4, right: true, prio: 3, cell: func(c *captureRow) cell {
				if c.Lost > 0 {
					return cell{m.units.count(c.Lost), m.theme.bad}
				}
				return cell{"0", m.theme.dim}
			}},
			{title: "BYTES", width: 8, grow: 4, right: true, prio: 5, cell: func(c *captureRow) cell { return plain(m.units.count(c.Bytes)) }},
			{title: "SINCE", width: 8, prio: 6, cell: func(c *captureRow) cell { return plain(clock(c.Started)) }},
			{title: "FILE", width: 14, grow: 60, prio: 4, cell: func(c *captureRow) cell {
				if c.file == "" {
					return cell{"of another program", m.theme.dim}
				}
				return plain(c.file)
			}},
			{title: "FILTER", width: 10, grow: 40, prio: 7, cell: func(c *captureRow) cell {
				if c.Filter == "" {
					return cell{"-", m.theme.dim}
				}
				return plain(c.Filter)
			}},
		},
	}
}

func (m *Model) setCaptures(msg CapturesMsg) {
	rows := make([]captureRow, 0, len(msg.List))
	for _, c := range msg.List {
		if len(c.Ports) > 0 {
			rows = append(rows, captureRow{c, msg.Files[c.ID]})
		}
	}
	m.captures.set(rows)
}

// captureFile proposes a file for a capture of a port.
func (m *Model) captureFile(port string) string {
	safe := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_', r == '.':
			return r
		}
		return '-'
	}, strings.TrimSuffix(port, "^"))
	stamp := ""
	if m.live != nil {
		stamp = "-" + m.live.Time.Format("150405")
	}
	return fmt.Sprintf("%s-%s%s.pcapng", m.cfg.Lab, safe, stamp)
}
