package main

import (
	"strings"
	"testing"
	"time"

	"github.com/valelab/valelab/netmap/vale"
	"github.com/valelab/valelab/runtime/sample"
)

// sampleAt is a sample of a lab with one ring.
func sampleAt(seconds int64, packets, drops uint64) *sample.Sample {
	stalls := drops / 10
	return &sample.Sample{Lab: "l", Time: time.Unix(seconds, 0), Rings: []sample.Ring{{
		Node: "a", Interface: "eth1", Switch: "s", Port: "a:eth1", Mode: vale.ModeNetmap, Dir: "rx",
		Counts:    &sample.Counts{Packets: packets, Bytes: 60 * packets, Drops: &vale.Drops{Full: drops}},
		Program:   &sample.Program{Stalls: &stalls},
		Positions: &sample.Positions{Slots: 64, Head: 5, Cur: 5, Tail: 4},
	}}}
}

func TestStatsTable(t *testing.T) {
	var out strings.Builder
	s := sampleAt(12, 3000, 30)
	s.SetRates(sampleAt(10, 1000, 10))
	if err := statsTable(s, true).write(&out); err != nil {
		t.Fatal(err)
	}
	want := "" +
		"SWITCH  PORT    RING  MODE    PACKETS  BYTES   PKT/S  BIT/S  DROPS    STALLS  HEAD  CUR  TAIL\n" +
		"s       a:eth1  rx0   netmap  3000     180000  1.0k   480k   full 30  3       5     5    4\n"
	if got := out.String(); got != want {
		t.Errorf("table:\n%swant:\n%s", got, want)
	}
}
