package tui

import (
	"strings"
	"unicode"

	"github.com/mattn/go-runewidth"
)

// A cell is a text and how it looks.
type cell struct {
	text  string
	style style
}

// plain is a cell without a style.
func plain(text string) cell { return cell{text: text} }

// fit returns text in exactly width columns: cut with a mark, or padded. Control characters and what is not
// printable become question marks, so that nothing of a node's reaches the terminal as a command.
func fit(text string, width int, right bool, mark string) string {
	if width <= 0 {
		return ""
	}
	if simple(text) && len(text) <= width {
		return pad(text, width-len(text), right)
	}
	text = clean(text)
	used := runewidth.StringWidth(text)
	if used > width {
		text, used = cut(text, width-runewidth.StringWidth(mark))
		text += mark
		used += runewidth.StringWidth(mark)
	}
	return pad(text, width-used, right)
}

func pad(text string, n int, right bool) string {
	switch {
	case n <= 0:
		return text
	case right:
		return spaces(n) + text
	}
	return text + spaces(n)
}

const blanks = "                                                                                "

func spaces(n int) string {
	if n <= len(blanks) {
		return blanks[:max(n, 0)]
	}
	return strings.Repeat(" ", n)
}

// simple says that every byte is one printable column.
func simple(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// clean makes text printable. Tabs become one space.
func clean(text string) string {
	if simple(text) {
		return text
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case r == unicode.ReplacementChar, !unicode.IsPrint(r):
			return '?'
		}
		return r
	}, text)
}

// cut returns what of text fits into width columns, and how many it takes.
func cut(text string, width int) (string, int) {
	used := 0
	for i, r := range text {
		w := runewidth.RuneWidth(r)
		if used+w > width {
			return text[:i], used
		}
		used += w
	}
	return text, used
}

// line collects cells up to a width.
type line struct {
	b     strings.Builder
	width int
	used  int
	mark  string
}

func newLine(width int, th *theme) *line {
	l := &line{width: width, mark: th.more}
	l.b.Grow(2 * width)
	return l
}

// put adds a cell of so many columns, as far as there is room.
func (l *line) put(c cell, width int, right bool) {
	width = min(width, l.width-l.used)
	if width <= 0 {
		return
	}
	c.style.write(&l.b, fit(c.text, width, right, l.mark))
	l.used += width
}

// text adds a text as long as it is.
func (l *line) text(s style, text string) {
	l.put(cell{text, s}, runewidth.StringWidth(clean(text)), false)
}

// gap adds columns of nothing.
func (l *line) gap(n int) { l.put(cell{}, n, false) }

// string is the line, full to its width.
func (l *line) string() string {
	l.b.WriteString(spaces(l.width - l.used))
	return l.b.String()
}
