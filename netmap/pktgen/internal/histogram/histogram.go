package histogram

import (
	"math/bits"
	"time"
)

// Values below 2^subBits have a bucket each; every octave above is cut into
// 2^(subBits-1) equal buckets.
const (
	subBits = 8
	half    = 1 << (subBits - 1)
	buckets = half * (64 - subBits + 1)
)

// Histogram counts durations. Its zero value is empty. It is not safe for
// concurrent use.
type Histogram struct {
	counts   [buckets]uint64
	n        uint64
	min, max uint64
	sum      float64
}

// Record counts one duration; a negative one counts as zero.
func (h *Histogram) Record(d time.Duration) {
	v := uint64(max(d, 0))
	if h.n == 0 || v < h.min {
		h.min = v
	}
	h.max = max(h.max, v)
	h.sum += float64(v)
	h.n++
	h.counts[bucket(v)]++
}

// bucket gives the bucket of v, which is under 2^63.
func bucket(v uint64) int {
	shift := max(bits.Len64(v)-subBits, 0)
	return shift*half + int(v>>shift)
}

// top gives the highest value of a bucket.
func top(b int) uint64 {
	if b < 2*half {
		return uint64(b)
	}
	shift := b/half - 1
	return uint64(b-shift*half+1)<<shift - 1
}

// Count gives the number of durations recorded.
func (h *Histogram) Count() uint64 { return h.n }

// Min gives the shortest duration, exactly; 0 if there is none.
func (h *Histogram) Min() time.Duration { return time.Duration(h.min) }

// Max gives the longest duration, exactly; 0 if there is none.
func (h *Histogram) Max() time.Duration { return time.Duration(h.max) }

// Mean gives the arithmetic mean; 0 if there is none.
func (h *Histogram) Mean() time.Duration {
	if h.n == 0 {
		return 0
	}
	return time.Duration(h.sum / float64(h.n))
}

// Quantile gives a duration which the fraction q of all are not longer than,
// at most one per cent too high; 0 if there is none. Quantile(1) is Max.
func (h *Histogram) Quantile(q float64) time.Duration {
	rank := uint64(q * float64(h.n))
	if float64(rank) < q*float64(h.n) {
		rank++
	}
	rank = max(rank, 1)
	var seen uint64
	for b, n := range h.counts {
		if seen += n; n > 0 && seen >= rank {
			return time.Duration(min(top(b), h.max))
		}
	}
	return time.Duration(h.max)
}
