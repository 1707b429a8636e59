package sequence

// Window is how far behind the newest number of a flow a late one may be to
// be told from a duplicate.
const Window = 4096

const words = Window / 64

// Counts is what became of the frames of one or more flows.
type Counts struct {
	Received   uint64 // different sequence numbers that arrived
	Lost       uint64 // numbers between a flow's lowest and highest that did not arrive
	Reordered  uint64 // arrived after a higher number (they are Received, too)
	Duplicates uint64 // arrived again
	Late       uint64 // arrived more than Window behind the highest: lost before, or a duplicate
}

func (c *Counts) add(d Counts) {
	c.Received += d.Received
	c.Lost += d.Lost
	c.Reordered += d.Reordered
	c.Duplicates += d.Duplicates
	c.Late += d.Late
}

// Tracker follows one flow. Its zero value has seen nothing. Numbers must be
// under 2^62.
type Tracker struct {
	begun  bool
	low    uint64 // the lowest number received
	next   uint64 // the highest number received, plus one
	counts Counts // Lost is computed
	// Bit n%Window says whether number n arrived, for n in [next-Window, next).
	seen [words]uint64
}

// Observe takes note of the numbers first, first+1, ..., first+n-1, in this
// order.
func (t *Tracker) Observe(first, n uint64) {
	if !t.begun && n > 0 {
		t.begun, t.low, t.next = true, first, first
	}
	for ; n > 0 && first < t.next; n-- {
		t.behind(first)
		first++
	}
	if n > 0 {
		t.mark(t.next, first, false)
		t.mark(first, first+n, true)
		t.next = first + n
		t.counts.Received += n
	}
}

// behind takes note of one number under next.
func (t *Tracker) behind(seq uint64) {
	if t.next-seq > Window {
		t.counts.Late++
		return
	}
	word, bit := seq/64%words, uint64(1)<<(seq%64)
	if t.seen[word]&bit != 0 {
		t.counts.Duplicates++
		return
	}
	t.seen[word] |= bit
	t.low = min(t.low, seq)
	t.counts.Reordered++
	t.counts.Received++
}

// mark sets or clears the bits of the numbers from, ..., to-1.
func (t *Tracker) mark(from, to uint64, received bool) {
	if to-from > Window {
		from = to - Window
	}
	for from < to {
		n := min(to-from, 64-from%64) // bits in this word
		mask := ^uint64(0) >> (64 - n) << (from % 64)
		if word := &t.seen[from/64%words]; received {
			*word |= mask
		} else {
			*word &^= mask
		}
		from += n
	}
}

// Counts gives the counts so far.
func (t *Tracker) Counts() Counts {
	c := t.counts
	c.Lost = t.next - t.low - c.Received
	return c
}
