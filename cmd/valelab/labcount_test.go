package main

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/valelab/valelab/runtime/sample"
)

// What the tests of labs know of a ring comes from the switch's counters. The netmap module keeps none: on it, it comes
// from what the pktgen of the ring's node says.

// counts says whether the lab's switches count frames.
func (l *liveLab) counts() bool {
	l.t.Helper()
	for _, ring := range l.rings() {
		if bySwitch(ring) {
			return true
		}
	}
	return false
}

// bySwitch says whether a ring's counters are a switch's. Those of a device on the module, which knows of no drops, are
// the kernel's, and without what programs send.
func bySwitch(ring sample.Ring) bool { return ring.Counts != nil && ring.Drops != nil }

// progressReport is a line that pktgen prints while it runs, trafficReport of what it prints at its end.
var (
	progressReport = regexp.MustCompile(`(?m)^[rt]x +[0-9.]+ s +([0-9.]+) ([kMGT]?)pps .* (\d+) packets +\d+ lost$`)
	trafficReport  = regexp.MustCompile(`(?m)(sent|received) (\d+) packets, (\d+) bytes in ([0-9.]+) s`)
)

// carried is how many packets the ring has carried, and whether the program says that it stands still.
func (l *liveLab) carried(ring string) (packets uint64, still bool) {
	l.t.Helper()
	if r := l.rings()[ring]; bySwitch(r) {
		return r.Packets, false
	}
	node, _, _ := strings.Cut(ring, ":")
	log := l.valelab("logs", node, "--lab", l.name)
	if m := trafficReport.FindStringSubmatch(log); m != nil {
		packets, _ = strconv.ParseUint(m[2], 10, 64)
		return packets, true
	}
	lines := progressReport.FindAllStringSubmatch(log, -1)
	if len(lines) == 0 {
		return 0, false
	}
	last := lines[len(lines)-1]
	packets, _ = strconv.ParseUint(last[3], 10, 64)
	return packets, last[1] == "0"
}

// total is what a node's pktgen says at its end: packets and bytes.
func (l *liveLab) total(node string) (packets, bytes uint64) {
	l.t.Helper()
	log := l.valelab("logs", node, "--lab", l.name)
	m := trafficReport.FindStringSubmatch(log)
	if m == nil {
		l.t.Fatalf("%s has no report:\n%s", node, log)
	}
	packets, _ = strconv.ParseUint(m[2], 10, 64)
	bytes, _ = strconv.ParseUint(m[3], 10, 64)
	return packets, bytes
}

// What pktgen prints is what the tests of labs look for.
func TestReports(t *testing.T) {
	log := "rx    1.0 s  1.50 Mpps  720.00 Mbit/s  1500000 packets  3 lost\nrx    2.0 s  0 pps  0 bit/s  1500007 packets  3 lost\n"
	got := progressReport.FindAllStringSubmatch(log, -1)
	if len(got) != 2 || got[0][1] != "1.50" || got[1][1] != "0" || got[1][3] != "1500007" {
		t.Errorf("%q", got)
	}
	if m := trafficReport.FindStringSubmatch("received 12 packets, 720 bytes in 0.001 s: 12.00 kpps, 1 bit/s\n"); m == nil || m[2] != "12" || m[3] != "720" || m[4] != "0.001" {
		t.Errorf("%q", m)
	}
}
