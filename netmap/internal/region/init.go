package region

import (
	"fmt"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// OpenRings gives the port's rings that which names their objects, buffers and control blocks, RX rings first, and
// writes them as new: all of it free to send in (TX) or empty (RX), from slot start on (nil: from slot 0). Nobody has
// them open. The error is ErrNoRoom; then none is open.
func (r *Region) OpenRings(p *Port, which []bool, start func(Place) int) error {
	tx := p.Spec.TxRings + p.Spec.HostTxRings
	var done []int
	for k := range which {
		i := (tx + k) % len(which)
		if !which[i] {
			continue
		}
		first := 0
		if start != nil {
			first = start(p.Places[i])
		}
		if err := r.openRing(p, i, first); err != nil {
			for _, i := range done {
				r.CloseRing(p, i)
			}
			return err
		}
		done = append(done, i)
	}
	return nil
}

func (r *Region) openRing(p *Port, i, start int) error {
	object := -1
	for k, used := range r.rings {
		if !used {
			object = k
			break
		}
	}
	if object < 0 {
		return fmt.Errorf("port %s: rings: %w", p.Spec.Name, ErrNoRoom)
	}
	bufs := r.bufs.take(p.Places[i].Slots)
	if bufs == nil {
		return fmt.Errorf("port %s: buffers: %w", p.Spec.Name, ErrNoRoom)
	}
	r.setObject(p, i, object)
	r.writeRing(p.Places[i], bufs, uint32(start))
	return nil
}

// RestoreRing is OpenRings for a ring that is open already, in an attached region: Object says where. What its slots
// hold now is in use, whatever RestoreBufs said.
func (r *Region) RestoreRing(p *Port, i, object int) error {
	if object < 0 || object >= len(r.rings) || r.rings[object] {
		return fmt.Errorf("port %s: no free ring at %d", p.Spec.Name, object)
	}
	r.setObject(p, i, object)
	for _, slot := range array[abi.Slot](r.mem, p.Places[i].Ofs+ringSize, p.Places[i].Slots) {
		r.bufs.mark(slot.BufIdx)
	}
	return nil
}

// Object is the number of the object of the ring pool that ring i of the port has, while it is open.
func (r *Region) Object(p *Port, i int) int {
	return (p.Places[i].Ofs - r.geo.RingOfs()) / r.geo.RingSize
}

func (r *Region) setObject(p *Port, i, object int) {
	r.rings[object] = true
	p.Places[i].Ofs = r.geo.RingOfs() + object*r.geo.RingSize
	p.Places[i].CtlOfs = r.geo.CtlOfs() + object*abi.NMU_CTL_SIZE
}

// CloseRing takes back what OpenRings gave: the buffers that the slots hold now, whatever the program has made of
// them. The switch must not be at the ring any more.
func (r *Region) CloseRing(p *Port, i int) {
	slots := array[abi.Slot](r.mem, p.Places[i].Ofs+ringSize, p.Places[i].Slots)
	for k := range slots {
		r.bufs.give(slots[k].BufIdx)
	}
	r.rings[r.Object(p, i)] = false
	p.Places[i].Ofs, p.Places[i].CtlOfs = 0, 0
}

// writeRing writes a ring as new, with these buffers; it begins at slot start.
func (r *Region) writeRing(place Place, bufs []uint32, start uint32) {
	n := uint32(place.Slots)
	ring := abi.Ring{
		BufOfs:   int64(r.geo.BufOfs() - place.Ofs),
		NumSlots: n,
		BufSize:  uint32(r.geo.BufSize),
		RingID:   uint16(place.ID),
		Dir:      abi.NETMAP_DIR_RX,
		Head:     start,
		Cur:      start,
		Tail:     start,

		OffsetMask: place.OffsetMask,
	}
	if place.Tx {
		ring.Dir = abi.NETMAP_DIR_TX
		ring.Tail = (start + n - 1) % n
	}
	*at[abi.Ring](r.mem, place.Ofs) = ring
	slots := array[abi.Slot](r.mem, place.Ofs+ringSize, place.Slots)
	for k := range slots {
		slots[k] = abi.Slot{BufIdx: bufs[k], Len: uint16(r.geo.BufSize)}
	}
	ctl := at[abi.Ctl](r.mem, place.CtlOfs)
	ctl.Head.Store(start)
	ctl.Wait.Store(0)
	ctl.Syncs.Store(0)
	ctl.Cur.Store(start)
	ctl.Doorbell.Store(0)
	ctl.Lockstep.Store(0)
	ctl.Busy.Store(0)
	ctl.Told.Store(ring.Tail)
	ctl.Shared.Store(0)
	ctl.Tail.Store(ring.Tail)
}

// SetOffsets says that the frames of an open ring may begin behind the start of their buffers.
func (r *Region) SetOffsets(p *Port, i int, mask uint64, limit int) {
	p.Places[i].OffsetMask, p.Places[i].OffsetMax = mask, limit
	at[abi.Ring](r.mem, p.Places[i].Ofs).OffsetMask = mask
}

// FillOffsets gives all slots of an open ring this offset.
func (r *Region) FillOffsets(p *Port, i int, offset uint64) {
	place := p.Places[i]
	slots := array[abi.Slot](r.mem, place.Ofs+ringSize, place.Slots)
	for k := range slots {
		slots[k].Ptr = slots[k].Ptr&^place.OffsetMask | offset&place.OffsetMask
	}
}

// writeIf writes the netmap_if of one open at ofs.
func (r *Region) writeIf(p *Port, ofs int, open []bool) {
	s := p.Spec
	nif := at[abi.If](r.mem, ofs)
	*nif = abi.If{
		Flags:       abi.NI_PRIV_MEM,
		TxRings:     uint32(s.TxRings),
		RxRings:     uint32(s.RxRings),
		HostTxRings: uint32(s.HostTxRings),
		HostRxRings: uint32(s.HostRxRings),
	}
	copy(nif.Name[:abi.NETMAP_IF_NAME-1], s.Name)
	ringOfs := array[int64](r.mem, ofs+ifSize, len(open))
	for i := range ringOfs {
		ringOfs[i] = 0
		if open[i] {
			ringOfs[i] = int64(p.Places[i].Ofs - ofs)
		}
	}
}
