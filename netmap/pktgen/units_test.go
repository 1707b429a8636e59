package pktgen

import (
	"testing"
	"time"
)

func TestParseRate(t *testing.T) {
	for s, want := range map[string]float64{
		"0": 0, "1": 1, "20000": 20000, "100k": 1e5, "1.5M": 1.5e6, "14.88Mpps": 14.88e6, "1G": 1e9, "7pps": 7, "3K": 3000,
	} {
		if got, err := parseRate(s); err != nil || got != want {
			t.Errorf("parseRate(%q) = %v, %v, want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"", "k", "pps", "-1", "+1", "1e3", "inf", "nan", "0x10", "1.2.3", "1 k", "1kk", "2G", "1_000"} {
		if got, err := parseRate(s); err == nil {
			t.Errorf("parseRate(%q) = %v, want an error", s, got)
		}
	}
}

// Any string is a rate in range or an error.
func FuzzParseRate(f *testing.F) {
	f.Add("1.5Mpps")
	f.Add("99999999999G")
	f.Fuzz(func(t *testing.T, s string) {
		if v, err := parseRate(s); err == nil && !(v >= 0 && v <= maxRate) {
			t.Errorf("parseRate(%q) = %v", s, v)
		}
	})
}

func TestSI(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0 ", 999: "999 ", 1000: "1.00 k", 14.88e6: "14.88 M", 9.65e9: "9.65 G", 2e12: "2.00 T",
	} {
		if got := si(v); got != want {
			t.Errorf("si(%v) = %q, want %q", v, got, want)
		}
	}
}

func TestStampDelay(t *testing.T) {
	now := time.Unix(1700000000, 123456700)
	for _, d := range []time.Duration{0, 100, 12300, 3 * time.Minute} {
		if got := stampDelay(stamp(now), stamp(now.Add(d))); got != d {
			t.Errorf("delay of %v is %v", d, got)
		}
	}
	if got := stampDelay(stamp(now), stamp(now.Add(-time.Second))); got != 0 {
		t.Errorf("delay of a clock that went back is %v", got)
	}
}
