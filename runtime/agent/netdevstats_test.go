package agent

import "testing"

func TestParseNetdevs(t *testing.T) {
	const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:    1776      20    0    0    0     0          0         0     1776      20    0    0    0     0       0          0
v12345:18446744073709551615 7    1    2    3     4          5         6      980      14    0    9    0     0       0          0
`
	got := map[string]netdevStats{"gone": {}}
	if err := parseNetdevs([]byte(text), got); err != nil {
		t.Fatal(err)
	}
	want := netdevStats{rxPackets: 7, rxBytes: 1<<64 - 1, txPackets: 14, txBytes: 980}
	if len(got) != 2 || got["v12345"] != want || got["lo"].txPackets != 20 {
		t.Errorf("%+v", got)
	}
	for _, bad := range []string{"lo: 1 2 3\n", "lo: x 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"} {
		if err := parseNetdevs([]byte(bad), got); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// The namespace of a test has its lo, which counts both ways alike.
func TestReadNetdevs(t *testing.T) {
	devices := map[string]netdevStats{}
	if err := readNetdevs(devices); err != nil {
		t.Fatal(err)
	}
	lo, ok := devices["lo"]
	if !ok || lo.rxPackets != lo.txPackets {
		t.Errorf("%+v", devices)
	}
}
