package pktgen

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/valelab/valelab/netmap"
	"github.com/valelab/valelab/netmap/pktgen/internal/packet"
)

// Pong answers for addresses on a netmap port, whose kernel stack can't while
// the port is open: ARP requests, neighbor solicitations and ICMP echo
// requests of one slot.
type Pong struct {
	Port     string           // to answer on, such as netmap:eth1
	MAC      net.HardwareAddr // default: the interface's
	IPs      []netip.Addr     // to answer for; default: all of the interface
	Duration time.Duration    // 0: no limit
	Reporting
}

// PongSummary is what a Pong did.
type PongSummary struct {
	Traffic         // received
	Answered uint64 `json:"answered"`
}

// String writes the summary as text.
func (s PongSummary) String() string {
	return fmt.Sprintf("received %s\n%d answered\n", s.Traffic, s.Answered)
}

// Run answers until the time is over or the context ends.
func (c Pong) Run(ctx context.Context) (PongSummary, error) {
	if err := checkMAC(c.MAC); err != nil {
		return PongSummary{}, err
	}
	port, id, err := openPort(ctx, c.Port)
	if err != nil {
		return PongSummary{}, err
	}
	defer port.Close()
	tx, rx, err := rings(port)
	if err != nil {
		return PongSummary{}, err
	}
	ips := id.ips
	if len(c.IPs) > 0 {
		ips = c.IPs
	}
	if len(ips) == 0 {
		return PongSummary{}, fmt.Errorf("answer on %s: %s has no IP address, and none was given", c.Port, port.Name())
	}
	r := responder{Station: packet.Station{MAC: id.station(c.MAC, 0), IPs: ips}, ring: tx[0]}
	m := newMeter(c.Reporting)
	start := time.Now()
	answered, err := c.run(ctx, port, rx, &r, &m, start)
	return PongSummary{Traffic: newTraffic(m.packets, m.bytes, time.Since(start)), Answered: answered}, err
}

func (c Pong) run(ctx context.Context, port *netmap.Port, rx []*netmap.RxRing, r *responder, m *meter, start time.Time) (answered uint64, err error) {
	for ctx.Err() == nil {
		now := time.Since(start)
		m.tick(now, nil)
		if c.Duration > 0 && now >= c.Duration {
			break
		}
		slots := 0
		for _, ring := range rx {
			n, err := eachFrame(ring, func(frame []byte) {
				m.packets++
				m.bytes += uint64(len(frame))
				if r.answer(frame) {
					answered++
				}
			})
			if err != nil {
				return answered, err
			}
			slots += n
		}
		if err := r.ring.Sync(); err != nil {
			return answered, err
		}
		if slots > 0 {
			continue
		}
		limit := m.wait(now)
		if c.Duration > 0 {
			limit = min(limit, c.Duration-now)
		}
		if err := await(ctx, port, netmap.In, limit); err != nil {
			return answered, err
		}
	}
	return answered, nil
}
