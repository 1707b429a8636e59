package pktgen

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/valelab/valelab/netmap"
	"github.com/valelab/valelab/netmap/pktgen/internal/histogram"
	"github.com/valelab/valelab/netmap/pktgen/internal/pace"
	"github.com/valelab/valelab/netmap/pktgen/internal/packet"
)

// pinger is a Ping that runs.
type pinger struct {
	Ping
	port      *netmap.Port
	rx        []*netmap.RxRing
	responder responder // the other side asks for our address, too
	header    packet.Header
	id        uint16
	meter     meter
	pacer     *pace.Pacer

	// Requests are numbered from 0; those from oldest to next-1 may still be
	// answered. sent has the time at which each of them was sent, at its number
	// modulo 2^16 as ICMP counts, or answered.
	oldest, next     uint64
	sent             [1 << 16]time.Duration
	lost, unexpected uint64
	rtt              histogram.Histogram
}

// answered stands in sent for a request that was answered.
const answered = time.Duration(-1)

func (p *pinger) setUp(ctx context.Context, id identity) error {
	var err error
	if p.Src, err = p.Src.clean(); err != nil {
		return err
	}
	if p.Dst, err = p.Dst.clean(); err != nil {
		return err
	}
	if !p.Dst.IP.IsValid() {
		return errors.New("ping: there is no address to ping")
	}
	if p.Timeout == 0 {
		p.Timeout = time.Second
	}
	tx, rx, err := rings(p.port)
	if err != nil {
		return err
	}
	random := rand.Uint32()
	p.rx, p.id = rx, uint16(random)
	h := packet.Header{
		SrcMAC: id.station(p.Src.MAC, random), VLAN: p.VLAN,
		SrcIP: id.source(p.Src.IP, p.Dst.IP), DstIP: p.Dst.IP,
	}
	p.responder = responder{Station: packet.Station{MAC: h.SrcMAC, IPs: []netip.Addr{h.SrcIP}}, ring: tx[0]}
	p.header = h
	if p.Size == 0 {
		p.Size = h.MinEcho()
	}
	if p.Size < h.MinEcho() || p.Size > tx[0].BufSize() {
		return fmt.Errorf("ping with a frame of %d bytes: it must have %d to %d bytes", p.Size, h.MinEcho(), tx[0].BufSize())
	}
	if p.Rate > 0 {
		p.pacer = pace.New(p.Rate, 1, 0)
	}
	if len(p.Dst.MAC) > 0 {
		p.header.DstMAC = packet.MAC(p.Dst.MAC)
		return nil
	}
	return p.resolve(ctx)
}

func (p *pinger) run(ctx context.Context, start time.Time) error {
	for ctx.Err() == nil {
		now := time.Since(start)
		slots, err := p.receive(now)
		if err != nil {
			return err
		}
		p.expire(now)
		p.meter.packets, p.meter.bytes = p.rtt.Count(), p.rtt.Count()*uint64(p.Size)
		p.meter.tick(now, func() uint64 { return p.lost })
		more := (p.Count == 0 || p.next < p.Count) && (p.Duration == 0 || now < p.Duration)
		if !more && p.oldest == p.next {
			break
		}
		if more && p.due(now) {
			if err := p.request(start); err != nil {
				return err
			}
			continue
		}
		if slots > 0 {
			continue
		}
		if err := await(ctx, p.port, netmap.In, p.limit(now, more)); err != nil {
			return err
		}
	}
	return nil
}

// due says whether the next request may go.
func (p *pinger) due(now time.Duration) bool {
	if p.next-p.oldest == uint64(len(p.sent)) {
		return false
	}
	if p.pacer == nil {
		return p.oldest == p.next
	}
	return p.pacer.Ready(now) > 0
}

// limit is how long to sleep at most: until the next request, report, timeout
// or end.
func (p *pinger) limit(now time.Duration, more bool) time.Duration {
	d := p.meter.wait(now)
	if p.oldest < p.next {
		d = min(d, p.sent[p.oldest%uint64(len(p.sent))]+p.Timeout-now)
	}
	if more && p.pacer != nil {
		d = min(d, p.pacer.Wait(now))
	}
	if more && p.Duration > 0 {
		d = min(d, p.Duration-now)
	}
	// Poll takes 0 for a look only, which comes to the same here.
	return max(d, 1)
}

// request sends the next request, if there is room for it.
func (p *pinger) request(start time.Time) error {
	ring := p.responder.ring
	b := ring.Borrow(1)
	if b.Len() == 0 {
		return ring.Sync()
	}
	if err := packet.PutEcho(b.Buf(0)[:p.Size], p.header, p.id, uint16(p.next)); err != nil {
		return err
	}
	b.SetLen(0, p.Size)
	b.Commit(1)
	p.sent[p.next%uint64(len(p.sent))] = time.Since(start)
	p.next++
	if p.pacer != nil {
		p.pacer.Sent(1)
	}
	return ring.Sync()
}

// receive takes replies, which came at time now, and answers questions.
func (p *pinger) receive(now time.Duration) (slots int, err error) {
	for _, ring := range p.rx {
		n, err := eachFrame(ring, func(frame []byte) {
			id, seq, ok := packet.ReadEchoReply(frame, p.header)
			if ok && id == p.id {
				p.reply(seq, now)
			} else if !ok {
				p.responder.answer(frame)
			}
		})
		if err != nil {
			return 0, err
		}
		slots += n
	}
	return slots, p.responder.ring.Sync()
}

// reply takes note of the reply to a request.
func (p *pinger) reply(seq uint16, now time.Duration) {
	sent := &p.sent[seq]
	if age := uint16(p.next) - seq; age == 0 || uint64(age) > p.next-p.oldest || *sent == answered {
		p.unexpected++
		return
	}
	p.rtt.Record(now - *sent)
	*sent = answered
}

// expire gives up on requests whose time is over.
func (p *pinger) expire(now time.Duration) {
	for ; p.oldest < p.next; p.oldest++ {
		sent := p.sent[p.oldest%uint64(len(p.sent))]
		if sent == answered {
			continue
		}
		if now-sent < p.Timeout {
			return
		}
		p.lost++
	}
}
