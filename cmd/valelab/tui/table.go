package tui

import (
	"slices"
	"strings"
)

// A column of a table. Of those that do not fit, the ones with the highest prio fall away.
type column[T any] struct {
	title   string
	width   int // at least
	grow    int // at most so many more, if there is room
	right   bool
	prio    int
	heading func() string // instead of title, where it changes; nil: title
	cell    func(*T) cell
	compare func(a, b *T) int // nil: it can't be sorted by
}

// list is what all tables have: a place in it, an order and a filter.
type list struct {
	cursor, top int
	filter      string
	sort        int // column; -1: as it comes
	reverse     bool
	tail        bool   // the cursor stays at the end as rows come
	moved       bool   // the user has chosen a row, which the cursor stays on; else it stays at the top
	chosen      string // key of that row
	at          int    // and its item
	height      int    // rows that were drawn last
}

// table shows items. T is what a row is made of.
type table[T any] struct {
	list
	columns []column[T]
	key     func(*T) string // tells rows apart over time
	search  func(*T) string // what the filter looks at
	items   []T
	order   []int // of items, after filter and sort
}

// view is what the model needs of a table.
type view interface {
	state() *list
	count() (shown, all int)
	refresh()
	move(rows int)
	sortNext()
	draw(th *theme, width, height int) []string
	sortedBy() string
}

func (t *table[T]) state() *list { return &t.list }

func (t *table[T]) count() (shown, all int) { return len(t.order), len(t.items) }

// set shows other items, which may be in the memory of those before. The cursor stays on its row, if that is
// still there.
func (t *table[T]) set(items []T) {
	t.items = items
	t.arrange()
	if t.tail {
		t.cursor = max(0, len(t.order)-1)
		return
	}
	if !t.moved {
		t.cursor = 0
		return
	}
	t.restore()
}

// refresh arranges the items anew, after a change of filter or order.
func (t *table[T]) refresh() { t.set(t.items) }

// restore brings the cursor back to its row. Mostly that is the same item as before.
func (t *table[T]) restore() {
	if t.at >= len(t.items) || t.key(&t.items[t.at]) != t.chosen {
		t.at = slices.IndexFunc(t.items, func(item T) bool { return t.key(&item) == t.chosen })
	}
	if i := slices.Index(t.order, t.at); i >= 0 {
		t.cursor = i
		return
	}
	t.choose(t.cursor)
}

// choose puts the cursor on a row, or the one that is nearest.
func (t *table[T]) choose(row int) {
	t.cursor, t.chosen, t.at = max(0, min(row, len(t.order)-1)), "", 0
	if s := t.selected(); s != nil {
		t.chosen, t.at = t.key(s), t.order[t.cursor]
	}
}

// arrange makes order of items.
func (t *table[T]) arrange() {
	t.order = t.order[:0]
	words := strings.Fields(strings.ToLower(t.filter))
	for i := range t.items {
		if len(words) == 0 || matches(strings.ToLower(t.search(&t.items[i])), words) {
			t.order = append(t.order, i)
		}
	}
	if t.sort < 0 || t.sort >= len(t.columns) || t.columns[t.sort].compare == nil {
		if t.reverse {
			slices.Reverse(t.order)
		}
		return
	}
	compare := t.columns[t.sort].compare
	slices.SortFunc(t.order, func(a, b int) int {
		n := compare(&t.items[a], &t.items[b])
		switch {
		case n == 0:
			return a - b // stable
		case t.reverse:
			return -n
		}
		return n
	})
}

// matches says whether text has all words; a word after ! must not be there.
func matches(text string, words []string) bool {
	for _, w := range words {
		no, negated := strings.CutPrefix(w, "!")
		if negated && no != "" {
			if strings.Contains(text, no) {
				return false
			}
		} else if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

// selected is the item under the cursor; nil: there is none.
func (t *table[T]) selected() *T {
	if t.cursor < 0 || t.cursor >= len(t.order) || t.order[t.cursor] >= len(t.items) {
		return nil
	}
	return &t.items[t.order[t.cursor]]
}

func (t *table[T]) move(rows int) {
	t.choose(t.cursor + rows)
	t.moved = true
	t.tail = t.tail && t.cursor == len(t.order)-1
}

// sortNext goes to the next column that can be sorted by, and behind the last one to none.
func (t *table[T]) sortNext() {
	for {
		if t.sort++; t.sort >= len(t.columns) {
			t.sort = -1
		}
		if t.sort < 0 || t.columns[t.sort].compare != nil {
			t.reverse = t.sort >= 0 && t.columns[t.sort].right // of numbers, the largest first
			t.refresh()
			return
		}
	}
}

func (t *table[T]) sortedBy() string {
	if t.sort < 0 || t.sort >= len(t.columns) {
		return ""
	}
	return t.columns[t.sort].title
}

// placed is a column that has its place on the screen.
type placed struct {
	index, width int
}

// gutter is between two columns.
const gutter = 2

// layout picks the columns that fit into width, in their order.
func (t *table[T]) layout(width int) []placed {
	byPrio := make([]int, len(t.columns))
	for i := range byPrio {
		byPrio[i] = i
	}
	slices.SortStableFunc(byPrio, func(a, b int) int { return t.columns[a].prio - t.columns[b].prio })
	width -= 2 // the cursor
	var chosen []int
	for _, i := range byPrio {
		need := t.columns[i].width
		if len(chosen) > 0 {
			need += gutter
		}
		if need > width {
			break // those behind it are less important still
		}
		width -= need
		chosen = append(chosen, i)
	}
	slices.Sort(chosen)
	out := make([]placed, len(chosen))
	for k, i := range chosen {
		out[k] = placed{i, t.columns[i].width}
	}
	for grown := true; grown && width > 0; {
		grown = false
		for k := range out {
			c := &t.columns[out[k].index]
			if width > 0 && out[k].width < c.width+c.grow {
				out[k].width++
				width--
				grown = true
			}
		}
	}
	return out
}

// draw returns height lines: a header and rows around the cursor.
func (t *table[T]) draw(th *theme, width, height int) []string {
	if height <= 0 {
		return nil
	}
	columns := t.layout(width)
	lines := make([]string, 0, height)
	head := newLine(width, th)
	head.gap(2)
	for k, at := range columns {
		if k > 0 {
			head.gap(gutter)
		}
		c := &t.columns[at.index]
		title := c.title
		if c.heading != nil {
			title = c.heading()
		}
		if at.index == t.sort {
			mark := th.up
			if t.reverse {
				mark = th.down
			}
			title += mark
		}
		head.put(cell{title, th.head}, at.width, c.right)
	}
	lines = append(lines, head.string())
	rows := height - 1
	t.height = rows
	t.scroll(rows)
	for i := t.top; i < len(t.order) && len(lines) < height; i++ {
		lines = append(lines, t.row(th, columns, width, i))
	}
	if len(t.order) == 0 && rows > 0 {
		l := newLine(width, th)
		text := "  nothing here"
		if t.filter != "" {
			text = "  nothing matches the filter"
		}
		l.text(th.dim, text)
		lines = append(lines, l.string())
	}
	for len(lines) < height {
		lines = append(lines, spaces(width))
	}
	return lines
}

// scroll brings the cursor onto the screen.
func (t *list) scroll(rows int) {
	if t.cursor < t.top {
		t.top = t.cursor
	}
	if rows > 0 && t.cursor >= t.top+rows {
		t.top = t.cursor - rows + 1
	}
	t.top = max(0, t.top)
}

func (t *table[T]) row(th *theme, columns []placed, width, i int) string {
	item := &t.items[t.order[i]]
	chosen := i == t.cursor
	l := newLine(width, th)
	if chosen {
		l.put(cell{th.cursor, th.accent}, 1, false)
		l.gap(1)
	} else {
		l.gap(2)
	}
	for k, at := range columns {
		if k > 0 {
			l.put(cell{style: chosenStyle(th, chosen, style{})}, gutter, false)
		}
		c := &t.columns[at.index]
		content := c.cell(item)
		content.style = chosenStyle(th, chosen, content.style)
		l.put(content, at.width, c.right)
	}
	return l.string()
}

func chosenStyle(th *theme, chosen bool, s style) style {
	if chosen {
		return th.selected
	}
	return s
}
