package vale

import (
	"fmt"

	"github.com/valelab/valelab/netmap/internal/region"
)

// Offsets lets frames begin behind the start of their buffers: the low bits of a slot's ptr say where
// (NETMAP_REQ_OPT_OFFSETS).
type Offsets struct {
	Mask    uint64 // the bits of ptr; not 0
	Max     int    // bytes; at most the size of a buffer. A slot that says more has this
	Initial uint64 // what the slots of rings that are new say at first; at most Max
}

// RingOffsets are those that a ring has; no Mask: none.
type RingOffsets struct {
	Mask uint64 `json:"mask,omitempty"`
	Max  int    `json:"max,omitempty"`
}

// ErrOffsets says that rings which others have open have less room for offsets than is asked for. It is an ErrBusy.
var ErrOffsets = fmt.Errorf("%w: offsets", ErrBusy)

// setOffsets gives the open's rings their offsets, and those at the other end of a pipe that have none: frames come there
// as they were sent. Rings that have some keep them; want gets what the last one has.
func (s *ringset) setOffsets(o *Open, want *Offsets) error {
	if want.Mask == 0 || want.Max > s.memory.geo.BufSize || want.Initial > uint64(want.Max) {
		return fmt.Errorf("%w: offsets", ErrInvalid)
	}
	for _, i := range o.bound {
		at := s.port.Places[i]
		if at.OffsetMask != 0 && (at.OffsetMask&want.Mask != want.Mask || at.OffsetMax < want.Max) {
			return ErrOffsets
		}
	}
	for _, i := range o.bound {
		if at := s.port.Places[i]; at.OffsetMask == 0 {
			s.memory.region.SetOffsets(s.port, i, want.Mask, want.Max)
			o.port.offerPeer(at, want)
		} else {
			want.Mask, want.Max = at.OffsetMask, at.OffsetMax
		}
		if want.Initial > 0 && s.alone(o, i) {
			s.memory.region.FillOffsets(s.port, i, want.Initial)
		}
	}
	return nil
}

// offerPeer gives the ring at the other end of a pipe, whose end at is, the same offsets.
func (p *Port) offerPeer(at region.Place, want *Offsets) {
	if p.peer == nil {
		return
	}
	s := p.peer.rings
	for i, there := range s.port.Places {
		if there.Tx == at.Tx || there.Host || there.ID != at.ID || there.OffsetMask != 0 {
			continue
		}
		s.memory.region.SetOffsets(s.port, i, want.Mask, want.Max)
		if want.Initial > 0 && s.alone(nil, i) {
			s.memory.region.FillOffsets(s.port, i, want.Initial)
		}
	}
}

// alone says whether no other program has ring i.
func (s *ringset) alone(o *Open, i int) bool {
	for _, other := range s.owners[i] {
		if other != o && !other.hold {
			return false
		}
	}
	return true
}

// ringOffsets are those of the open's rings; nil: none has any.
func (s *ringset) ringOffsets(o *Open) []RingOffsets {
	all := make([]RingOffsets, 0, len(o.bound))
	some := false
	for _, i := range o.bound {
		at := s.port.Places[i]
		all = append(all, RingOffsets{at.OffsetMask, at.OffsetMax})
		some = some || at.OffsetMask != 0
	}
	if !some {
		return nil
	}
	return all
}

// restoreOffsets gives the open's rings those that they had.
func (s *ringset) restoreOffsets(o *Open, all []RingOffsets) error {
	if len(all) == 0 {
		return nil
	}
	if len(all) != len(o.bound) {
		return fmt.Errorf("%w: offsets of %d rings", ErrInvalid, len(all))
	}
	for k, i := range o.bound {
		if all[k].Max < 0 || all[k].Max > s.memory.geo.BufSize {
			return fmt.Errorf("%w: offsets", ErrInvalid)
		}
		if all[k].Mask != 0 {
			s.memory.region.SetOffsets(s.port, i, all[k].Mask, all[k].Max)
		}
	}
	return nil
}
