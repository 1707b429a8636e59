package pktgen

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/valelab/valelab/netmap"
	"github.com/valelab/valelab/netmap/pktgen/internal/packet"
)

// receiver is an Rx that runs.
type receiver struct {
	Rx
	port        *netmap.Port
	rings       []*netmap.RxRing
	assemblies  []assembly // of rings
	counter     counter
	meter       meter
	first, last time.Duration // when the first and the last frame came
}

func newReceiver(c Rx, port *netmap.Port) (*receiver, error) {
	r := &receiver{
		Rx: c, port: port, rings: slices.Concat(port.RxRings(), port.HostRx()),
		counter: counter{checksum: c.Checksum}, meter: newMeter(c.Reporting),
	}
	if len(r.rings) == 0 {
		return nil, fmt.Errorf("receive on %s: no receive ring is open", c.Port)
	}
	r.assemblies = make([]assembly, len(r.rings))
	return r, nil
}

func (r *receiver) run(ctx context.Context, start time.Time) error {
	for ctx.Err() == nil {
		t := time.Now()
		now := t.Sub(start)
		r.meter.tick(now, r.counter.lost)
		if r.over(now) {
			return nil
		}
		before := r.meter.packets
		r.counter.begin(stamp(t))
		for i, ring := range r.rings {
			b := ring.Borrow(quarter(batch, ring.Slots()))
			r.counter.count(b, &r.assemblies[i])
			b.Release(b.Len())
			if err := ring.Sync(); err != nil {
				return err
			}
		}
		r.counter.settle()
		r.meter.packets, r.meter.bytes = r.counter.packets, r.counter.bytes
		if r.meter.packets == before {
			if err := await(ctx, r.port, netmap.In, r.limit(now)); err != nil {
				return err
			}
			continue
		}
		if before == 0 {
			r.first = now
		}
		r.last = now
	}
	return nil
}

// over says whether the run has come to its end.
func (r *receiver) over(now time.Duration) bool {
	return r.Count > 0 && r.meter.packets >= r.Count ||
		r.Duration > 0 && now >= r.Duration ||
		r.Idle > 0 && r.meter.packets > 0 && now-r.last >= r.Idle
}

// limit is how long to sleep at most: until the next report or the end.
func (r *receiver) limit(now time.Duration) time.Duration {
	d := r.meter.wait(now)
	if r.Duration > 0 {
		d = min(d, r.Duration-now)
	}
	if r.Idle > 0 && r.meter.packets > 0 {
		d = min(d, r.last+r.Idle-now)
	}
	return d
}

func (r *receiver) summary() RxSummary {
	return RxSummary{
		Traffic:  newTraffic(r.counter.packets, r.counter.bytes, r.last-r.first),
		Probes:   r.counter.probes,
		Foreign:  r.counter.packets - r.counter.probes - r.counter.damaged,
		Damaged:  r.counter.damaged,
		Sequence: newSequence(&r.counter.flows),
		Delay:    newDelay(&r.counter.delay),
	}
}

// announce sends one frame on the port's first transmit ring, from which the
// switch learns where its address is. A port that can't send does without.
func announce(port *netmap.Port, id identity) error {
	rings := port.TxRings()
	if len(rings) == 0 || id.mac.IsZero() {
		return nil
	}
	b := rings[0].Borrow(1)
	if b.Len() == 0 || rings[0].BufSize() < minBuf {
		return nil
	}
	var ip netip.Addr // none of IPv4 will do, too
	for _, a := range id.ips {
		if a.Is4() {
			ip = a
			break
		}
	}
	b.SetLen(0, packet.Announce(b.Buf(0), id.mac, ip, 0))
	b.Commit(1)
	return rings[0].Sync()
}
