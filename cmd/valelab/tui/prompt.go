package tui

import (
	"unicode/utf8"

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
