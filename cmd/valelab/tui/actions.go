package tui

import (
	"fmt"
	"slices"
	"time"

	tea "github.com/charmbracelet/bubbletea"
)

// freeze stops the screen, not the counting.
func (m *Model) freeze() {
	m.frozen = !m.frozen
	switch {
	case m.live == nil:
	case m.frozen:
		m.show(m.shown.Clone()) // the memory of live ones is used again
	default:
		m.show(m.live)
	}
}

// zero counts from here on, on the screen only.
func (m *Model) zero() {
	if m.shown != nil {
		m.base = m.shown.Clone()
		m.fill()
	}
}

// pace goes to the next longer or shorter interval.
func (m *Model) pace(step int) tea.Cmd {
	at := slices.IndexFunc(intervals, func(d time.Duration) bool { return d >= m.cfg.Interval })
	if at < 0 {
		at = len(intervals) - 1
	}
	next := max(0, min(at+step, len(intervals)-1))
	if intervals[next] == m.cfg.Interval {
		return nil
	}
	m.cfg.Interval = intervals[next]
	return m.watch()
}

// enter looks into what is selected.
func (m *Model) enter() tea.Cmd {
	filterRings := func(filter string) {
		m.open(screenRings)
		m.rings.filter = filter
		m.rings.refresh()
	}
	switch m.screen {
	case screenOverview:
		if r := m.busy.selected(); r != nil {
			m.detail = r.Key()
			m.open(screenRing)
		}
	case screenRings:
		if r := m.rings.selected(); r != nil {
			m.detail = r.Key()
			m.open(screenRing)
		}
	case screenSwitches:
		if s := m.switches.selected(); s != nil {
			filterRings(s.name)
		}
	case screenTopology:
		switch row := m.tree.selected(); {
		case row == nil:
		case row.port != "" && row.node != "":
			filterRings(row.node + ":" + row.name)
		case row.node != "":
			filterRings(row.node + ":")
		default:
			filterRings(row.name)
		}
	case screenNodes:
		if n := m.nodes.selected(); n != nil {
			filterRings(n.Name + ":")
		}
	}
	return nil
}

func (m *Model) askFilter(v view) {
	before := v.state().filter
	set := func(text string) {
		v.state().filter = text
		v.refresh()
	}
	m.asking = &prompt{
		question: "filter: ", line: true, text: before, changed: set,
		answer: func(text string) tea.Cmd { set(text); return nil },
		drop:   func() { set(before) },
	}
}

func (m *Model) askCapture() tea.Cmd {
	port := m.onPort()
	switch {
	case m.cfg.Readonly:
		return m.refuse("no captures with --readonly")
	case port == "":
		return m.refuse("choose an endpoint first: there is none here to capture")
	}
	m.asking = &prompt{
		question: fmt.Sprintf("capture %s into ", port), line: true, text: m.captureFile(port),
		answer: func(file string) tea.Cmd {
			if file == "" {
				return m.refuse("a capture needs a file")
			}
			return func() tea.Msg { return m.source.StartCapture(port, file) }
		},
	}
	return nil
}

func (m *Model) askStop() tea.Cmd {
	if m.screen != screenCaptures {
		return nil
	}
	c := m.captures.selected()
	switch {
	case m.cfg.Readonly:
		return m.refuse("no captures are stopped with --readonly")
	case c == nil:
		return nil
	}
	id := c.ID
	m.asking = &prompt{
		question: fmt.Sprintf("stop capture %d?", id),
		answer:   func(string) tea.Cmd { return func() tea.Msg { return m.source.StopCapture(id) } },
	}
	return nil
}

// shell gives the terminal to a shell in a node and takes it back.
func (m *Model) shell() tea.Cmd {
	node := m.onNode()
	switch {
	case m.cfg.Readonly:
		return m.refuse("no shells with --readonly")
	case node == "":
		return m.refuse("choose a node first: there is none here")
	}
	return tea.ExecProcess(m.source.Shell(node), func(err error) tea.Msg {
		return DoneMsg{What: "shell in " + node + " has ended", Err: err}
	})
}

func (m *Model) openLog() tea.Cmd {
	node := m.onNode()
	if node == "" {
		return m.refuse("choose a node first: there is none here")
	}
	if m.screen == screenLog {
		return nil
	}
	m.node = node
	m.open(screenLog)
	return m.readLog()
}

// readLog reads the log that is to be seen.
func (m *Model) readLog() tea.Cmd {
	if m.screen == screenNodes {
		m.node = m.onNode()
	}
	if node := m.node; node != "" && (m.screen == screenNodes || m.screen == screenLog) {
		return func() tea.Msg { return m.source.Logs(node) }
	}
	return nil
}

// refuse says why something is not done.
func (m *Model) refuse(why string) tea.Cmd {
	m.said, m.failed = why, true
	return nil
}
