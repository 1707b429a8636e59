package vale

import (
	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/internal/region"
)

// Kept is what a server must remember of an open, beside its config and its Files, to restore it.
type Kept struct {
	IfOfs   int   `json:"if"`
	Objects []int `json:"rings"` // where the rings lie
	Extra   int   `json:"extra,omitempty"`
	// Offsets of the rings; empty: none have any.
	Offsets []RingOffsets `json:"offsets,omitempty"`
}

// Kept is what to remember of the open.
func (o *Open) Kept() Kept {
	o.port.sw.engine.mu.Lock()
	defer o.port.sw.engine.mu.Unlock()
	k := Kept{IfOfs: o.ifOfs, Extra: o.extra}
	if !o.detached {
		k.Objects = o.rings.objects(o)
		k.Offsets = o.rings.ringOffsets(o)
	}
	return k
}

// Detached says whether the rings have been taken away: the port has gone, or broke the rules.
func (o *Open) Detached() bool {
	o.port.sw.engine.mu.Lock()
	defer o.port.sw.engine.mu.Unlock()
	return o.detached
}

// Files are the descriptors for the program. They belong to the open and stay as they are until it is closed,
// also when the engine takes the rings away.
func (o *Open) Files() Files {
	f := o.files
	f.Region = o.rings.memory.region.File()
	return f
}

// Grant is what a program must know beyond the netmap_if to map the region.
func (o *Open) Grant() abi.Grant {
	g := o.rings.memory.region.Grant(o.rings.port, o.ifOfs)
	g.Mode, g.Flags = o.mode, o.flags
	return g
}

// Register is the body of the answer to the program.
func (o *Open) Register() abi.ReqRegister {
	spec := o.rings.port.Spec
	return abi.ReqRegister{
		Offset:      uint64(o.ifOfs),
		Memsize:     uint64(o.rings.memory.geo.MemSize()),
		TxSlots:     uint32(spec.TxSlots),
		RxSlots:     uint32(spec.RxSlots),
		TxRings:     uint16(spec.TxRings),
		RxRings:     uint16(spec.RxRings),
		HostTxRings: hostRings(spec, spec.HostTxRings),
		HostRxRings: hostRings(spec, spec.HostRxRings),
		Mode:        o.mode,
		RingID:      uint16(o.ringID),
		ExtraBufs:   uint32(o.extra),
		Flags:       o.flags,
	}
}

// hostRings is the number that a program is told of n host rings.
func hostRings(spec region.Spec, n int) uint16 {
	if spec.Hostless {
		return 0
	}
	return uint16(n)
}

// UsedBufs says which buffers of the open's memory are in use, for Restore.
func (o *Open) UsedBufs() []region.Range {
	o.port.sw.engine.mu.Lock()
	defer o.port.sw.engine.mu.Unlock()
	return o.rings.memory.region.UsedBufs()
}
