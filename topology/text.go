package topology

import (
	"fmt"
	"strconv"
	"strings"
)

// Text returns the plan for people: a line that counts, then one line for each step.
func (p *Plan) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "lab %s: %s; netmap %s\n", p.Lab, p.counts(), p.Netmap)
	width := 0
	for i := range p.Steps {
		width = max(width, min(len(p.Steps[i].ID), 40))
	}
	for i := range p.Steps {
		s := &p.Steps[i]
		line := fmt.Sprintf("  %-*s  %s", width, s.ID, s.details())
		b.WriteString(strings.TrimRight(line, " "))
		b.WriteByte('\n')
	}
	return b.String()
}

// counts says how many of each there are.
func (p *Plan) counts() string {
	n := make(map[Kind]int)
	wires := 0
	for i := range p.Steps {
		s := &p.Steps[i]
		if s.Switch != nil && s.Switch.Wire {
			wires++
			continue
		}
		n[s.Kind]++
	}
	var parts []string
	for _, part := range []struct {
		n                int
		singular, plural string
	}{
		{n[KindSwitch], "switch", "switches"},
		{wires, "wire", "wires"},
		{n[KindNode], "node", "nodes"},
		{n[KindEndpoint], "endpoint", "endpoints"},
		{n[KindTrunk], "trunk", "trunks"},
		{n[KindUplink], "uplink", "uplinks"},
		{len(p.Steps), "step", "steps"},
	} {
		switch part.n {
		case 0:
		case 1:
			parts = append(parts, "1 "+part.singular)
		default:
			parts = append(parts, strconv.Itoa(part.n)+" "+part.plural)
		}
	}
	return strings.Join(parts, ", ")
}

// details says on one line what a step makes.
func (s *Step) details() string {
	switch {
	case s.Switch != nil && s.Switch.Wire:
		return "wire"
	case s.Node != nil:
		return s.Node.details()
	case s.Endpoint != nil:
		e := s.Endpoint
		text := fmt.Sprintf("on %s  mac %s  mtu %d  rings %d  slots %d", e.Switch, e.MAC, e.MTU, e.Rings, e.Slots)
		for _, address := range e.IPv4 {
			text += "  ipv4 " + address
		}
		for _, address := range e.IPv6 {
			text += "  ipv6 " + address
		}
		return text
	case s.Access != nil:
		return "programs may open " + s.Access.As() + ":..."
	case s.Uplink != nil:
		return fmt.Sprintf("on %s  host %s", s.Uplink.Switch, s.Uplink.Host)
	case s.Start != nil:
		text := "needs " + strings.Join(s.Needs, " ")
		for _, d := range s.Start.After {
			text += "  " + d.Node + " " + string(d.Condition)
		}
		return text
	}
	return ""
}

func (n *Node) details() string {
	parts := []string{"process"}
	if n.Image != "" {
		parts = []string{"image " + n.Image}
	}
	if len(n.Cmd) > 0 {
		parts = append(parts, "cmd "+quoteWords(n.Cmd))
	}
	if n.CPU > 0 {
		parts = append(parts, "cpu "+strconv.FormatFloat(n.CPU, 'g', -1, 64))
	}
	if n.CPUSet != "" {
		parts = append(parts, "cpu-set "+n.CPUSet)
	}
	if n.Memory > 0 {
		parts = append(parts, fmt.Sprintf("memory %d", n.Memory))
	}
	if n.Restart.Name != RestartNo {
		policy := n.Restart.Name
		if n.Restart.Max > 0 {
			policy += ":" + strconv.Itoa(n.Restart.Max)
		}
		parts = append(parts, "restart "+policy)
	}
	return strings.Join(parts, "  ")
}

// quoteWords joins the words of a command; those that a shell would not take as
// they are stand in Go quotes.
func quoteWords(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = w
		if w == "" || onlyRunes(w, "_.-+=:,@%/^") != nil {
			quoted[i] = strconv.Quote(w)
		}
	}
	return strings.Join(quoted, " ")
}
