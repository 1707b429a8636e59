package diagram

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
)

// Picture returns the graph as text for a terminal: a rail downwards for each
// switch, below its name, and a line from it to each interface that is a port of
// it. What joins two interfaces is a wire, what programs may open is dotted.
// Behind an interface stand its other end and its addresses.
//
//	left
//	│  right
//	●──●     left -- right
//	│  │     fw  my/firewall
//	●──┼────── eth1  left   10.0.0.1/24
//	│  ●────── eth2  right
//	│  │     gen
//	●──┼────── eth1  left
//	   │  ┌─── eth2  sink:eth2
//	   │  │  sink
//	   │  └─── eth2  gen:eth2
//	   │     host  this machine
//	   ●────── eth3  right  (keep)
func (g *Graph) Picture() string {
	p := &picture{
		rails: make(map[string]int),
		uses:  make(map[string]int),
		wires: make(map[string]int),
		ends:  make(map[string][]Link),
	}
	for _, l := range g.Links {
		p.uses[l.A.Switch]++
		p.uses[l.B.Switch]++
		p.ends[l.A.Node] = append(p.ends[l.A.Node], l)
		if l.Kind == Wire {
			l.A, l.B = l.B, l.A
			p.ends[l.A.Node] = append(p.ends[l.A.Node], l)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "lab %s\n\n", printable(g.Lab))
	for i, s := range g.Switches {
		b.WriteString(row{live: p.live}.lines(i) + printable(s.Name) + "\n")
		p.rails[s.Name] = i
		p.live = append(p.live, p.uses[s.Name] > 0)
	}
	p.draw(g)
	b.WriteString(p.text())
	return b.String()
}

// ASCII returns a picture with ASCII signs in the place of its lines.
func ASCII(picture string) string {
	return strings.NewReplacer("●", "o", "│", "|", "─", "-", "┄", ".", "┼", "+", "┌", ",", "└", "`").Replace(picture)
}

// A picture is drawn row by row from the top.
type picture struct {
	rows  []row
	live  []bool            // columns that have a rail now: those of switches, then those of wires
	rails map[string]int    // columns of switches
	uses  map[string]int    // links of switches that are still to come
	wires map[string]int    // columns of wires whose first end is drawn, by the second
	ends  map[string][]Link // of nodes; the node's end is A
}

// draw makes all rows below the names of the switches.
func (p *picture) draw(g *Graph) {
	for _, l := range g.Links {
		if l.Kind == Trunk {
			a, b := p.use(l.A.Switch), p.use(l.B.Switch)
			p.row(row{mark: '●', line: '─', from: min(a, b), to: max(a, b)}, l.A.String()+" -- "+l.B.String())
		}
	}
	for _, n := range g.Nodes {
		p.row(row{}, strings.TrimRight(printable(n.Name)+"  "+printable(n.Image), " "))
		ends := p.ends[n.Name]
		slices.SortFunc(ends, func(a, b Link) int {
			return cmp.Or(cmp.Compare(a.As, b.As), cmp.Compare(a.A.Interface, b.A.Interface))
		})
		for _, l := range ends {
			p.end(l)
		}
	}
	uplinks := slices.DeleteFunc(slices.Clone(g.Links), func(l Link) bool { return l.Kind != Uplink })
	if len(uplinks) > 0 {
		p.row(row{}, "host  this machine")
	}
	for _, l := range uplinks {
		p.port(l, '─', l.A.Host, "("+l.Host+")")
	}
}

// end draws the end of a link at a node.
func (p *picture) end(l Link) {
	switch l.Kind {
	case Port:
		p.port(l, '─', l.A.Interface, l.A.addresses()...)
	case Access:
		p.port(l, '┄', printable(l.As)+":...")
	case Wire:
		column, second := p.wires[l.A.String()]
		mark := '└'
		if !second {
			column, mark = p.free(len(p.rails)), '┌'
			p.wires[l.B.String()] = column
		}
		p.live[column] = !second
		p.row(row{mark: mark, line: '─', from: column, to: toText}, l.A.Interface, l.B.String(), strings.Join(l.A.addresses(), " "))
	}
}

// port draws a link from its switch at B to the text.
func (p *picture) port(l Link, line rune, name string, more ...string) {
	p.row(row{mark: '●', line: line, from: p.use(l.B.Switch), to: toText}, name, l.B.Switch, strings.Join(more, " "))
}

// use returns the column of a switch for a link of it, the last of which ends the
// rail.
func (p *picture) use(name string) int {
	column := p.rails[name]
	p.uses[name]--
	p.live[column] = p.uses[name] > 0
	return column
}

// free returns a column from the first on that has no rail.
func (p *picture) free(first int) int {
	for column := first; column < len(p.live); column++ {
		if !p.live[column] {
			return column
		}
	}
	p.live = append(p.live, false)
	return len(p.live) - 1
}

func (p *picture) row(r row, text ...string) {
	r.live, r.words = slices.Clone(p.live), text
	p.rows = append(p.rows, r)
}

// text returns the rows, with the words of those that follow each other below each
// other.
func (p *picture) text() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, r := range p.rows {
		words := make([]string, len(r.words))
		for i, word := range r.words {
			words[i] = printable(word)
		}
		fmt.Fprintln(w, r.lines(len(p.live))+strings.Join(words, "\t"))
	}
	w.Flush()
	lines := strings.SplitAfter(b.String(), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " \n")
	}
	return strings.Join(lines, "\n")
}

// toText is a column behind all others.
const toText = 1 << 30

// A row has a line from a column to another one, or to its words. Without a mark
// it has none.
type row struct {
	live     []bool // columns that have a rail here
	from, to int    // columns
	mark     rune   // where the line begins
	line     rune
	words    []string
}

// lines returns what stands in front of the words: so many columns, each followed
// by what is between it and the next.
func (r row) lines(columns int) string {
	var b strings.Builder
	for i := range columns {
		live := i < len(r.live) && r.live[i]
		on := r.mark != 0 && i >= r.from && i <= r.to
		switch {
		case on && i == r.from:
			b.WriteRune(r.mark)
		case on && i == r.to:
			b.WriteRune('●')
		case on && live:
			b.WriteRune('┼')
		case on:
			b.WriteRune(r.line)
		case live:
			b.WriteRune('│')
		default:
			b.WriteRune(' ')
		}
		between := "  "
		if on && i < r.to {
			between = strings.Repeat(string(r.line), 2)
		}
		b.WriteString(between)
	}
	if r.mark != 0 && r.to == toText {
		b.WriteRune(r.line)
		b.WriteRune(' ')
	}
	return b.String()
}
