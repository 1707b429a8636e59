package histogram

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestEmpty(t *testing.T) {
	var h Histogram
	if h.Count() != 0 || h.Min() != 0 || h.Max() != 0 || h.Mean() != 0 || h.Quantile(0.5) != 0 {
		t.Error("an empty histogram is not zero")
	}
}

func TestNegativeIsZero(t *testing.T) {
	var h Histogram
	h.Record(-5)
	if h.Min() != 0 || h.Max() != 0 || h.Quantile(1) != 0 {
		t.Errorf("min %v, max %v", h.Min(), h.Max())
	}
}

// Buckets cover all values without gaps, and none is wider than one per cent.
func TestBuckets(t *testing.T) {
	low := uint64(0)
	for b := range buckets {
		high := top(b)
		if bucket(low) != b || bucket(high) != b {
			t.Fatalf("bucket %d holds [%d, %d], but these go to %d and %d", b, low, high, bucket(low), bucket(high))
		}
		if width := float64(high - low); width > 0.01*float64(low) {
			t.Fatalf("bucket %d [%d, %d] is too wide", b, low, high)
		}
		low = high + 1
	}
	if low != 1<<63 {
		t.Errorf("the buckets end at %d", low)
	}
}

func TestQuantiles(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var h Histogram
	var all []time.Duration
	for range 20000 {
		d := time.Duration(math.Exp(r.Float64() * 25))
		h.Record(d)
		all = append(all, d)
	}
	slices.Sort(all)
	if h.Min() != all[0] || h.Max() != all[len(all)-1] || h.Count() != uint64(len(all)) {
		t.Errorf("min %v, max %v, count %d", h.Min(), h.Max(), h.Count())
	}
	for _, q := range []float64{0, 0.1, 0.5, 0.9, 0.99, 0.999, 1} {
		exact := all[max(int(math.Ceil(q*float64(len(all))))-1, 0)]
		if got := h.Quantile(q); got < exact || float64(got) > 1.01*float64(exact) {
			t.Errorf("Quantile(%v) = %v, exactly %v", q, got, exact)
		}
	}
}
