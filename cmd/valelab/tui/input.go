package tui

import (
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
)

// prompt is a question in the last line: a line of text, or yes or no.
type prompt struct {
	question string
	line     bool
	text     string
	changed  func(text string)         // at every key; nil: nothing
	answer   func(text string) tea.Cmd // enter, or y
	drop     func()                    // esc, or n; nil: nothing
}

// typed takes keys apart that came in one go, as those of a quick typist do. What is pasted is text, not keys.
func (m *Model) typed(k tea.KeyMsg) tea.Cmd {
	if k.Type != tea.KeyRunes || len(k.Runes) < 2 {
		return m.press(k)
	}
	if k.Paste && (m.asking == nil || !m.asking.line) {
		return nil
	}
	var cmds []tea.Cmd
	for _, r := range k.Runes {
		one := tea.Key{Type: tea.KeyRunes, Runes: []rune{r}, Alt: k.Alt}
		if r == ' ' {
			one.Type = tea.KeySpace
		}
		cmds = append(cmds, m.press(tea.KeyMsg(one)))
	}
	return tea.Sequence(cmds...)
}

// press is what a key does.
func (m *Model) press(k tea.KeyMsg) tea.Cmd {
	if k.Type == tea.KeyCtrlC {
		return tea.Quit
	}
	if m.asking != nil {
		return m.reply(k)
	}
	m.said = ""
	is := func(b key.Binding) bool { return key.Matches(k, b) }
	// On screens without nodes l is what it is in vi.
	right := is(m.keys.Right) || k.String() == "l" && !m.hasNodes()
	switch {
	case is(m.keys.Quit):
		return tea.Quit
	case is(m.keys.Help):
		if m.screen == screenHelp {
			m.leave()
		} else {
			m.open(screenHelp)
		}
	case is(m.keys.Back):
		return m.escape()
	case is(m.keys.Left) && m.screen == screenRing:
		m.turn(-1)
	case right && m.screen == screenRing:
		m.turn(1)
	case is(m.keys.Next), right:
		m.tab(m.current() + 1)
	case is(m.keys.Previous), is(m.keys.Left):
		m.tab(m.current() - 1)
	case is(m.keys.Screen):
		m.tab(screen(k.Runes[0] - '1'))
	case is(m.keys.Freeze):
		m.freeze()
	case is(m.keys.Zero):
		m.zero()
	case is(m.keys.Unzero):
		m.base = nil
		m.fill()
	case is(m.keys.Units):
		m.units = (m.units + 1) % numUnits
	case is(m.keys.Faster):
		return m.pace(-1)
	case is(m.keys.Slower):
		return m.pace(1)
	case is(m.keys.Capture):
		return m.askCapture()
	case is(m.keys.Stop):
		return m.askStop()
	case is(m.keys.Shell):
		return m.shell()
	case is(m.keys.Logs):
		return m.openLog()
	default:
		return m.pressOnTable(is)
	}
	return m.readLog()
}

// pressOnTable are keys that have to do with a list.
func (m *Model) pressOnTable(is func(key.Binding) bool) tea.Cmd {
	page := max(1, m.height-above-below-1)
	move := func(rows int) tea.Cmd {
		if v := m.table(); v != nil {
			v.move(rows)
			return m.readLog()
		}
		if m.screen == screenLog { // it is seen from its end
			rows = -rows
		}
		m.scrolled = max(0, m.scrolled+rows)
		return nil
	}
	const all = 1 << 20
	switch {
	case is(m.keys.Up):
		return move(-1)
	case is(m.keys.Down):
		return move(1)
	case is(m.keys.PageUp):
		return move(-page)
	case is(m.keys.PageDown):
		return move(page)
	case is(m.keys.Top):
		return move(-all)
	case is(m.keys.Bottom):
		if m.screen == screenEvents {
			m.events.tail = true
		}
		return move(all)
	case is(m.keys.Enter):
		return m.enter()
	}
	v := m.table()
	if v == nil {
		return nil
	}
	switch {
	case is(m.keys.Filter):
		m.askFilter(v)
	case is(m.keys.Sort):
		v.sortNext()
	case is(m.keys.Reverse):
		v.state().reverse = !v.state().reverse
		v.refresh()
	}
	return nil
}

// reply is what a key does while something is asked.
func (m *Model) reply(k tea.KeyMsg) tea.Cmd {
	p := m.asking
	end := func() { m.asking = nil }
	switch {
	case k.Type == tea.KeyEsc, !p.line && k.String() == "n":
		end()
		if p.drop != nil {
			p.drop()
		}
	case p.line && k.Type == tea.KeyEnter, !p.line && k.String() == "y":
		end()
		return p.answer(p.text)
	case !p.line:
		// Anything else is neither.
	case k.Type == tea.KeyBackspace:
		_, n := utf8.DecodeLastRuneInString(p.text)
		p.text = p.text[:len(p.text)-n]
	case k.Type == tea.KeyCtrlU:
		p.text = ""
	case k.Type == tea.KeySpace:
		p.text += " "
	case k.Type == tea.KeyRunes && !k.Alt && len(p.text) < 200:
		p.text += string(k.Runes)
	}
	if m.asking == p && p.changed != nil {
		p.changed(p.text)
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

// escape drops the filter, and without one goes back.
func (m *Model) escape() tea.Cmd {
	if v := m.table(); v != nil && v.state().filter != "" {
		v.state().filter = ""
		v.refresh()
		return nil
	}
	m.leave()
	return m.readLog()
}

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

// refuse says why something is not done.
func (m *Model) refuse(why string) tea.Cmd {
	m.said, m.failed = why, true
	return nil
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

// mouse: the wheel moves, a click chooses, a click on what is chosen enters.
func (m *Model) mouse(msg tea.MouseMsg) tea.Cmd {
	if m.asking != nil {
		return nil
	}
	switch {
	case msg.Button == tea.MouseButtonWheelUp:
		return m.pressOnTable(func(b key.Binding) bool { return b.Help() == m.keys.Up.Help() })
	case msg.Button == tea.MouseButtonWheelDown:
		return m.pressOnTable(func(b key.Binding) bool { return b.Help() == m.keys.Down.Help() })
	case msg.Button != tea.MouseButtonLeft || msg.Action != tea.MouseActionPress:
		return nil
	case msg.Y == 1:
		for _, t := range m.tabs(m.width) {
			if msg.X >= t.at && msg.X < t.at+len(t.text) {
				m.tab(t.screen)
				return m.readLog()
			}
		}
		return nil
	}
	v := m.table()
	if v == nil {
		return nil
	}
	row := msg.Y - above - 1 // the table's header
	if m.screen == screenOverview {
		row = msg.Y - (m.height - below - m.busy.height)
	}
	shown, _ := v.count()
	at := v.state().top + row
	if row < 0 || row >= v.state().height || at >= shown {
		return nil
	}
	if at == v.state().cursor {
		return m.enter()
	}
	v.move(at - v.state().cursor)
	return m.readLog()
}
