package core

// #include "core.h"
import "C"

import (
	"unsafe"

	"github.com/valelab/valelab/netmap/internal/region"
)

// Open is a set of rings that a program has opened together.
type Open struct{ c *C.struct_vale_open }

// NewOpen makes an open without rings. kick becomes readable when the program wants the switch to look; wake
// is written to wake the program and must not block. Both stay the caller's.
func (p *Port) NewOpen(kick, wake int) (*Open, error) {
	c, err := C.vale_open_new(p.c, C.int(kick), C.int(wake))
	if c == nil {
		return nil, err
	}
	return &Open{c}, nil
}

// AddRing adds a ring of the region, which stays mapped as long as an open has it. A restored one carries on
// where the port's state says; a new one starts from slot 0. NIC rings and host rings have the ids from 0, and there is room
// for both in the port's state if they are no more than VALE_RINGS + 1 each way.
func (o *Open) AddRing(r *region.Region, at region.Place, restored bool) error {
	geo := r.Geometry()
	base := unsafe.Pointer(unsafe.SliceData(r.Mem()))
	cfg := C.struct_vale_ring_config{
		tx:       C.bool(at.Tx),
		host:     C.bool(at.Host),
		id:       C.uint32_t(at.Index),
		slots:    C.uint32_t(at.Slots),
		buf_size: C.uint32_t(geo.BufSize),
		buf_num:  C.uint32_t(geo.BufNum),
		ring:     unsafe.Add(base, at.Ofs),
		ctl:      unsafe.Add(base, at.CtlOfs),
		buf:      unsafe.Add(base, geo.BufOfs()),

		offset_mask: C.uint64_t(at.OffsetMask),
		offset_max:  C.uint32_t(at.OffsetMax),
	}
	if n, err := C.vale_open_add_ring(o.c, &cfg, C.bool(restored)); n != 0 {
		return err
	}
	return nil
}

// Close takes the rings away from the program and wakes it.
func (o *Open) Close() { C.vale_open_close(o.c) }
