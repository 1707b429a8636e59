package region

import (
	"fmt"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// Place says what a ring is and where it lies. Offsets are from the start of the region.
type Place struct {
	Tx       bool // the program sends on it
	Host     bool // its other side is the kernel's stack
	ID       int  // ringid: NIC rings from 0, host rings after them
	Slots    int
	Ofs      int // of the netmap_ring
	CtlOfs   int // of its control block
	FirstBuf int // slot i starts with buffer FirstBuf + i
}

// Port is one port of a region: its rings in the order of ring_ofs (NIC tx, host tx, NIC rx, host rx).
// It is immutable.
type Port struct {
	Spec   Spec
	Places []Place
}

// place lays out a port whose first ring is object ring of the ring pool and whose first buffer is buf.
func (g Geometry) place(s Spec, ring, buf int) (*Port, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	p := &Port{Spec: s, Places: make([]Place, 0, s.rings())}
	for i := range s.TxRings + s.HostTxRings {
		p.Places = append(p.Places, Place{Tx: true, Host: i >= s.TxRings, ID: i, Slots: s.TxSlots})
	}
	for i := range s.RxRings + s.HostRxRings {
		p.Places = append(p.Places, Place{Host: i >= s.RxRings, ID: i, Slots: s.RxSlots})
	}
	// Objects are handed out to RX rings first, as netmap does.
	firstRx := s.TxRings + s.HostTxRings
	for k := range p.Places {
		i := (firstRx + k) % len(p.Places)
		at := &p.Places[i]
		at.Ofs = g.RingOfs() + ring*g.RingSize
		at.CtlOfs = g.CtlOfs() + ring*abi.NMU_CTL_SIZE
		at.FirstBuf = buf
		ring++
		buf += at.Slots
		if ringSize+slotSize*at.Slots > g.RingSize {
			return nil, fmt.Errorf("port %s: %d slots do not fit the region's rings", s.Name, at.Slots)
		}
	}
	if ring > g.RingNum || buf > g.BufNum {
		return nil, fmt.Errorf("port %s: rings: %w", s.Name, ErrNoRoom)
	}
	return p, nil
}

// Select says which rings of the port an open with this nr_mode, nr_ringid and nr_flags binds: one bool
// for each of Places.
func (p *Port) Select(mode uint32, ringID uint16, flags uint64) ([]bool, error) {
	var wants func(at Place) bool
	switch mode {
	case abi.NR_REG_ALL_NIC:
		wants = func(at Place) bool { return !at.Host }
	case abi.NR_REG_SW:
		wants = func(at Place) bool { return at.Host }
	case abi.NR_REG_NIC_SW:
		wants = func(at Place) bool { return true }
	case abi.NR_REG_ONE_NIC:
		if int(ringID) >= max(p.Spec.TxRings, p.Spec.RxRings) {
			return nil, fmt.Errorf("port %s has no ring %d", p.Spec.Name, ringID)
		}
		wants = func(at Place) bool { return !at.Host && at.ID == int(ringID) }
	default:
		return nil, fmt.Errorf("port %s can't be opened in mode %d", p.Spec.Name, mode)
	}
	if mode != abi.NR_REG_ALL_NIC && mode != abi.NR_REG_ONE_NIC && p.Spec.HostTxRings+p.Spec.HostRxRings == 0 {
		return nil, fmt.Errorf("port %s has no host rings", p.Spec.Name)
	}
	open := make([]bool, len(p.Places))
	for i, at := range p.Places {
		open[i] = wants(at) &&
			!(at.Tx && flags&abi.NR_RX_RINGS_ONLY != 0) && !(!at.Tx && flags&abi.NR_TX_RINGS_ONLY != 0)
	}
	return open, nil
}
