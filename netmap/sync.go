package netmap

import (
	"fmt"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// sync hands the program's position to the switch and takes the switch's: the only place where the two
// meet, but for that of the module's (native). It never blocks.
func (r *ring) sync() error {
	if r.port.closed {
		return r.port.fail("sync", ErrClosed)
	}
	if n := r.port.native; n != nil {
		return n.sync([]*ring{r})
	}
	ctl := r.mem.Ctl
	r.syncs++
	ctl.Syncs.Store(r.syncs)
	if r.head != r.known {
		r.unyielded += distance(r.known, r.head, r.n)
		r.mem.Header.Head = r.head
		// Release: pairs with the switch's acquiring load of head, so that it sees the slots and bytes
		// written before. Being sequentially consistent, it is also the full fence between this store and
		// the load of doorbell; the switch stores doorbell, fences, and loads head again before it sleeps.
		ctl.Head.Store(r.head)
		r.known = r.head
		if ctl.Doorbell.Load() != 0 {
			r.port.kickSwitch()
		}
	}
	r.mem.Header.Cur = r.cur
	if r.mem.Tx && r.unyielded >= r.n {
		r.unyielded = 0
		yield()
	}
	return r.takeTail()
}

// takeTail takes over how far the switch has come.
func (r *ring) takeTail() error {
	// Acquire: pairs with the switch's releasing store of tail. What it wrote into the slots before (RX),
	// and that it has read them (TX), is visible after this load.
	tail := r.mem.Ctl.Tail.Load()
	if tail == r.tail {
		return nil
	}
	if tail == abi.NMU_DETACHED {
		return r.port.fail("sync", ErrDetached)
	}
	// The switch can move tail up to the slot before the head it was told, and never back.
	if tail >= r.n || distance(r.tail, tail, r.n) > distance(r.tail, before(r.known, r.n), r.n) {
		return r.port.fail("sync", fmt.Errorf("%w: ring %d: tail went from %d to %d, head %d",
			ErrCorrupt, r.mem.ID, r.tail, tail, r.known))
	}
	r.gained += uint64(distance(r.tail, tail, r.n))
	r.tail = tail
	r.mem.Header.Tail = tail
	return nil
}

// moved says whether the switch has moved tail since the last sync.
func (r *ring) moved() bool { return r.mem.Ctl.Tail.Load() != r.tail }
