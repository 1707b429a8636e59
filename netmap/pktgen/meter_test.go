package pktgen

import (
	"testing"
	"time"
)

// The rates of reports are those of the time since the last one, and an idle
// program falls silent.
func TestMeter(t *testing.T) {
	var got []Progress
	m := newMeter(Reporting{Interval: time.Second, Progress: func(p Progress) { got = append(got, p) }})
	lost := func() uint64 { return 3 }
	at := func(now time.Duration, packets uint64) {
		m.tick(now, lost)
		m.packets += packets
		m.bytes += packets * 60
	}
	at(0, 1000)
	at(500*time.Millisecond, 1000)
	at(1000*time.Millisecond, 4000)
	at(3000*time.Millisecond, 0)
	at(4000*time.Millisecond, 0)
	at(5000*time.Millisecond, 0) // idle
	if w := m.wait(5 * time.Second); w != forever {
		t.Errorf("an idle meter wants to be woken after %v", w)
	}
	at(9000*time.Millisecond, 500) // traffic again, after a sleep
	if w := m.wait(9250 * time.Millisecond); w != 750*time.Millisecond {
		t.Errorf("the next report is due after %v", w)
	}
	at(10000*time.Millisecond, 0)
	want := []Progress{
		{Elapsed: 1, Packets: 2000, Bytes: 120000, PPS: 2000, BPS: 960000, Lost: 3},
		{Elapsed: 3, Packets: 6000, Bytes: 360000, PPS: 2000, BPS: 960000, Lost: 3},
		{Elapsed: 4, Packets: 6000, Bytes: 360000, Lost: 3},
		{Elapsed: 10, Packets: 6500, Bytes: 390000, PPS: 500, BPS: 240000, Lost: 3},
	}
	if len(got) != len(want) {
		t.Fatalf("%d reports, want %d: %+v", len(got), len(want), got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("report %d: %+v, want %+v", i, got[i], want[i])
		}
	}
}

func TestMeterWithoutReports(t *testing.T) {
	m := newMeter(Reporting{})
	m.packets = 5
	m.tick(time.Hour, nil)
	if w := m.wait(time.Hour); w != forever {
		t.Errorf("wait is %v", w)
	}
}
