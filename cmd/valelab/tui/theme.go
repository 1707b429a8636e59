package tui

import (
	"strings"

	"github.com/charmbracelet/lipgloss"
)

// style is what stands before and behind a text. The zero value is nothing.
type style struct{ before, after string }

func (s style) write(b *strings.Builder, text string) {
	if s.before == "" {
		b.WriteString(text)
		return
	}
	b.WriteString(s.before)
	b.WriteString(text)
	b.WriteString(s.after)
}

// theme is how things look. Only the terminal's own 16 colours are used, so that it fits light and dark ones.
type theme struct {
	title, tab, dim, head, good, warn, bad, accent, selected style

	cursor      string // in front of the selected row
	more        string // where text is cut
	up, down    string // order of a sorted column
	bar         []string
	sparks      []string
	tee, corner string // branches of a tree
	pipe        string
	on, off     string // something works, or does not
	slotEmpty   string
	slotFull    string
}

// newTheme makes a theme for a renderer, which knows the terminal's colours.
func newTheme(r *lipgloss.Renderer, ascii bool) *theme {
	color := func(light, dark string) lipgloss.Style {
		return r.NewStyle().Foreground(lipgloss.AdaptiveColor{Light: light, Dark: dark})
	}
	t := &theme{
		title: styleOf(color("4", "14").Bold(true)), tab: styleOf(r.NewStyle().Reverse(true).Bold(true)),
		dim: styleOf(color("8", "7").Faint(true)), head: styleOf(r.NewStyle().Bold(true).Underline(true)),
		good: styleOf(color("2", "10")), warn: styleOf(color("3", "11")), bad: styleOf(color("1", "9").Bold(true)),
		accent: styleOf(color("4", "14")), selected: styleOf(r.NewStyle().Reverse(true)),
	}
	if ascii {
		t.cursor, t.more, t.up, t.down = ">", "~", "^", "v"
		t.bar, t.sparks = []string{" ", "-", "="}, strings.Split(" .:-=+*#", "")
		t.tee, t.corner, t.pipe, t.on, t.off = "|-", "`-", "| ", "*", "o"
		t.slotEmpty, t.slotFull = ".", "#"
		return t
	}
	t.cursor, t.more, t.up, t.down = "▌", "…", "▲", "▼"
	t.bar, t.sparks = []string{" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"}, []string{" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"}
	t.tee, t.corner, t.pipe, t.on, t.off = "├─", "└─", "│ ", "●", "○"
	t.slotEmpty, t.slotFull = "·", "█"
	return t
}

// styleOf takes what a style puts around a text.
func styleOf(s lipgloss.Style) style {
	before, after, _ := strings.Cut(s.Render("x"), "x")
	return style{before, after}
}

// gauge draws a share of a whole, 0 to 1, in so many columns. Anything above 0 shows.
func (t *theme) gauge(share float64, width int) string {
	steps := len(t.bar) - 1
	filled := int(min(max(share, 0), 1)*float64(width*steps) + 0.5)
	if filled == 0 && share > 0 {
		filled = 1
	}
	var b strings.Builder
	for range width {
		n := min(filled, steps)
		b.WriteString(t.bar[n])
		filled -= n
	}
	return b.String()
}

// spark draws values, the newest at the right, as high as the highest.
func (t *theme) spark(values []float64, width int) string {
	if len(values) > width {
		values = values[len(values)-width:]
	}
	top := 0.0
	for _, v := range values {
		top = max(top, v)
	}
	var b strings.Builder
	b.WriteString(spaces(width - len(values)))
	for _, v := range values {
		n := 0
		if top > 0 {
			n = int(v/top*float64(len(t.sparks)-1) + 0.5)
		}
		if n == 0 && v > 0 {
			n = 1
		}
		b.WriteString(t.sparks[n])
	}
	return b.String()
}

// level is the style of a share that is bad when it comes near 1.
func (t *theme) level(share float64) style {
	switch {
	case share >= 0.9:
		return t.bad
	case share >= 0.6:
		return t.warn
	}
	return t.good
}
