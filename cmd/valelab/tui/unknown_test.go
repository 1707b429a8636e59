package tui

import (
	"strings"
	"testing"
	"time"

	"github.com/valelab/valelab/runtime/sample"
)

// module is a lab on netmap's module: a program's rings, of which only positions are known, and a device, of which the
// kernel knows no drops.
func module(seconds int64, device uint64) *sample.Sample {
	ring := func(node, mode, dir string) sample.Ring {
		return sample.Ring{Node: node, Interface: "eth1", Switch: "lan", Port: node + ":eth1", Mode: mode, Dir: dir, Exact: true}
	}
	s := &sample.Sample{Lab: "mix", Time: time.Unix(seconds, 0), Nodes: []sample.Node{{Name: "gen", State: "running"}, {Name: "web", State: "running"}}, Rings: []sample.Ring{
		ring("gen", "netmap", "tx"), ring("gen", "netmap", "rx"), ring("web", "socket", "tx"), ring("web", "socket", "rx"),
	}}
	s.Rings[0].Positions = &sample.Positions{Slots: 64, Head: 20, Cur: 10, Tail: 9}
	for i := range 2 {
		s.Rings[2+i].Counts = &sample.Counts{Packets: device, Bytes: 60 * device}
	}
	return s
}

// What is not known is a dash or is said in words, and nowhere a 0.
func TestUnknown(t *testing.T) {
	m, _ := fresh(Config{})
	m.resize(160, 40)
	m.Update(SampleMsg{Gen: m.gen, Sample: module(1, 1000)})
	m.Update(SampleMsg{Gen: m.gen, Sample: module(2, 1500)})
	for _, c := range []struct {
		keys []string
		want []string
	}{
		{[]string{"1"}, []string{"without 2 rings that nobody counts", "not known: netmap's module does not count them"}},
		{[]string{"2"}, []string{"lan 2 1 - - - - - -"}},
		{[]string{"3"}, []string{"gen:eth1 tx0 lan netmap - - - ", "web:eth1 tx0 lan socket 500 240k -"}},
		{[]string{"3", "/", "gen tx0", "enter", "enter"}, []string{"packets are not known", "10 wait"}},
		{[]string{"4"}, []string{"eth1 netmap lan", "eth1 socket lan 500 500 480k"}},
	} {
		m.pressAll(c.keys...)
		screen := m.View()
		plain := strings.Join(strings.Fields(screen), " ")
		for _, want := range c.want {
			if !strings.Contains(plain, want) {
				t.Errorf("%q: %q is not in\n%s", c.keys, want, screen)
			}
		}
		m.pressAll("esc")
	}
	counted, moved := module(3, 1500), uint64(70)
	counted.Rings[0].Moved = &moved
	m.Update(SampleMsg{Gen: m.gen, Sample: counted})
	m.pressAll("3", "enter") // the filter is still there
	if screen := m.View(); !strings.Contains(screen, "70 slots moved") {
		t.Errorf("what eBPF has counted is not in\n%s", screen)
	}
}
