package tui

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/muesli/termenv"

	"github.com/valelab/valelab/netmap/vale"
	"github.com/valelab/valelab/runtime/sample"
)

// BenchmarkFrame is one frame of 1,000 rings: reading the sample, its rates, and drawing it in colours.
func BenchmarkFrame(b *testing.B) {
	for screen, keys := range map[string][]string{
		"overview": nil, "switches": {"2"}, "rings": {"3", "s", "s", "s", "s", "down"}, "topology": {"4"},
		"filter": {"3", "/", "p1 tx", "enter"}, "zero": {"3", "z"},
	} {
		for _, busy := range []int{0, 10, 1000} {
			b.Run(fmt.Sprintf("%s/busy=%d", screen, busy), func(b *testing.B) { benchFrame(b, busy, keys) })
		}
	}
}

func benchFrame(b *testing.B, busy int, keys []string) {
	m, _ := fresh(Config{Renderer: plainRenderer(termenv.ANSI)})
	m.resize(120, 40)
	counters := make([]vale.RingStats, 1000)
	for i := range counters {
		counters[i] = vale.RingStats{
			Switch: fmt.Sprintf("s%d", i/100), Port: fmt.Sprintf("p%d:eth%d", i/20, i/2), Mode: vale.ModeSocket, Dir: "tx", Exact: true,
		}
		if i%2 == 1 {
			counters[i].Dir = "rx"
		}
	}
	var wire bytes.Buffer
	encoder, decoder := sample.NewEncoder(&wire), sample.NewDecoder(&wire)
	var memory [2]sample.Memory
	now := time.Unix(1, 0)
	frame := func(n int) {
		for i := range busy {
			counters[i].Packets += uint64(1000 + i*7919%1000)
			counters[i].Bytes += uint64(60 * (1000 + i*7919%1000))
		}
		now = now.Add(100 * time.Millisecond)
		if err := encoder.Encode(&sample.Sample{Lab: "mix", Time: now, Rings: memory[n%2].FromVale(counters)}); err != nil {
			b.Fatal(err)
		}
		s, err := decoder.Next()
		if err != nil {
			b.Fatal(err)
		}
		m.Update(SampleMsg{Gen: m.gen, Sample: s})
		m.View()
	}
	frame(0)
	m.pressAll(keys...)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		frame(n)
	}
}
