package vale

import (
	"fmt"
	"slices"

	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/internal/region"
)

// ringset is the rings of a port while programs have it open. Several opens may have the same ring, unless one of
// them asked for it alone.
type ringset struct {
	memory *Memory
	port   *region.Port
	owners [][]*Open          // of port.Places
	order  []int              // of port.Places, as they are shown
	opens  map[*Open]struct{} // that have their rings
}

func newRingset(m *Memory, spec region.Spec) (*ringset, error) {
	port, err := m.region.NewPort(spec)
	if err != nil {
		return nil, err
	}
	return &ringset{
		memory: m, port: port, owners: make([][]*Open, len(port.Places)), order: ringOrder(port.Places),
		opens: make(map[*Open]struct{}),
	}, nil
}

// bind gives the open its rings: those that nobody has are new, and begin where they ended the last time that somebody
// had them while the port was open.
func (s *ringset) bind(o *Open, cfg OpenConfig) error {
	bound, err := s.port.Select(cfg.Mode, uint16(cfg.RingID), cfg.Flags)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	fresh := make([]bool, len(bound))
	for i, is := range bound {
		if !is {
			continue
		}
		fresh[i] = len(s.owners[i]) == 0
		for _, other := range s.owners[i] {
			if !other.hold && (o.exclusive() || other.exclusive()) {
				return ErrBusy
			}
		}
	}
	if cfg.Restore == nil {
		err = s.memory.region.OpenRings(s.port, fresh, func(at region.Place) int {
			if o.port.rings != s {
				return 0 // nobody has had any
			}
			return o.port.sw.state.Position(o.port.index, ringID(at))
		})
	} else {
		err = s.restore(bound, fresh, cfg.Restore.Objects)
	}
	if err != nil {
		return err
	}
	s.opens[o] = struct{}{}
	for i, is := range bound {
		if is {
			s.owners[i] = append(s.owners[i], o)
			o.bound = append(o.bound, i)
		}
	}
	return nil
}

// restore puts the rings of an open where they were; objects are those of the rings that are bound.
func (s *ringset) restore(bound, fresh []bool, objects []int) error {
	k := 0
	for i, is := range bound {
		if !is {
			continue
		}
		if k == len(objects) {
			return fmt.Errorf("%w: %d rings", ErrInvalid, k)
		}
		if fresh[i] {
			if err := s.memory.region.RestoreRing(s.port, i, objects[k]); err != nil {
				return fmt.Errorf("%w: %w", ErrInvalid, err)
			}
		}
		k++
	}
	return nil
}

// nicOpen says whether somebody has a NIC ring.
func (s *ringset) nicOpen() bool {
	for i, at := range s.port.Places {
		if !at.Host && len(s.owners[i]) > 0 {
			return true
		}
	}
	return false
}

// disown takes the open off its rings.
func (s *ringset) disown(o *Open) {
	for _, i := range o.bound {
		s.owners[i] = slices.DeleteFunc(s.owners[i], func(other *Open) bool { return other == o })
	}
}

// release takes those of the open's rings back that nobody has any more, with their buffers.
func (s *ringset) release(o *Open) {
	for _, i := range o.bound {
		if len(s.owners[i]) == 0 {
			s.memory.region.CloseRing(s.port, i)
		}
	}
}

// objects are where the rings of an open lie.
func (s *ringset) objects(o *Open) (objects []int) {
	for _, i := range o.bound {
		objects = append(objects, s.memory.region.Object(s.port, i))
	}
	return objects
}

// exclusive says whether the open wants its rings alone.
func (o *Open) exclusive() bool { return o.flags&abi.NR_EXCLUSIVE != 0 }
