package region

import (
	"strings"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// Position is where an open ring stands, as its header says.
type Position struct {
	Tx, Host bool
	ID       int // among the rings of its kind
	Slots    uint32
	Head     uint32 // the program's
	Cur      uint32 // the program's
	Tail     uint32 // the switch's, as of the last sync
}

// Look appends the positions of the rings that are open under this name, in memory that anybody may be writing: all
// that is read there is read once and checked, and what can't be is left out. Names are those of netmap_ifs, which are
// cut. Of two opens that say something of the same ring, the first holds.
func Look(mem []byte, pools *abi.ReqPoolsInfo, name string, out []Position) []Position {
	size := uint64(len(mem))
	if pools.IfSize < uint32(ifSize) || pools.IfSize%8 != 0 || pools.IfOfs%8 != 0 || pools.RingSize < uint32(ringSize) ||
		pools.RingSize%8 != 0 || pools.RingOfs%8 != 0 ||
		!within(pools.IfOfs, uint64(pools.IfNum)*uint64(pools.IfSize), size) ||
		!within(pools.RingOfs, uint64(pools.RingNum)*uint64(pools.RingSize), size) {
		return out
	}
	if len(name) >= abi.NETMAP_IF_NAME {
		name = name[:abi.NETMAP_IF_NAME-1]
	}
	first := len(out)
	for i := range uint64(pools.IfNum) {
		ofs := pools.IfOfs + i*uint64(pools.IfSize)
		nif := *at[abi.If](mem, int(ofs))
		if found, _, _ := strings.Cut(string(nif.Name[:]), "\x00"); found != name {
			continue
		}
		out = lookIf(mem, pools, ofs, &nif, out, first)
	}
	return out
}

// lookIf appends what a netmap_if shows. Positions from first on are those of the port.
func lookIf(mem []byte, pools *abi.ReqPoolsInfo, ofs uint64, nif *abi.If, out []Position, first int) []Position {
	tx, hostTx, rx, hostRx := nif.TxRings, nif.HostTxRings, nif.RxRings, nif.HostRxRings
	if max(tx, hostTx, rx, hostRx) > abi.NMU_MAX_RINGS {
		return out
	}
	n := int(tx + hostTx + rx + hostRx)
	if ifSize+8*n > int(pools.IfSize) {
		return out
	}
	rings := array[int64](mem, int(ofs)+ifSize, n)
	for i := range n {
		rel := rings[i]
		if rel == 0 {
			continue // not bound by this open
		}
		p, ringID := Position{Tx: i < int(tx+hostTx)}, i
		nic := int(tx)
		if !p.Tx {
			ringID, nic = i-int(tx+hostTx), int(rx)
		}
		p.Host, p.ID = ringID >= nic, ringID
		if p.Host {
			p.ID = ringID - nic
		}
		if !known(out[first:], p) && lookRing(mem, pools, ofs+uint64(rel), ringID, &p) {
			out = append(out, p)
		}
	}
	return out
}

// known says whether there is a position of the ring already.
func known(all []Position, p Position) bool {
	for _, other := range all {
		if other.Tx == p.Tx && other.Host == p.Host && other.ID == p.ID {
			return true
		}
	}
	return false
}

// lookRing reads the header of a ring; false: there is none.
func lookRing(mem []byte, pools *abi.ReqPoolsInfo, ofs uint64, ringID int, p *Position) bool {
	past := ofs - pools.RingOfs // large, for what lies before the pool
	if past%uint64(pools.RingSize) != 0 || past/uint64(pools.RingSize) >= uint64(pools.RingNum) {
		return false
	}
	h := *at[abi.Ring](mem, int(ofs))
	dir := uint16(abi.NETMAP_DIR_RX)
	if p.Tx {
		dir = abi.NETMAP_DIR_TX
	}
	if h.Dir != dir || int(h.RingID) != ringID || h.NumSlots < abi.NMU_MIN_SLOTS ||
		uint64(ringSize)+uint64(slotSize)*uint64(h.NumSlots) > uint64(pools.RingSize) ||
		max(h.Head, h.Cur, h.Tail) >= h.NumSlots {
		return false
	}
	p.Slots, p.Head, p.Cur, p.Tail = h.NumSlots, h.Head, h.Cur, h.Tail
	return true
}
