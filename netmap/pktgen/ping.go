package pktgen

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrNoReply says that a target answered nothing at all.
var ErrNoReply = errors.New("no reply")

// Ping sends ICMP echo requests and measures how long the replies take. The
// target may be a kernel's stack or another netmap program, such as Pong. It
// must be on the same network: nothing is routed.
type Ping struct {
	Port     string        // to send from, such as netmap:eth1
	Src      Endpoint      // default: the interface's addresses
	Dst      Endpoint      // IP is required; MAC is asked for by ARP or neighbor discovery if missing
	VLAN     uint16        // 1 to 4094; 0: no tag
	Size     int           // bytes of a frame without its check sequence; 0: the shortest
	Rate     float64       // requests a second; 0: each one as soon as the one before is answered
	Count    uint64        // requests to send; 0: no limit
	Duration time.Duration // of sending; 0: no limit
	Timeout  time.Duration // after which a request counts as lost; 0: 1 s
	Reporting
}

// PingSummary is what a Ping measured.
type PingSummary struct {
	Sent       uint64  `json:"sent"`
	Received   uint64  `json:"received"`
	Lost       uint64  `json:"lost"`       // not answered within the timeout
	Unexpected uint64  `json:"unexpected"` // replies that came twice or too late
	Seconds    float64 `json:"seconds"`
	RTT        Delay   `json:"rtt"`
}

// String writes the summary as text.
func (s PingSummary) String() string {
	text := fmt.Sprintf("%d requests, %d replies, %d lost, %d unexpected in %.3f s\n", s.Sent, s.Received, s.Lost, s.Unexpected, s.Seconds)
	if s.Received > 0 {
		text += fmt.Sprintf("round trip %s\n", s.RTT)
	}
	return text
}

// Run pings until the count or the duration is reached or the context ends.
// Requests that are on their way when the context ends are not counted as
// lost. The error wraps ErrNoReply if every request was lost.
func (c Ping) Run(ctx context.Context) (PingSummary, error) {
	port, id, err := openPort(ctx, c.Port)
	if err != nil {
		return PingSummary{}, err
	}
	defer port.Close()
	p := pinger{Ping: c, port: port, meter: newMeter(c.Reporting)}
	if err := p.setUp(ctx, id); err != nil {
		return PingSummary{}, err
	}
	start := time.Now()
	err = p.run(ctx, start)
	s := PingSummary{
		Sent: p.next, Received: p.rtt.Count(), Lost: p.lost, Unexpected: p.unexpected,
		Seconds: time.Since(start).Seconds(), RTT: newDelay(&p.rtt),
	}
	if err == nil && s.Received == 0 && s.Lost > 0 {
		err = fmt.Errorf("ping %s: %w", c.Dst.IP, ErrNoReply)
	}
	return s, err
}
