package tui

import (
	"fmt"
	"strings"

	"github.com/valelab/valelab/runtime/sample"
)

// drawOverview is the lab in a few lines and its busiest rings.
func (m *Model) drawOverview(width, height int) []string {
	th := m.theme
	var lines []string
	add := func(title string, cells ...cell) {
		l := newLine(width, th)
		l.put(cell{"  " + title, th.dim}, 12, false)
		for _, c := range cells {
			l.text(c.style, c.text)
		}
		lines = append(lines, l.string())
	}
	s := m.drawn
	if s == nil {
		add("", cell{"waiting for the first sample", th.dim})
		return full(lines, width, height)
	}
	t := totals(s)
	add("lab", m.labCells()...)
	add("nodes", m.nodeCells(s)...)
	add("ports", plain(fmt.Sprintf("%d netmap, %d socket", t.netmap, t.socket)), plain(others(t.other)),
		plain(fmt.Sprintf(", %d rings on %d switches and wires", len(s.Rings), switchesIn(s))))
	add("in", plain(fmt.Sprintf("%s pkt/s  %s %s  ", m.units.packets(t.in), m.units.bandwidth(t.inBytes), m.units.rateTitle())),
		cell{th.spark(m.past, max(0, min(60, width-48))), th.accent})
	add("out", plain(fmt.Sprintf("%s pkt/s  %s %s", m.units.packets(t.out), m.units.bandwidth(t.outBytes), m.units.rateTitle())),
		cell{without(t.uncounted), th.dim})
	drops := cell{fmt.Sprintf("%s/s", m.units.packets(t.drops)), th.good}
	if t.drops > 0 {
		drops.style = th.bad
	}
	if t.undropped == len(s.Rings) {
		add("drops", cell{"not known: netmap's module does not count them", th.dim})
	} else {
		add("drops", drops, plain(fmt.Sprintf("  %s in all", m.units.count(t.dropped))), cell{reasonsOf(s, m.units) + without(t.undropped), th.dim})
	}
	text, good := m.differs()
	as := cell{text, th.good}
	if !good {
		as.style = th.warn
	}
	add("file", as)
	if height < len(lines)+4 { // the rings are worth more than what is above them
		keep := max(1, height-4)
		lines = lines[:min(len(lines), keep)]
	} else {
		lines = append(lines, spaces(width))
	}
	return full(append(lines, m.busy.draw(th, width, height-len(lines))...), width, height)
}

// without says that a sum lacks rings whose numbers are not known.
func without(rings int) string {
	if rings == 0 {
		return ""
	}
	return fmt.Sprintf("  without %d rings that nobody counts", rings)
}

func others(n int) string {
	switch n {
	case 0:
		return ""
	case 1:
		return ", 1 uplink"
	}
	return fmt.Sprintf(", %d uplinks", n)
}

// labCells say how the lab itself is.
func (m *Model) labCells() []cell {
	th := m.theme
	out := []cell{{m.cfg.Lab, th.title}}
	l := m.lab.Lab
	if l == nil {
		return out
	}
	state := cell{"  " + th.on + " " + string(l.State), th.good}
	if l.State != "running" {
		state = cell{"  " + th.off + " " + string(l.State), th.bad}
	}
	out = append(out, state)
	if a := l.Agent; a != nil {
		out = append(out, plain(fmt.Sprintf("  agent %d", a.PID)))
		if a.Restarts > 0 {
			out = append(out, cell{fmt.Sprintf(", %d before it", a.Restarts), th.warn})
		}
		if m.live != nil {
			out = append(out, cell{", up " + span(m.live.Time.Sub(a.Started)), th.dim})
		}
		if l.Keeper == 0 {
			out = append(out, cell{", no keeper", th.bad})
		}
	}
	return out
}

func (m *Model) nodeCells(s *sample.Sample) []cell {
	states := map[string]int{}
	for i := range s.Nodes {
		states[s.Nodes[i].State]++
	}
	out := []cell{{fmt.Sprintf("%d", len(s.Nodes)), style{}}}
	for _, state := range []string{"running", "waiting", "backoff", "exited", "gone"} {
		if n := states[state]; n > 0 {
			c := m.stateCell(state)
			out = append(out, plain("  "), cell{fmt.Sprintf("%s %d %s", strings.SplitN(c.text, " ", 2)[0], n, state), c.style})
		}
	}
	return out
}

func switchesIn(s *sample.Sample) int {
	n, last := 0, ""
	for i := range s.Rings {
		if s.Rings[i].Switch != last {
			last = s.Rings[i].Switch
			n++
		}
	}
	return n
}

// reasonsOf sums the drops of a lab up by reason.
func reasonsOf(s *sample.Sample, u units) string {
	var sums [8]uint64
	var names [8]string
	for i := range s.Rings {
		if s.Rings[i].Dropped() == 0 {
			continue
		}
		for k, reason := range sample.Reasons(s.Rings[i].Drops) {
			names[k] = reason.Name
			sums[k] += reason.Count
		}
	}
	text := ""
	for k, n := range sums {
		if n > 0 {
			text += fmt.Sprintf("  %s %s", names[k], u.count(n))
		}
	}
	return text
}
