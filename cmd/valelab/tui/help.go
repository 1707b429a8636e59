package tui

// drawHelp lists the key map, in columns as there is room.
func (m *Model) drawHelp(width, height int) []string {
	th := m.theme
	var lines []string
	for _, g := range m.keys.groups() {
		head := newLine(width, th)
		head.text(th.head, g.title)
		lines = append(lines, head.string())
		for _, k := range g.keys {
			l := newLine(width, th)
			l.put(cell{"  " + k.Help().Key, th.accent}, 13, false)
			about := k.Help().Desc
			if m.cfg.Readonly && m.changes(k.Help().Key) {
				about += " (not with --readonly)"
			}
			l.put(plain(about), width, false)
			lines = append(lines, l.string())
		}
	}
	note := newLine(width, th)
	note.put(cell{"  The wheel moves, a click chooses, a second one looks into it.", th.dim}, width, false)
	lines = append(lines, note.string())
	m.scrolled = max(0, min(m.scrolled, len(lines)-height))
	return full(lines[m.scrolled:], width, height)
}

// changes says that a key does more than show.
func (m *Model) changes(key string) bool {
	return key == m.keys.Capture.Help().Key || key == m.keys.Stop.Help().Key || key == m.keys.Shell.Help().Key
}
