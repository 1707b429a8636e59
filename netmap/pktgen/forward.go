package pktgen

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/valelab/valelab/netmap"
)

// Forward joins two ports like a cable: what is received on one is sent on the
// other, both ways and in order. Frames are copied, since the ports' buffers
// lie in different regions. When a transmit ring is full frames wait in the
// receive ring; what finds no room there is dropped by the switch.
type Forward struct {
	Ports    [2]string     // such as netmap:eth1 and netmap:eth2
	Duration time.Duration // 0: no limit
	Reporting
}

// ForwardSummary is what a Forward did.
type ForwardSummary struct {
	Directions [2]Direction `json:"directions"`
}

// Direction is what went from one port to the other.
type Direction struct {
	From string `json:"from"`
	To   string `json:"to"`
	Traffic
	Dropped uint64 `json:"dropped"` // slots of frames that are too long for a ring
}

// String writes the summary as text.
func (s ForwardSummary) String() string {
	var text strings.Builder
	for _, d := range s.Directions {
		fmt.Fprintf(&text, "%s to %s: %s, %d dropped\n", d.From, d.To, d.Traffic, d.Dropped)
	}
	return text.String()
}

// Run forwards until the time is over or the context ends.
func (c Forward) Run(ctx context.Context) (ForwardSummary, error) {
	var ports [2]*netmap.Port
	for i, name := range c.Ports {
		// Each port has two users, one for each direction. The one that
		// receives polls; without NoTxPoll it would sync the other's rings.
		port, err := netmap.Open(name, netmap.NoTxPoll())
		if err != nil {
			return ForwardSummary{}, err
		}
		defer port.Close()
		if _, _, err := rings(port); err != nil {
			return ForwardSummary{}, err
		}
		ports[i] = port
	}
	cables := [2]cable{newCable(ports[0], ports[1]), newCable(ports[1], ports[0])}
	for i := range cables {
		if cables[i].tx[0].BufSize() < cables[i].rx[0].BufSize() {
			return ForwardSummary{}, fmt.Errorf("forward %s: its buffers are smaller than those of %s", c.Ports[1-i], c.Ports[i])
		}
	}
	if c.Duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.Duration)
		defer cancel()
	}
	start := time.Now()
	err := c.run(ctx, &cables, start)
	var s ForwardSummary
	for i := range cables {
		packets, bytes := cables[i].packets.Load(), cables[i].bytes.Load()
		s.Directions[i] = Direction{
			From: c.Ports[i], To: c.Ports[1-i],
			Traffic: newTraffic(packets, bytes, time.Since(start)), Dropped: cables[i].dropped,
		}
	}
	return s, err
}

// run lets both directions run and reports until they end. One that fails ends
// the other.
func (c Forward) run(ctx context.Context, cables *[2]cable, start time.Time) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, len(cables))
	for i := range cables {
		context.AfterFunc(ctx, cables[i].from.Interrupt)
		go func() {
			defer cancel()
			done <- cables[i].run(ctx)
		}()
	}
	if c.Interval > 0 {
		c.report(ctx, cables, start)
	}
	var errs []error
	for range cables {
		errs = append(errs, <-done)
	}
	return errors.Join(errs...)
}

// report tells of the progress until the context ends.
func (c Forward) report(ctx context.Context, cables *[2]cable, start time.Time) {
	m := newMeter(c.Reporting)
	ticker := time.NewTicker(c.Interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		m.packets = cables[0].packets.Load() + cables[1].packets.Load()
		m.bytes = cables[0].bytes.Load() + cables[1].bytes.Load()
		m.tick(time.Since(start), nil)
	}
}
