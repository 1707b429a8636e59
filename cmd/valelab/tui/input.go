package tui

import (
	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
)

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
