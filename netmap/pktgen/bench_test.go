package pktgen

import (
	"net/netip"
	"testing"
	"time"

	"github.com/valelab/valelab/netmap"
	"github.com/valelab/valelab/netmap/internal/fakeswitch"
	"github.com/valelab/valelab/netmap/internal/region"
	"github.com/valelab/valelab/netmap/pktgen/internal/packet"
)

// openStopped opens rings of a switch that has stopped: the caller moves its
// positions itself, so that only the program's side is at work. The ring
// is the switch's view of ring i in the order tx, host tx, rx, host rx.
func openStopped(b testing.TB, name string, i int) (*netmap.Port, *region.Ring) {
	s, err := fakeswitch.Start(fakeswitch.Config{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	port, err := netmap.Open(name, netmap.Socket(s.Path()))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { port.Close() })
	ring, err := s.Ring(i)
	if err != nil {
		b.Fatal(err)
	}
	tail := ring.Ctl.Tail.Load()
	s.Detach()
	ring.Ctl.Tail.Store(tail)
	ring.Ctl.Doorbell.Store(0)
	return port, ring
}

// BenchmarkSend fills, commits and syncs shortest frames. One operation is a
// frame.
func BenchmarkSend(b *testing.B) {
	port, shared := openStopped(b, "netmap:eth1/T", 0)
	s := sender{port: port}
	if err := s.setUp(identity{}); err != nil {
		b.Fatal(err)
	}
	l := s.lanes[0]
	size := uint32(l.ring.Slots())
	head := uint32(0)
	b.ResetTimer()
	for n := 0; n < b.N; n += batch {
		if sent := l.send(batch, 1); sent != batch {
			b.Fatalf("sent %d frames, want %d", sent, batch)
		}
		if err := l.ring.Sync(); err != nil {
			b.Fatal(err)
		}
		head = (head + batch) % size
		shared.Ctl.Tail.Store((head + size - 1) % size)
	}
}

// BenchmarkCount takes, reads and releases shortest frames that are there
// already, a ring full at a time, in order.
func BenchmarkCount(b *testing.B) {
	port, shared := openStopped(b, "netmap:eth1/R", 2)
	ring := port.RxRings()[0]
	var c counter
	var a assembly
	size := uint32(ring.Slots())
	ip := netip.MustParseAddr("10.0.0.1")
	frames, err := packet.NewTemplate(packet.Header{SrcIP: ip, DstIP: ip}, packet.MinFrame, 1)
	if err != nil {
		b.Fatal(err)
	}
	for i := range shared.Array {
		shared.Array[i].Len = 60
	}
	var spent time.Duration // without what fills the ring
	seq, tail := uint64(0), uint32(0)
	n := 0
	for n < b.N {
		f := frames.Frames(seq, 1)
		for range size - 1 {
			f.Put(shared.Buf(shared.Array[tail].BufIdx))
			tail = (tail + 1) % size
		}
		seq += uint64(size - 1)
		shared.Ctl.Tail.Store(tail)
		if err := ring.Sync(); err != nil {
			b.Fatal(err)
		}
		start := time.Now()
		for ring.Available() > 0 {
			c.begin(1)
			lent := ring.Borrow(batch)
			c.count(lent, &a)
			lent.Release(lent.Len())
			if err := ring.Sync(); err != nil {
				b.Fatal(err)
			}
			c.settle()
		}
		spent += time.Since(start)
		n += int(size - 1)
	}
	b.ReportMetric(float64(spent.Nanoseconds())/float64(n), "ns/frame")
	b.ReportMetric(0, "ns/op")
	if got := c.flows.Counts(); got.Received != c.probes || c.probes != c.packets || got.Lost != 0 {
		b.Fatalf("%d frames, %d probes: %+v", c.packets, c.probes, got)
	}
}
