package tui

import (
	"fmt"
	"strings"

	"github.com/mattn/go-runewidth"
)

// The lines around a screen: two above it, one below.
const (
	above = 2
	below = 1
)

// View draws the whole terminal.
func (m *Model) View() string {
	width, height := m.width, m.height
	if width < 20 || height < 5 {
		return fit("too small", max(0, width), false, m.theme.more)
	}
	lines := make([]string, 0, height)
	lines = append(lines, m.statusLine(width), m.tabLine(width))
	lines = append(lines, full(m.body(width, height-above-below), width, height-above-below)...)
	lines = append(lines, m.footLine(width))
	return strings.Join(lines, "\n")
}

// statusLine says what is shown and how.
func (m *Model) statusLine(width int) string {
	th := m.theme
	l := newLine(width, th)
	l.text(th.title, " "+m.cfg.Lab)
	switch {
	case m.down != nil && m.down.Gone:
		l.text(th.bad, "  "+th.off+" gone")
	case m.down != nil:
		l.text(th.bad, "  "+th.off+" no agent, trying again")
	case m.live == nil:
		l.text(th.warn, "  "+th.off+" connecting")
	default:
		l.text(th.good, "  "+th.on+" "+clock(m.live.Time))
	}
	if m.frozen {
		text := "  FROZEN"
		if m.shown != nil {
			text += " at " + clock(m.shown.Time)
		}
		l.text(th.warn, text)
	}
	l.text(th.dim, "  every "+m.cfg.Interval.String())
	if m.base != nil {
		l.text(th.accent, "  from "+clock(m.base.Time))
	}
	if v := m.table(); v != nil {
		state := v.state()
		if state.filter != "" {
			shown, all := v.count()
			l.text(th.accent, fmt.Sprintf("  /%s (%d of %d)", state.filter, shown, all))
		}
		if by := v.sortedBy(); by != "" {
			l.text(th.dim, "  by "+by)
		}
	}
	if m.units != unitBits {
		l.text(th.dim, "  "+m.units.String())
	}
	if m.cfg.Readonly {
		l.text(th.dim, "  readonly")
	}
	return l.string()
}

// tabs are where the tabs stand, for the mouse. A narrow terminal has the current one alone.
func (m *Model) tabs(width int) (tabs []tabPlace) {
	at := 1
	for s := range numTabs {
		text := fmt.Sprintf(" %d %s ", s+1, screenTitles[s])
		tabs = append(tabs, tabPlace{s, at, text})
		at += len(text)
	}
	if at+runewidth.StringWidth(m.trail()) <= width {
		return tabs
	}
	at, tabs = 1, nil
	for s := range numTabs {
		text := fmt.Sprintf(" %d ", s+1)
		if s == m.current() {
			text = fmt.Sprintf(" %d %s ", s+1, screenTitles[s])
		}
		tabs = append(tabs, tabPlace{s, at, text})
		at += len(text)
	}
	return tabs
}

type tabPlace struct {
	screen screen
	at     int
	text   string
}

// current is the tab that the screen belongs to.
func (m *Model) current() screen {
	if m.screen < numTabs {
		return m.screen
	}
	for i := len(m.back) - 1; i >= 0; i-- {
		if m.back[i] < numTabs {
			return m.back[i]
		}
	}
	return screenOverview
}

func (m *Model) tabLine(width int) string {
	th := m.theme
	l := newLine(width, th)
	l.gap(1)
	for _, t := range m.tabs(width) {
		s := th.dim
		text := t.text
		if t.screen == m.current() {
			s = th.tab
			text = "[" + strings.TrimSpace(text) + "]" // told from the others without colours, too
		}
		l.text(s, text)
	}
	l.text(th.accent, m.trail())
	return l.string()
}

// trail is the way from the tab to the screen.
func (m *Model) trail() string {
	if m.screen < numTabs {
		return ""
	}
	trail := " > " + screenTitles[m.screen]
	if m.screen == screenLog {
		trail += " of " + m.node
	}
	return trail
}

// footLine is the question that is asked, the result of the last action, or the keys that matter here.
func (m *Model) footLine(width int) string {
	th := m.theme
	l := newLine(width, th)
	switch {
	case m.asking != nil:
		l.text(th.warn, " "+m.asking.question)
		if m.asking.line {
			room := width - l.used - 1
			text := clean(m.asking.text)
			for runewidth.StringWidth(text) > max(0, room-1) {
				text = text[1:]
			}
			l.text(style{}, text)
			l.text(th.tab, "_")
		} else {
			l.text(th.warn, " y/n")
		}
	case m.said != "":
		s := th.good
		if m.failed {
			s = th.bad
		}
		l.put(cell{" " + m.said, s}, width, false)
	default:
		for _, hint := range m.hints() {
			if l.used+len(hint)+2 > width {
				break
			}
			key, about, _ := strings.Cut(hint, " ")
			l.text(th.accent, " "+key)
			l.text(th.dim, " "+about)
		}
	}
	return l.string()
}

// hints are the keys that matter on this screen, the most important first.
func (m *Model) hints() []string {
	out := []string{"? help", "q quit"}
	switch m.screen {
	case screenRing, screenLog, screenHelp:
		out = append(out, "esc back")
	default:
		out = append(out, "/ filter", "s sort", "r reverse", "enter open")
	}
	out = append(out, "space freeze", "z zero", "u units", "+- interval")
	if m.cfg.Readonly {
		return out
	}
	if m.screen == screenCaptures {
		return append(out, "x stop")
	}
	if m.hasNodes() {
		out = append(out, "c capture", "e shell", "l log")
	}
	return out
}
