package pktgen

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/valelab/valelab/netmap"
	"github.com/valelab/valelab/netmap/pktgen/internal/pace"
	"github.com/valelab/valelab/netmap/pktgen/internal/packet"
)

// sender is a Tx that runs.
type sender struct {
	Tx
	port   *netmap.Port
	lanes  []*lane
	meter  meter
	stalls uint64
}

func (s *sender) setUp(id identity) error {
	var err error
	if s.Src, err = s.Src.clean(); err != nil {
		return err
	}
	if s.Dst, err = s.Dst.clean(); err != nil {
		return err
	}
	random := rand.Uint32()
	h := packet.Header{
		SrcMAC: id.station(s.Src.MAC, random), DstMAC: packet.Broadcast, VLAN: s.VLAN,
		DstIP: s.Dst.IP, SrcPort: s.Src.Port, DstPort: s.Dst.Port,
	}
	if len(s.Dst.MAC) > 0 {
		h.DstMAC = packet.MAC(s.Dst.MAC)
	}
	if !h.DstIP.IsValid() {
		h.DstIP = benchDst4
		if s.Src.IP.Is6() {
			h.DstIP = benchDst6
		}
	}
	h.SrcIP = id.source(s.Src.IP, h.DstIP)
	if h.SrcPort == 0 {
		h.SrcPort = discardPort
	}
	if h.DstPort == 0 {
		h.DstPort = discardPort
	}
	if s.Size == 0 {
		s.Size = h.MinSize()
	}
	if s.Burst == 0 {
		s.Burst = batch
	}
	for i, ring := range slices.Concat(s.port.TxRings(), s.port.HostTx()) {
		flow, err := packet.NewTemplate(h, s.Size, random+uint32(i))
		if err != nil {
			return err
		}
		l := &lane{ring: ring, flow: flow}
		if n := (s.Size + ring.BufSize() - 1) / ring.BufSize(); n > 1 {
			if n >= ring.Slots() || ring.BufSize() < minBuf {
				return fmt.Errorf("send on %s: a frame of %d bytes does not fit its ring", s.Port, s.Size)
			}
			l.parts = make([][]byte, n)
		}
		s.lanes = append(s.lanes, l)
	}
	if len(s.lanes) == 0 {
		return fmt.Errorf("send on %s: no transmit ring is open", s.Port)
	}
	return nil
}

func (s *sender) run(ctx context.Context, start time.Time) error {
	var pacer *pace.Pacer
	if s.Rate > 0 {
		pacer = pace.New(s.Rate, quarter(s.Burst, s.lanes[0].ring.Slots()), 0)
	}
	for turn := 0; ctx.Err() == nil; turn++ {
		t := time.Now()
		now := t.Sub(start)
		s.meter.tick(now, nil)
		if s.Duration > 0 && now >= s.Duration || s.Count > 0 && s.meter.packets >= s.Count {
			break
		}
		l := s.lanes[turn%len(s.lanes)]
		n := quarter(s.Burst, l.ring.Slots())
		if s.Count > 0 {
			n = int(min(uint64(n), s.Count-s.meter.packets))
		}
		if pacer != nil {
			n = min(n, pacer.Ready(now))
			if n == 0 {
				pause(ctx, s.limit(pacer.Wait(now), now))
				continue
			}
		}
		sent := l.send(n, stamp(t))
		if err := l.ring.Sync(); err != nil {
			return err
		}
		s.meter.packets += uint64(sent)
		s.meter.bytes += uint64(sent) * uint64(s.Size)
		if pacer != nil {
			pacer.Sent(sent)
		}
		if sent == 0 && l.ring.Available() < l.slots() {
			s.stalls++
			l.ring.Await(l.ring.Available())
			if err := await(ctx, s.port, netmap.Out, s.limit(forever, now)); err != nil {
				return err
			}
		}
	}
	return nil
}

// drainTime is how long the switch may take for the last frames.
const drainTime = time.Second

// drain waits until the switch has taken what was sent: what is in a ring when
// it is closed is lost.
func (s *sender) drain() error {
	for end := time.Now().Add(drainTime); time.Now().Before(end); time.Sleep(drainTime / 10_000) {
		waits := false
		for _, l := range s.lanes {
			if err := l.ring.Sync(); err != nil {
				return err
			}
			waits = waits || l.ring.Available() < l.ring.Slots()-1
		}
		if !waits {
			break
		}
	}
	return nil
}

// limit cuts a time to sleep to what is left until the next report and until
// the end.
func (s *sender) limit(d, now time.Duration) time.Duration {
	d = min(d, s.meter.wait(now))
	if s.Duration > 0 {
		d = min(d, s.Duration-now)
	}
	return d
}
