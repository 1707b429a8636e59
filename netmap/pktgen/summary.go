package pktgen

import (
	"fmt"
	"time"

	"github.com/valelab/valelab/netmap/pktgen/internal/histogram"
	"github.com/valelab/valelab/netmap/pktgen/internal/sequence"
)

// Summary is what a program gives back: a struct that encodes as JSON and
// writes itself as lines of text.
type Summary interface {
	String() string
}

// Traffic is an amount of frames and the time it took.
type Traffic struct {
	Packets uint64  `json:"packets"`
	Bytes   uint64  `json:"bytes"`   // without frame check sequences
	Seconds float64 `json:"seconds"` // of the run; of a receiver: from the first frame to the last
	PPS     float64 `json:"pps"`     // packets a second over that time
	BPS     float64 `json:"bps"`     // bits a second over that time
}

func newTraffic(packets, bytes uint64, d time.Duration) Traffic {
	t := Traffic{Packets: packets, Bytes: bytes, Seconds: d.Seconds()}
	if d > 0 {
		t.PPS = float64(packets) / t.Seconds
		t.BPS = float64(bytes) * 8 / t.Seconds
	}
	return t
}

// String writes one line without its end.
func (t Traffic) String() string {
	return fmt.Sprintf("%d packets, %d bytes in %.3f s: %spps, %sbit/s", t.Packets, t.Bytes, t.Seconds, si(t.PPS), si(t.BPS))
}

// Sequence is what became of the probes of all flows on their way.
type Sequence struct {
	Flows      uint64 `json:"flows"`
	Lost       uint64 `json:"lost"`       // missing between a flow's first and last
	Reordered  uint64 `json:"reordered"`  // arrived after one that was sent later
	Duplicates uint64 `json:"duplicates"` // arrived again
	Late       uint64 `json:"late"`       // arrived too late to tell a duplicate from a lost one
}

func newSequence(f *sequence.Flows) Sequence {
	c := f.Counts()
	return Sequence{Flows: f.Number(), Lost: c.Lost, Reordered: c.Reordered, Duplicates: c.Duplicates, Late: c.Late}
}

// Delay is a distribution of times, in nanoseconds.
type Delay struct {
	Samples uint64        `json:"samples"`
	Min     time.Duration `json:"min"`
	Avg     time.Duration `json:"avg"`
	P50     time.Duration `json:"p50"`
	P90     time.Duration `json:"p90"`
	P99     time.Duration `json:"p99"`
	P999    time.Duration `json:"p99.9"`
	Max     time.Duration `json:"max"`
}

func newDelay(h *histogram.Histogram) Delay {
	return Delay{
		Samples: h.Count(), Min: h.Min(), Avg: h.Mean(), P50: h.Quantile(0.5), P90: h.Quantile(0.9),
		P99: h.Quantile(0.99), P999: h.Quantile(0.999), Max: h.Max(),
	}
}

// String writes one line without its end.
func (d Delay) String() string {
	return fmt.Sprintf("min %s, avg %s, p50 %s, p90 %s, p99 %s, p99.9 %s, max %s us",
		micros(d.Min), micros(d.Avg), micros(d.P50), micros(d.P90), micros(d.P99), micros(d.P999), micros(d.Max))
}
