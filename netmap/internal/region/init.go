package region

import "github.com/valelab/valelab/netmap/internal/abi"

// ResetRing writes ring i of the port as new: all of it free to send in (TX) or empty (RX), every slot
// with the buffer it was born with. No program may have the ring open, and the switch must not be at it.
func (r *Region) ResetRing(p *Port, i int) {
	place := p.Places[i]
	n := uint32(place.Slots)
	ring := abi.Ring{
		BufOfs:   int64(r.geo.BufOfs() - place.Ofs),
		NumSlots: n,
		BufSize:  uint32(r.geo.BufSize),
		RingID:   uint16(place.ID),
		Dir:      abi.NETMAP_DIR_RX,
	}
	if place.Tx {
		ring.Dir = abi.NETMAP_DIR_TX
		ring.Tail = n - 1
	}
	*at[abi.Ring](r.mem, place.Ofs) = ring
	slots := array[abi.Slot](r.mem, place.Ofs+ringSize, place.Slots)
	for k := range slots {
		slots[k] = abi.Slot{
			BufIdx: uint32(place.FirstBuf + k),
			Len:    uint16(r.geo.BufSize),
		}
	}
	ctl := at[abi.Ctl](r.mem, place.CtlOfs)
	ctl.Head.Store(0)
	ctl.Wait.Store(0)
	ctl.Syncs.Store(0)
	ctl.Cur.Store(0)
	ctl.Doorbell.Store(0)
	ctl.Busy.Store(0)
	ctl.Told.Store(ring.Tail)
	ctl.Shared.Store(0)
	ctl.Tail.Store(ring.Tail)
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
