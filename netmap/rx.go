package netmap

import "github.com/valelab/valelab/netmap/internal/abi"

// RxRing is a ring that the program receives on. It belongs to one goroutine at a time.
type RxRing struct{ ring }

// RxBatch is a run of filled slots, borrowed from an RxRing by Borrow until its Release. Using it after
// that, after the next Borrow or after Close panics; so does naming a slot that it does not have.
type RxBatch struct {
	r   *ring
	gen uint32
	n   uint32
}

// Borrow lends up to limit slots that hold received frames, oldest first, all that the last sync found if
// there are not so many. The batch may be empty, and it may end in the middle of a frame of several slots.
// A ring lends one batch at a time: the one before ends, and its frames are lent again.
func (r *RxRing) Borrow(limit int) RxBatch {
	n := r.lend(limit)
	r.lent = r.copies(n) // what the other side does to a slot meanwhile changes nothing
	return RxBatch{r: &r.ring, gen: r.gen, n: n}
}

// Sync does for this ring what Port.RxSync does for all.
func (r *RxRing) Sync() error { return r.sync() }

// Len is the number of slots in the batch.
func (b RxBatch) Len() int { return int(b.n) }

// Buf is what slot i received: a frame, or a part of one. It may be read and written until Release. The
// bytes come from elsewhere: any number of them, from 0 on, may be there.
func (b RxBatch) Buf(i int) []byte { return b.r.mem.Bytes(b.slot(i)) }

// Flags are the flags of slot i: MoreFrag if its frame goes on in the next slot; in the high byte the number
// of slots of the frame.
func (b RxBatch) Flags(i int) uint16 { return b.slot(i).Flags }

// Release gives the first n slots back to the switch, at the next sync; the rest can be borrowed again.
// The batch ends.
func (b RxBatch) Release(n int) {
	if b.gen != b.r.gen || uint(n) > uint(b.n) {
		panic(notBorrowed)
	}
	b.r.finish(uint32(n))
}

// slot is the private copy of slot i, if it is borrowed.
func (b RxBatch) slot(i int) *abi.Slot {
	if b.gen != b.r.gen {
		panic(notBorrowed)
	}
	return &b.r.lent[i]
}
