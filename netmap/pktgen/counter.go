package pktgen

import (
	"github.com/valelab/valelab/netmap"
	"github.com/valelab/valelab/netmap/pktgen/internal/histogram"
	"github.com/valelab/valelab/netmap/pktgen/internal/packet"
	"github.com/valelab/valelab/netmap/pktgen/internal/sequence"
)

// counter counts received frames. Its memory is bounded whatever is received.
type counter struct {
	checksum bool

	packets, bytes  uint64
	probes, damaged uint64
	flows           sequence.Flows
	delay           histogram.Histogram

	now     uint32 // stamp of the batch
	sampled bool   // a delay of this batch was taken
	run     run
}

// run is a number of probes in a row: of one flow, in order, without a gap.
type run struct {
	flow        uint32
	first, next uint64
}

// begin starts a batch that is looked at at the given time.
func (c *counter) begin(now uint32) { c.now, c.sampled = now, false }

// count counts the frames of a batch. Frames may begin in one batch and end in
// the next of the same ring, to which the assembly belongs.
func (c *counter) count(b netmap.RxBatch, a *assembly) {
	var packets, bytes, probes uint64
	run := c.run
	for i := range b.Len() {
		frame := b.Buf(i)
		bytes += uint64(len(frame))
		if more := b.Flags(i)&netmap.MoreFrag != 0; more || a.partial {
			if frame = a.join(frame, more); more {
				continue
			}
		}
		packets++
		p, ok := packet.ReadProbe(frame)
		if !ok {
			continue
		}
		if c.checksum && !packet.Intact(frame) {
			c.damaged++
			continue
		}
		probes++
		if p.Flow == run.flow && p.Seq == run.next {
			run.next++
			continue
		}
		c.flows.Observe(run.flow, run.first, run.next-run.first)
		run.flow, run.first, run.next = p.Flow, p.Seq, p.Seq+1
		c.sample(p.Stamp)
	}
	c.run = run
	c.packets += packets
	c.bytes += bytes
	c.probes += probes
}

// sample takes the delay of a probe, once a batch.
func (c *counter) sample(stamp uint32) {
	if !c.sampled {
		c.sampled = true
		c.delay.Record(stampDelay(stamp, c.now))
	}
}

// settle ends a batch: what was counted is in the flows.
func (c *counter) settle() {
	c.flows.Observe(c.run.flow, c.run.first, c.run.next-c.run.first)
	c.run.first = c.run.next
}

// lost is the number of probes lost so far.
func (c *counter) lost() uint64 { return c.flows.Counts().Lost }
