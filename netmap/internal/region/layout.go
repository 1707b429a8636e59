package region

import (
	"fmt"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// Place says what a ring is and, while it is open, where it lies. Offsets are from the start of the region.
type Place struct {
	Tx     bool // the program sends on it
	Host   bool // its other side is the kernel's stack
	ID     int  // ringid: NIC rings from 0, host rings after them
	Index  int  // among the NIC or host rings
	Slots  int
	Ofs    int // of the netmap_ring; 0: the ring is not open
	CtlOfs int // of its control block

	// Where in its buffer a slot's bytes begin: Slot.Ptr & OffsetMask, or OffsetMax if that is less. It stays when the
	// ring is closed.
	OffsetMask uint64
	OffsetMax  int
}

// Port is one port of a region: its rings in the order of ring_ofs (NIC tx, host tx, NIC rx, host rx).
type Port struct {
	Spec   Spec
	Places []Place
}

// NewPort describes a port. Its rings take room in the region once they are opened.
func (r *Region) NewPort(s Spec) (*Port, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if n := max(s.TxSlots, s.RxSlots); ringSize+slotSize*n > r.geo.RingSize {
		return nil, fmt.Errorf("port %s: %d slots: %w: its rings are smaller", s.Name, n, ErrNoRoom)
	}
	if ifSize+8*s.rings() > r.geo.IfSize {
		return nil, fmt.Errorf("port %s: %d rings: %w: its netmap_ifs have fewer", s.Name, s.rings(), ErrNoRoom)
	}
	p := &Port{Spec: s, Places: make([]Place, 0, s.rings())}
	for i := range s.TxRings + s.HostTxRings {
		p.Places = append(p.Places, newPlace(true, i, s.TxRings, s.TxSlots))
	}
	for i := range s.RxRings + s.HostRxRings {
		p.Places = append(p.Places, newPlace(false, i, s.RxRings, s.RxSlots))
	}
	return p, nil
}

// newPlace is that of a ring by its ringid, where there are so many NIC rings of its direction.
func newPlace(tx bool, id, nic, slots int) Place {
	p := Place{Tx: tx, Host: id >= nic, ID: id, Index: id, Slots: slots}
	if p.Host {
		p.Index -= nic
	}
	return p
}

// Select says which rings of the port an open with this nr_mode, nr_ringid and nr_flags binds: one bool
// for each of Places.
func (p *Port) Select(mode uint32, ringID uint16, flags uint64) ([]bool, error) {
	var wants func(at Place) bool
	switch mode {
	case abi.NR_REG_ALL_NIC, abi.NR_REG_NULL:
		wants = func(at Place) bool { return !at.Host }
	case abi.NR_REG_SW:
		wants = func(at Place) bool { return at.Host }
	case abi.NR_REG_NIC_SW:
		wants = func(at Place) bool { return true }
	case abi.NR_REG_ONE_SW:
		if int(ringID) >= max(p.Spec.HostTxRings, p.Spec.HostRxRings) {
			return nil, fmt.Errorf("port %s has no host ring %d", p.Spec.Name, ringID)
		}
		wants = func(at Place) bool { return at.Host && at.ID == p.firstHost(at.Tx)+int(ringID) }
	case abi.NR_REG_ONE_NIC:
		if int(ringID) >= max(p.Spec.TxRings, p.Spec.RxRings) {
			return nil, fmt.Errorf("port %s has no ring %d", p.Spec.Name, ringID)
		}
		wants = func(at Place) bool { return !at.Host && at.ID == orFirst(int(ringID), p.rings(at.Tx)) }
	default:
		return nil, fmt.Errorf("port %s can't be opened in mode %d", p.Spec.Name, mode)
	}
	if mode != abi.NR_REG_ALL_NIC && mode != abi.NR_REG_NULL && mode != abi.NR_REG_ONE_NIC && (p.Spec.Hostless || p.Spec.HostTxRings+p.Spec.HostRxRings == 0) {
		return nil, fmt.Errorf("port %s has no host rings", p.Spec.Name)
	}
	open := make([]bool, len(p.Places))
	for i, at := range p.Places {
		open[i] = wants(at) &&
			!(at.Tx && flags&abi.NR_RX_RINGS_ONLY != 0) && !(!at.Tx && flags&abi.NR_TX_RINGS_ONLY != 0)
	}
	return open, nil
}

// rings is the number of NIC rings of a direction.
func (p *Port) rings(tx bool) int {
	if tx {
		return p.Spec.TxRings
	}
	return p.Spec.RxRings
}

// orFirst is ring i of n, or if there are fewer the first, as netmap has it.
func orFirst(i, n int) int {
	if i >= n {
		return 0
	}
	return i
}

// firstHost is the ringid of the first host ring.
func (p *Port) firstHost(tx bool) int { return p.rings(tx) }
