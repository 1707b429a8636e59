package diagram

import (
	"fmt"
	"strings"
)

// Mermaid returns the graph as a flowchart of Mermaid's: boxes are nodes, rounded
// ones switches, slanted ones interfaces of the machine.
func (g *Graph) Mermaid() string {
	var b strings.Builder
	fmt.Fprintf(&b, "---\ntitle: \"%s\"\n---\nflowchart LR\n", mermaidText(g.Lab))
	for _, n := range g.Nodes {
		fmt.Fprintf(&b, "  %s[\"%s\"]\n", mermaidID(End{Node: n.Name}), mermaidLines(n.Name, n.Image))
	}
	for _, s := range g.Switches {
		fmt.Fprintf(&b, "  %s([\"%s\"])\n", mermaidID(End{Switch: s.Name}), mermaidLines(s.Name))
	}
	for _, l := range g.Links {
		a, to := mermaidID(l.A), mermaidID(l.B)
		switch l.Kind {
		case Trunk:
			fmt.Fprintf(&b, "  %s === %s\n", a, to)
		case Port:
			fmt.Fprintf(&b, "  %s ---|\"%s\"| %s\n", a, mermaidEnd(l.A.Interface, l.A), to)
		case Wire:
			fmt.Fprintf(&b, "  %s ---|\"%s<br>%s\"| %s\n", a, mermaidEnd(l.A.String(), l.A), mermaidEnd(l.B.String(), l.B), to)
		case Access:
			fmt.Fprintf(&b, "  %s -.-|\"%s:...\"| %s\n", a, mermaidText(l.As), to)
		case Uplink:
			fmt.Fprintf(&b, "  %s[/\"%s\"/] --- %s\n", a, mermaidLines(l.A.String(), "("+l.Host+")"), to)
		}
	}
	return b.String()
}

// mermaidID returns what a chart calls the node, switch or interface of the
// machine of an end. No two have the same, and none is a word of Mermaid's.
func mermaidID(e End) string {
	kind, name := "node", e.Node
	switch {
	case e.Switch != "":
		kind, name = "switch", e.Switch
	case e.Host != "":
		kind, name = "host", e.Host
	}
	return kind + "_" + encode(printable(name), "_%x_", isWord)
}

// mermaidLines returns texts as the lines of one label, without those that are empty.
func mermaidLines(texts ...string) string {
	var lines []string
	for _, text := range texts {
		if text != "" {
			lines = append(lines, mermaidText(text))
		}
	}
	return strings.Join(lines, "<br>")
}

// mermaidEnd is the end of a link in its label: its name and its addresses.
func mermaidEnd(name string, e End) string {
	text := mermaidText(name)
	for _, address := range e.addresses() {
		text += " " + mermaidText(address)
	}
	return text
}

// mermaidText returns text for a quoted label, which Mermaid reads as HTML, with
// codes such as #34; in it. A text that needs one has codes for all but letters
// and digits: there are rules that look for some others before one.
func mermaidText(text string) string {
	text = printable(text)
	special := func(c rune) bool { return !isWord(c) && !strings.ContainsRune("_.,:/@+=()-", c) }
	if !strings.ContainsFunc(text, special) {
		return text
	}
	return encode(text, "#%d;", isWord)
}
