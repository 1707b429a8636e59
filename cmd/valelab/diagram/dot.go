package diagram

import (
	"fmt"
	"strings"
)

// Dot returns the graph in the language of Graphviz: boxes are nodes, ellipses
// switches, dashed boxes interfaces of the machine.
func (g *Graph) Dot() string {
	var b strings.Builder
	fmt.Fprintf(&b, "graph %s {\n", dotQuote(g.Lab))
	b.WriteString("  graph [rankdir=LR, ranksep=1.5, nodesep=0.8];\n  node [shape=box];\n  edge [fontsize=10, labeldistance=2.5];\n")
	for _, n := range g.Nodes {
		fmt.Fprintf(&b, "  %s [label=%s];\n", dotID(End{Node: n.Name}), dotQuote(n.Name, n.Image))
	}
	for _, s := range g.Switches {
		fmt.Fprintf(&b, "  %s [label=%s, shape=ellipse];\n", dotID(End{Switch: s.Name}), dotQuote(s.Name))
	}
	for _, l := range g.Links {
		edge := dotID(l.A) + " -- " + dotID(l.B)
		switch l.Kind {
		case Trunk:
			fmt.Fprintf(&b, "  %s [penwidth=2];\n", edge)
		case Port:
			fmt.Fprintf(&b, "  %s [taillabel=%s];\n", edge, dotEnd(l.A))
		case Wire:
			fmt.Fprintf(&b, "  %s [taillabel=%s, headlabel=%s];\n", edge, dotEnd(l.A), dotEnd(l.B))
		case Access:
			fmt.Fprintf(&b, "  %s [style=dotted, label=%s];\n", edge, dotQuote(l.As+":..."))
		case Uplink:
			fmt.Fprintf(&b, "  %s [label=%s, style=dashed];\n", dotID(l.A), dotQuote(l.A.String(), "("+l.Host+")"))
			fmt.Fprintf(&b, "  %s;\n", edge)
		}
	}
	b.WriteString("}\n")
	return b.String()
}

// dotID returns what a drawing calls the node, switch or interface of the machine
// of an end.
func dotID(e End) string {
	switch {
	case e.Switch != "":
		return dotQuote("switch/" + e.Switch)
	case e.Host != "":
		return dotQuote("host/" + e.Host)
	}
	return dotQuote("node/" + e.Node)
}

// dotEnd is the label of the end of a link: its interface and its addresses.
func dotEnd(e End) string { return dotQuote(append([]string{e.Interface}, e.addresses()...)...) }

// dotEscapes are what has a meaning in a label of Graphviz's, which also knows
// HTML's entities.
var dotEscapes = strings.NewReplacer(`"`, `\"`, `\`, `\\`, "&", "&amp;")

// dotQuote returns texts as the lines of one label, without those that are empty.
func dotQuote(texts ...string) string {
	var lines []string
	for _, text := range texts {
		if text != "" {
			lines = append(lines, dotEscapes.Replace(printable(text)))
		}
	}
	return `"` + strings.Join(lines, `\n`) + `"`
}
