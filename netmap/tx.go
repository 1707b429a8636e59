package netmap

import "github.com/valelab/valelab/netmap/internal/abi"

// MoreFrag marks a slot whose frame goes on in the next slot.
const MoreFrag uint16 = abi.NS_MOREFRAG

// TxRing is a ring that the program sends on. It belongs to one goroutine at a time.
type TxRing struct{ ring }

// TxBatch is a run of free slots, borrowed from a TxRing by Borrow until its Commit. Using it after that,
// after the next Borrow or after Close panics; so does naming a slot that it does not have.
type TxBatch struct {
	r   *ring
	gen uint32
	n   uint32
}

// Borrow lends up to limit free slots, all that the last sync found if there are not so many. The batch may
// be empty. A ring lends one batch at a time: the one before ends unsent.
func (r *TxRing) Borrow(limit int) TxBatch {
	n := r.lend(limit)
	if end := r.head + n; end <= r.n {
		r.lent = r.mem.Array[r.head:end] // the slots themselves
	} else {
		r.lent = r.copies(n) // in one piece; Commit writes them back
	}
	return TxBatch{r: &r.ring, gen: r.gen, n: n}
}

// Sync does for this ring what Port.TxSync does for all.
func (r *TxRing) Sync() error { return r.sync() }

// Len is the number of slots in the batch.
func (b TxBatch) Len() int { return int(b.n) }

// Buf is the whole buffer of slot i, to be filled before Commit. It holds what an earlier frame left there.
func (b TxBatch) Buf(i int) []byte { return b.r.mem.Buf(b.slot(i).BufIdx) }

// Put copies a whole frame into slot i: Buf, copy and SetLen in one. It panics if the frame is longer than the
// slot's buffer.
func (b TxBatch) Put(i int, frame []byte) {
	s := b.slot(i)
	buf := b.r.mem.Buf(s.BufIdx)
	if len(frame) > len(buf) {
		panic(tooLong)
	}
	copy(buf, frame)
	set(s, uint16(len(frame)))
	b.r.lengths.set(i, int(b.r.n))
}

// SetLen says that slot i holds a frame of n bytes, or the last part of one: it takes all flags off the slot.
// It panics if n is not from 0 to the size of the buffer.
func (b TxBatch) SetLen(i, n int) {
	s := b.slot(i)
	if uint(n) > uint(b.r.mem.BufSize()) {
		panic(tooLong)
	}
	set(s, uint16(n))
	b.r.lengths.set(i, int(b.r.n))
}

// set writes what has changed only: a cache line of slots that stays as it is need not go to the switch's
// processor and back.
func set(s *abi.Slot, n uint16) {
	if s.Len != n || s.Flags != 0 {
		s.Len, s.Flags = n, 0
	}
}

// SetFlags gives slot i these flags; call it after SetLen. MoreFrag: the frame goes on in slot i+1.
func (b TxBatch) SetFlags(i int, flags uint16) { b.slot(i).Flags = flags }

// Commit hands the first n slots over for sending, at the next sync; the rest stays free. The batch ends. Each of
// the n slots must have got a length by SetLen or Put, in any order: Commit panics otherwise.
func (b TxBatch) Commit(n int) {
	if b.gen != b.r.gen || uint(n) > uint(b.n) {
		panic(notBorrowed)
	}
	r := b.r
	if !r.lengths.cover(n) {
		panic(noLength)
	}
	if r.head+b.n > r.n {
		k := copy(r.mem.Array[r.head:], r.lent[:n])
		copy(r.mem.Array, r.lent[k:n])
	}
	r.finish(uint32(n))
}

// slot is slot i, if it is borrowed.
func (b TxBatch) slot(i int) *abi.Slot {
	if b.gen != b.r.gen {
		panic(notBorrowed)
	}
	return &b.r.lent[i]
}
