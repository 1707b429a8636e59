package pace

import (
	"math"
	"testing"
	"time"
)

// run sends as the pacer says on a clock that moves only by waiting, cost per
// packet and oversleep per wait, and gives the packets of one second.
func run(t *testing.T, rate float64, burst int, cost, oversleep time.Duration) (sent, largest int) {
	t.Helper()
	now := 5 * time.Second
	end := now + time.Second
	p := New(rate, burst, now)
	for now < end {
		n := p.Ready(now)
		if n == 0 {
			wait := p.Wait(now)
			if wait <= 0 {
				t.Fatalf("wait of %v", wait)
			}
			now += wait + oversleep
			if oversleep == 0 && p.Ready(now) == 0 {
				t.Fatalf("nothing is ready after the wait of %v", wait)
			}
			continue
		}
		largest = max(largest, n)
		p.Sent(n)
		sent += n
		now += time.Duration(n) * cost
	}
	return sent, largest
}

func TestRates(t *testing.T) {
	for _, rate := range []float64{1, 3, 10, 999, 1000, 12345, 1e6, 14.88e6} {
		for _, oversleep := range []time.Duration{0, 60 * time.Microsecond} {
			sent, _ := run(t, rate, 256, 0, oversleep)
			tolerance := max(rate/1000, 1) // a millisecond's worth
			if math.Abs(float64(sent)-rate) > tolerance {
				t.Errorf("rate %v, oversleep %v: %d packets in a second", rate, oversleep, sent)
			}
		}
	}
}

// A sender that can't keep the rate sends as fast as it can.
func TestTooFast(t *testing.T) {
	sent, _ := run(t, 10e6, 256, time.Microsecond, 0)
	if sent < 990_000 {
		t.Errorf("%d packets in a second, want 1000000", sent)
	}
}

func TestLowRatesDoNotBurst(t *testing.T) {
	if _, largest := run(t, 500, 256, 0, 0); largest != 1 {
		t.Errorf("%d packets at once at 500 pps", largest)
	}
	if _, largest := run(t, 100e3, 256, 0, 0); largest > 101 {
		t.Errorf("%d packets at once at 100 kpps", largest)
	}
}

// After a pause only the slack is caught up.
func TestPause(t *testing.T) {
	p := New(1000, 1, 0)
	p.Sent(p.Ready(0))
	now := time.Hour
	got := p.Ready(now)
	if want := int(slack/time.Millisecond) + 1; got != want {
		t.Errorf("%d packets after a pause, want %d", got, want)
	}
	p.Sent(got)
	if p.Ready(now) != 0 {
		t.Error("more at once")
	}
}
