package pace

import "time"

// slack bounds what a sender that fell behind may catch up, so that a pause
// is not followed by a burst.
const slack = 10 * time.Millisecond

// Pacer keeps a rate. It is not safe for concurrent use.
type Pacer struct {
	rate  float64       // packets per second
	burst int           // packets that go together
	start time.Duration // when packet 0 is due
	sent  uint64        // since start
}

// New makes a pacer whose first packet is due at time now. rate is in packets
// a second and above zero. Packets are let go burst at a time; if that many
// take longer than a millisecond, as many as a millisecond takes.
func New(rate float64, burst int, now time.Duration) *Pacer {
	burst = max(1, min(burst, int(rate/1000)))
	return &Pacer{rate: rate, burst: burst, start: now}
}

// due is the time at which packet n is due.
func (p *Pacer) due(n uint64) time.Duration {
	return p.start + time.Duration(float64(n)/p.rate*float64(time.Second))
}

// Ready gives how many packets may be sent at time now: a burst, more if the
// sender is behind, or 0.
func (p *Pacer) Ready(now time.Duration) int {
	if late := now - p.due(p.sent); late > slack {
		p.start, p.sent = now-slack, 0
	}
	if now < p.due(p.sent+uint64(p.burst)-1) {
		return 0
	}
	ready := uint64((now - p.start).Seconds() * p.rate)
	return max(p.burst, int(ready-p.sent)+1)
}

// Sent takes note of n packets that were sent.
func (p *Pacer) Sent(n int) { p.sent += uint64(n) }

// Wait gives how long after now the next burst is due; at least a nanosecond
// when Ready gives 0.
func (p *Pacer) Wait(now time.Duration) time.Duration {
	return max(p.due(p.sent+uint64(p.burst)-1)-now, 1)
}
