package region

import (
	"fmt"
	"sync/atomic"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// Ring is a mapped ring with its control block. Its fields are fixed when it is mapped: what the other
// side writes into the shared header later changes nothing here.
type Ring struct {
	Place             // FirstBuf is not known to a program and 0 there
	Header *abi.Ring  // shared; head, cur and tail are for others to see
	Ctl    *abi.Ctl   // shared; atomics only
	Array  []abi.Slot // the slots, shared; each field is read once and checked
	bufs   bufs       // all buffers of the region
}

// Ring maps ring i of a port, on the switch's side.
func (r *Region) Ring(p *Port, i int) (*Ring, error) {
	return newRing(r.mem[:r.geo.MemSize()], r.mem, p.Places[i], r.Grant(p, 0))
}

// Ctl is the control block of ring i of a port, on the switch's side. Nothing that a program writes matters to
// where it is.
func (r *Region) Ctl(p *Port, i int) *abi.Ctl { return at[abi.Ctl](r.mem, p.Places[i].CtlOfs) }

// Cur is the cur of open ring i of a port, as the program has it now, or if that is no slot, where its head was at its
// last sync.
func (r *Region) Cur(p *Port, i int) uint32 {
	cur := atomic.LoadUint32(&at[abi.Ring](r.mem, p.Places[i].Ofs).Cur)
	if int(cur) >= p.Places[i].Slots {
		return r.Ctl(p, i).Head.Load()
	}
	return cur
}

// newRing checks the ring header at place.Ofs of mem and shows the ring. The control block lies in all,
// and the place and the grant have been checked against it, save for place.Ofs.
func newRing(mem, all []byte, place Place, grant abi.Grant) (*Ring, error) {
	size := uint64(len(mem))
	if place.Ofs%8 != 0 || !within(uint64(place.Ofs), uint64(ringSize), size) {
		return nil, fmt.Errorf("netmap_ring at %d lies outside", place.Ofs)
	}
	header := at[abi.Ring](mem, place.Ofs)
	h := *header
	dir := uint16(abi.NETMAP_DIR_RX)
	if place.Tx {
		dir = abi.NETMAP_DIR_TX
	}
	switch {
	case h.NumSlots < abi.NMU_MIN_SLOTS || h.NumSlots > abi.NMU_MAX_SLOTS,
		!within(uint64(place.Ofs+ringSize), uint64(slotSize)*uint64(h.NumSlots), size):
		return nil, fmt.Errorf("netmap_ring with %d slots", h.NumSlots)
	case h.BufSize != grant.BufSize || h.BufOfs != int64(grant.BufOfs)-int64(place.Ofs):
		return nil, fmt.Errorf("netmap_ring with buffers of %d bytes at %d", h.BufSize, h.BufOfs)
	case h.Dir != dir || int(h.RingID) != place.ID:
		return nil, fmt.Errorf("netmap_ring is ring %d, direction %d", h.RingID, h.Dir)
	case h.Head >= h.NumSlots || h.Cur >= h.NumSlots || h.Tail >= h.NumSlots:
		return nil, fmt.Errorf("netmap_ring with head %d cur %d tail %d of %d", h.Head, h.Cur, h.Tail, h.NumSlots)
	}
	place.Slots = int(h.NumSlots)
	return &Ring{
		Place:  place,
		Header: header,
		Ctl:    at[abi.Ctl](all, place.CtlOfs),
		Array:  array[abi.Slot](mem, place.Ofs+ringSize, place.Slots),
		bufs:   newBufs(mem, grant),
	}, nil
}
