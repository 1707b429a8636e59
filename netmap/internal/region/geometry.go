package region

import (
	"fmt"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// maxBufSize is what the 16 bits of a slot's len can say, in whole cache lines.
const maxBufSize = 1<<16 - 64

// Spec says which rings a port has.
type Spec struct {
	Name                     string // what its netmap_ifs are called, cut to 15 bytes there
	TxRings, RxRings         int    // NIC rings, up to 16 of each
	HostTxRings, HostRxRings int    // 0 for a port without a host stack
	Hostless                 bool   // the host rings are listed, as netmap does for VALE ports, and nobody can open them
	TxSlots, RxSlots         int    // per ring, 2 to 4096; any number
}

// rings gives the number of entries of ring_ofs.
func (s Spec) rings() int { return s.TxRings + s.HostTxRings + s.RxRings + s.HostRxRings }

// Bufs gives the number of buffers that all rings hold together.
func (s Spec) Bufs() int {
	return (s.TxRings+s.HostTxRings)*s.TxSlots + (s.RxRings+s.HostRxRings)*s.RxSlots
}

func (s Spec) check() error {
	for _, n := range []int{s.TxRings, s.RxRings} {
		if n < 0 || n > abi.NMU_MAX_RINGS {
			return fmt.Errorf("port %s: %d rings, want 0 to %d", s.Name, n, abi.NMU_MAX_RINGS)
		}
	}
	for _, n := range []int{s.HostTxRings, s.HostRxRings} {
		if n < 0 || n > abi.NMU_MAX_RINGS {
			return fmt.Errorf("port %s: %d host rings, want 0 to %d", s.Name, n, abi.NMU_MAX_RINGS)
		}
	}
	for _, n := range []int{s.TxSlots, s.RxSlots} {
		if n < abi.NMU_MIN_SLOTS || n > abi.NMU_MAX_SLOTS {
			return fmt.Errorf("port %s: %d slots, want %d to %d", s.Name, n, abi.NMU_MIN_SLOTS, abi.NMU_MAX_SLOTS)
		}
	}
	return nil
}

// Room says how much a region holds beyond the rings of one port.
type Room struct {
	BufSize int // bytes of a buffer, a multiple of 64 from 64 to 65472; 0: 2048
	Pipes   int // pipes that can be made beside the port; ordinary ports: abi.NMU_PIPES
	Extra   int // extra buffers
}

// Geometry is the size and number of objects in each pool of a region. Object sizes are in bytes.
type Geometry struct {
	IfSize, IfNum     int
	RingSize, RingNum int
	BufSize, BufNum   int
}

// Fit gives the geometry that netmap's allocator chooses for a private region of a VALE port of this
// spec. With the defaults (one ring each way, 1024 slots, two pipes) that is 42,369,024 bytes.
func Fit(s Spec, room Room) (Geometry, error) {
	if err := s.check(); err != nil {
		return Geometry{}, err
	}
	if room.BufSize == 0 {
		room.BufSize = abi.NMU_BUF_SIZE
	}
	if room.BufSize%64 != 0 || room.BufSize < 64 || room.BufSize > maxBufSize {
		return Geometry{}, fmt.Errorf("port %s: buffers of %d bytes, want a multiple of 64 up to %d",
			s.Name, room.BufSize, maxBufSize)
	}
	// Netmap makes room for one host ring each way, whether the port has it or not.
	hostTx, hostRx := max(s.HostTxRings, 1), max(s.HostRxRings, 1)
	rings := s.TxRings + hostTx + s.RxRings + hostRx
	g := Geometry{
		IfSize:   max(abi.NMU_IF_MIN_SIZE, align(ifSize+8*rings, 64)),
		IfNum:    max(abi.NMU_IF_MIN_NUM, 2+4*room.Pipes),
		RingSize: max(abi.NMU_RING_MIN_SIZE, align(ringSize+slotSize*max(s.TxSlots, s.RxSlots), 64)),
		RingNum:  max(abi.NMU_RING_MIN_NUM, rings+8*room.Pipes),
		BufSize:  room.BufSize,
		BufNum: max(abi.NMU_BUF_MIN_NUM, abi.NETMAP_FIRST_BUF+room.Extra+
			(4*room.Pipes+s.RxRings+hostRx)*s.RxSlots+(4*room.Pipes+s.TxRings+hostTx)*s.TxSlots),
	}
	return g.InPages(), nil
}

// Plus adds the room of another region; InPages makes a region of the sum.
func (g Geometry) Plus(other Geometry) Geometry {
	return Geometry{
		IfSize: max(g.IfSize, other.IfSize), IfNum: g.IfNum + other.IfNum,
		RingSize: max(g.RingSize, other.RingSize), RingNum: g.RingNum + other.RingNum,
		BufSize: max(g.BufSize, other.BufSize), BufNum: g.BufNum + other.BufNum,
	}
}

// InPages has so many more objects that each pool fills its last page.
func (g Geometry) InPages() Geometry {
	g.IfNum = align(g.IfNum, cluster(g.IfSize))
	g.RingNum = align(g.RingNum, cluster(g.RingSize))
	g.BufNum = align(g.BufNum, cluster(g.BufSize))
	return g
}

// Covers says whether a region has room for what the other one holds.
func (g Geometry) Covers(other Geometry) bool {
	return g.IfSize >= other.IfSize && g.IfNum >= other.IfNum && g.RingSize >= other.RingSize && g.RingNum >= other.RingNum &&
		g.BufSize >= other.BufSize && g.BufNum >= other.BufNum
}

// RingOfs is the offset of the ring pool.
func (g Geometry) RingOfs() int { return g.IfSize * g.IfNum }

// BufOfs is the offset of buffer 0.
func (g Geometry) BufOfs() int { return g.RingOfs() + g.RingSize*g.RingNum }

// MemSize is the size of the three pools: what netmap calls the region's memsize.
func (g Geometry) MemSize() int { return g.BufOfs() + g.BufSize*g.BufNum }

// CtlOfs is the offset of the control area, which has one block for every ring of the ring pool.
func (g Geometry) CtlOfs() int { return g.MemSize() }

// Size is the size of the whole memfd.
func (g Geometry) Size() int {
	return g.CtlOfs() + align(abi.NMU_CTL_SIZE*g.RingNum, abi.NMU_PAGE)
}

// cluster gives the least number of objects of this size that fill pages exactly.
func cluster(size int) int {
	n := 1
	for n*size%abi.NMU_PAGE != 0 {
		n++
	}
	return n
}

// align rounds n up to a multiple of to.
func align(n, to int) int { return (n + to - 1) / to * to }
