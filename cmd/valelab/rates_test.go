package main

import (
	"strings"
	"testing"
	"time"

	"github.com/valelab/valelab/netmap/vale"
	"github.com/valelab/valelab/runtime/agent"
)

func TestMetric(t *testing.T) {
	for _, test := range []struct {
		x    float64
		want string
	}{
		{0, "0"}, {7.4, "7"}, {999.4, "999"}, {999.6, "1.0k"}, {1000, "1.0k"}, {31_245_000, "31.2M"},
		{123_400, "123k"}, {999_600, "1.0M"}, {1.5e13, "15.0T"},
	} {
		if got := metric(test.x); got != test.want {
			t.Errorf("metric(%v) = %q, want %q", test.x, got, test.want)
		}
	}
}

// sampleAt is a sample of a lab with one ring.
func sampleAt(seconds int64, packets, drops uint64) *agent.Stats {
	head, tail := uint32(5), uint32(4)
	ring := agent.Ring{Node: "a", Interface: "eth1"}
	ring.RingStats = vale.RingStats{
		Switch: "s", Port: "a:eth1", Mode: vale.ModeNetmap, Dir: "rx",
		Packets: packets, Bytes: 60 * packets, Drops: vale.Drops{Full: drops}, Head: &head, Cur: &head, Tail: &tail,
	}
	return &agent.Stats{Lab: "l", Time: time.Unix(seconds, 0), Rings: []agent.Ring{ring}}
}

func TestRates(t *testing.T) {
	got := withRates(sampleAt(12, 3000, 30), sampleAt(10, 1000, 10)).Rings[0].rates
	if want := (rates{Packets: 1000, Bytes: 60000, Drops: 10}); got == nil || *got != want {
		t.Errorf("rates = %+v, want %+v", got, want)
	}
	if got := withRates(sampleAt(12, 10, 0), sampleAt(10, 1000, 0)).Rings[0].rates; got != nil {
		t.Errorf("rates of a ring that began again = %+v, want none", got)
	}
	if got := withRates(sampleAt(12, 10, 0), nil).Rings[0].rates; got != nil {
		t.Errorf("rates without a sample before = %+v, want none", got)
	}
}

func TestStatsTable(t *testing.T) {
	var out strings.Builder
	if err := statsTable(withRates(sampleAt(12, 3000, 30), sampleAt(10, 1000, 10)), true).write(&out); err != nil {
		t.Fatal(err)
	}
	want := "" +
		"SWITCH  PORT    RING  MODE    PACKETS  BYTES   PKT/S  BIT/S  DROPS    HEAD  CUR  TAIL\n" +
		"s       a:eth1  rx0   netmap  3000     180000  1.0k   480k   full 30  5     5    4\n"
	if got := out.String(); got != want {
		t.Errorf("table:\n%swant:\n%s", got, want)
	}
}
