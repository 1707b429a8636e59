package sample

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// MetricsType is the content type of what WriteMetrics writes.
const MetricsType = "text/plain; version=0.0.4; charset=utf-8"

// A metric is one family of the text that Prometheus reads.
type metric struct {
	name, kind, help string
	write            func(p *printer, s *Sample)
}

// metrics are all families. A ring or node for which a number is not known has no line.
var metrics = []metric{
	{"valelab_ring_packets_total", "counter", "Frames that the switch took in (tx) or delivered (rx).",
		ofCounts(func(c *Counts) uint64 { return c.Packets })},
	{"valelab_ring_bytes_total", "counter", "Bytes of these frames, without preamble and frame check sequence.",
		ofCounts(func(c *Counts) uint64 { return c.Bytes })},
	{"valelab_ring_drops_total", "counter", "Frames that went no further, by reason.", drops},
	{"valelab_ring_syncs_total", "counter", "Syncs of the program that has the ring open.",
		ofProgram(func(p *Program) *uint64 { return &p.Syncs })},
	{"valelab_ring_wakeups_total", "counter", "Times that the switch woke the program.",
		ofProgram(func(p *Program) *uint64 { return p.Wakeups })},
	{"valelab_ring_stalls_total", "counter", "Times that the ring was found full, each step of its program counted once.",
		ofProgram(func(p *Program) *uint64 { return p.Stalls })},
	{"valelab_ring_slots", "gauge", "Slots of the open ring.",
		ofPositions(func(r *Ring) uint32 { return r.Slots })},
	{"valelab_ring_pending_slots", "gauge", "Slots that wait for the switch (tx) or the program (rx).",
		ofPositions((*Ring).Pending)},
	{"valelab_ring_moved_slots_total", "counter", "Slots that the switch has taken (tx) or the program given back (rx), on netmap's module, counted by eBPF.",
		func(p *printer, s *Sample) {
			for i := range s.Rings {
				if r := &s.Rings[i]; r.Moved != nil {
					p.ring(s, r, "", strconv.FormatUint(*r.Moved, 10))
				}
			}
		}},
	{"valelab_ring_info", "gauge", "1. The labels say who has the ring (mode), and whether its counters are counted (exact) or sampled.", info},
	{"valelab_node_running", "gauge", "1: the node's command runs. The label state says what it does else.", running},
	{"valelab_node_restarts_total", "counter", "Times that the node's command was restarted.",
		func(p *printer, s *Sample) {
			for i := range s.Nodes {
				p.node(s, &s.Nodes[i], strconv.Itoa(s.Nodes[i].Restarts))
			}
		}},
	{"valelab_node_cpu_seconds_total", "counter", "Processor time of the node's init and what descends from it; not of what exec brought in.",
		func(p *printer, s *Sample) {
			for i := range s.Nodes {
				if n := &s.Nodes[i]; n.CPU != nil {
					p.node(s, n, strconv.FormatFloat(*n.CPU, 'g', -1, 64))
				}
			}
		}},
	{"valelab_node_memory_bytes", "gauge", "Resident memory of the same processes.",
		func(p *printer, s *Sample) {
			for i := range s.Nodes {
				if n := &s.Nodes[i]; n.Memory != nil {
					p.node(s, n, strconv.FormatUint(*n.Memory, 10))
				}
			}
		}},
}

// WriteMetrics writes the sample in the text format of Prometheus.
func WriteMetrics(w io.Writer, s *Sample) error {
	p := &printer{w: bufio.NewWriter(w)}
	for _, m := range metrics {
		p.name = m.name
		fmt.Fprintf(p.w, "# HELP %s %s\n# TYPE %s %s\n", m.name, m.help, m.name, m.kind)
		m.write(p, s)
	}
	return p.w.Flush()
}

// MetricNames are the names of all families.
func MetricNames() []string {
	names := make([]string, len(metrics))
	for i, m := range metrics {
		names[i] = m.name
	}
	return names
}

// printer writes the lines of one family after the other.
type printer struct {
	w    *bufio.Writer
	name string
}

// ring writes one line about a ring; more are further labels, as name="value" pairs with a comma in front.
func (p *printer) ring(s *Sample, r *Ring, more, value string) {
	fmt.Fprintf(p.w, `%s{lab="%s",switch="%s",port="%s",node="%s",interface="%s",ring="%d",host="%t",dir="%s"%s} %s`+"\n",
		p.name, label(s.Lab), label(r.Switch), label(r.Port), label(r.Node), label(r.Interface),
		r.Ring, r.Host, r.Dir, more, value)
}

func (p *printer) node(s *Sample, n *Node, value string) {
	fmt.Fprintf(p.w, `%s{lab="%s",node="%s"} %s`+"\n", p.name, label(s.Lab), label(n.Name), value)
}

var labelEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// label escapes the value of a label.
func label(s string) string { return labelEscapes.Replace(s) }

func ofCounts(get func(*Counts) uint64) func(*printer, *Sample) {
	return func(p *printer, s *Sample) {
		for i := range s.Rings {
			if r := &s.Rings[i]; r.Counts != nil {
				p.ring(s, r, "", strconv.FormatUint(get(r.Counts), 10))
			}
		}
	}
}

func ofProgram(get func(*Program) *uint64) func(*printer, *Sample) {
	return func(p *printer, s *Sample) {
		for i := range s.Rings {
			r := &s.Rings[i]
			if r.Program == nil {
				continue
			}
			if value := get(r.Program); value != nil {
				p.ring(s, r, "", strconv.FormatUint(*value, 10))
			}
		}
	}
}

func ofPositions(get func(*Ring) uint32) func(*printer, *Sample) {
	return func(p *printer, s *Sample) {
		for i := range s.Rings {
			if r := &s.Rings[i]; r.Positions != nil {
				p.ring(s, r, "", strconv.FormatUint(uint64(get(r)), 10))
			}
		}
	}
}

// drops has a line for every reason that the ring can have, so that the first drop is a change.
func drops(p *printer, s *Sample) {
	for i := range s.Rings {
		r := &s.Rings[i]
		if r.Counts == nil {
			continue
		}
		for _, reason := range Reasons(r.Drops) {
			if reason.Count > 0 || reason.TX && r.Dir == "tx" || reason.RX && r.Dir == "rx" {
				p.ring(s, r, `,reason="`+reason.Name+`"`, strconv.FormatUint(reason.Count, 10))
			}
		}
	}
}

func info(p *printer, s *Sample) {
	for i := range s.Rings {
		r := &s.Rings[i]
		p.ring(s, r, fmt.Sprintf(`,mode="%s",exact="%t"`, label(r.Mode), r.Exact), "1")
	}
}

func running(p *printer, s *Sample) {
	for i := range s.Nodes {
		n, value := &s.Nodes[i], "0"
		if n.State == "running" {
			value = "1"
		}
		fmt.Fprintf(p.w, `%s{lab="%s",node="%s",state="%s"} %s`+"\n", p.name, label(s.Lab), label(n.Name), label(n.State), value)
	}
}
