package pktgen

import (
	"context"
	"fmt"
	"time"

	"github.com/valelab/valelab/netmap"
	"github.com/valelab/valelab/netmap/pktgen/internal/packet"
)

// How often a target is asked for its Ethernet address, and how long each
// answer may take.
const (
	resolveTries = 5
	resolvePause = 500 * time.Millisecond
)

// resolve asks for the Ethernet address of the target. Meanwhile the target
// may ask for ours.
func (p *pinger) resolve(ctx context.Context) error {
	h := &p.header
	ring := p.responder.ring
	for try := 0; try < resolveTries && ctx.Err() == nil; try++ {
		if b := ring.Borrow(1); b.Len() > 0 {
			b.SetLen(0, packet.Resolve(b.Buf(0), h.SrcMAC, h.SrcIP, h.DstIP, h.VLAN))
			b.Commit(1)
		}
		if err := ring.Sync(); err != nil {
			return err
		}
		for end := time.Now().Add(resolvePause); ctx.Err() == nil; {
			if err := await(ctx, p.port, netmap.In, time.Until(end)); err != nil {
				return err
			}
			if err := p.listen(); err != nil {
				return err
			}
			if !h.DstMAC.IsZero() {
				return nil
			}
			if !time.Now().Before(end) {
				break
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return nil // a run that was ended early
	}
	return fmt.Errorf("ping %s: nobody there says that the address is his: %w", h.DstIP, ErrNoReply)
}

// listen takes what was received and keeps the target's address if it is said.
func (p *pinger) listen() error {
	for _, ring := range p.rx {
		_, err := eachFrame(ring, func(frame []byte) {
			if ip, mac, ok := packet.Resolved(frame); ok && ip == p.header.DstIP {
				p.header.DstMAC = mac
				return
			}
			p.responder.answer(frame)
		})
		if err != nil {
			return err
		}
	}
	return p.responder.ring.Sync()
}
