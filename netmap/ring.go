package netmap

import (
	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/internal/region"
)

// ring is what both directions have in common: the mapped ring and the program's positions in it. The
// positions that count are the private ones; those in the shared header are for others to look at.
type ring struct {
	mem  region.Ring
	port *Port
	n    uint32     // number of slots
	room []abi.Slot // for copies of slots, as many as the ring has
	lent []abi.Slot // the slots of the last batch
	// lengths are those that were set in the last batch: TX only.
	lengths lengths

	head  uint32 // first slot that the program owns
	cur   uint32 // Poll waits for tail to pass this one; from head to tail
	tail  uint32 // first slot that the program does not own
	gen   uint32 // changes whenever borrowed slots stop being the borrower's
	known uint32 // head as the switch knows it: at the last sync
	syncs uint32

	gained    uint64 // slots that syncs brought since the last sleep
	unyielded uint32 // slots handed over since the last yield
}

func newRing(p *Port, m *region.Ring) ring {
	h := m.Header
	r := ring{mem: *m, port: p, n: uint32(len(m.Array)), room: make([]abi.Slot, len(m.Array))}
	// Read once; a position out of range counts as an empty range, and the first sync finds the fault.
	r.head, r.tail = min(h.Head, r.n-1), min(h.Tail, r.n-1)
	r.cur, r.known = r.head, r.head
	return r
}

// Index is the ring's number in its port: NIC rings count from 0, host rings go on after them.
func (r *ring) Index() int { return r.mem.ID }

// Slots is the number of slots; one less can be in use at a time.
func (r *ring) Slots() int { return int(r.n) }

// BufSize is the size of a slot's buffer in bytes. A longer frame takes several slots.
func (r *ring) BufSize() int { return r.mem.BufSize() }

// Available is the number of slots that Borrow can lend: free ones of a TX ring, filled ones of an RX ring.
func (r *ring) Available() int { return int(distance(r.head, r.tail, r.n)) }

// Pending is the number of slots that were committed or released since the last sync.
func (r *ring) Pending() int { return int(distance(r.known, r.head, r.n)) }

// Await makes Poll regard the ring as ready only when more than n slots are available: a program that has
// looked at n frames and keeps them, or that needs n+1 free slots, would otherwise not sleep. n is at most
// Available. It holds until the next Commit or Release. (In netmap(4) terms: cur = head + n.)
func (r *ring) Await(n int) {
	if n < 0 || n > r.Available() {
		panic("netmap: Await of more slots than are available")
	}
	r.cur = advance(r.head, uint32(n), r.n)
}

// ready says whether Poll would report the ring.
func (r *ring) ready() bool { return r.cur != r.tail }

// lend starts a batch of up to limit available slots and returns their number. Slots borrowed before are
// borrowed no more.
func (r *ring) lend(limit int) uint32 {
	r.gen++
	r.lengths.reset()
	return min(uint32(max(limit, 0)), distance(r.head, r.tail, r.n))
}

// copies gives private copies of the first n slots that the program owns.
func (r *ring) copies(n uint32) []abi.Slot {
	to := r.room[:n]
	k := copy(to, r.mem.Array[r.head:])
	copy(to[k:], r.mem.Array)
	return to
}

// finish gives up the first k slots that the program owns, and ends the borrowing.
func (r *ring) finish(k uint32) {
	r.gen++
	r.head = advance(r.head, k, r.n)
	r.cur = r.head
}

// close takes the ring away from the program, before its memory is unmapped.
func (r *ring) close() {
	r.gen++
	r.mem = region.Ring{}
	r.room, r.lent = nil, nil
	r.head, r.cur, r.tail, r.known = 0, 0, 0, 0
}
