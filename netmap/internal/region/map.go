package region

import (
	"fmt"
	"math"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// View is a program's side of a region: one open port in it.
type View struct {
	Name  string  // ni_name
	Rings []*Ring // those that this open binds, in the order of ring_ofs
	mem   []byte
}

// Map maps the memfd of an open that the switch granted and checks everything it will use in there. The
// file can be closed afterwards. The error is ErrMalformed where the switch's word does not hold.
func Map(f *os.File, reg abi.ReqRegister, grant abi.Grant) (*View, error) {
	if grant.RegionSize > math.MaxInt/2 {
		return nil, fmt.Errorf("region %s: %w: %d bytes", f.Name(), ErrMalformed, grant.RegionSize)
	}
	mem, err := mapMemfd(f, int(grant.RegionSize))
	if err != nil {
		return nil, err
	}
	v, err := parse(mem, reg, grant)
	if err != nil {
		unix.Munmap(mem)
		return nil, fmt.Errorf("region %s: %w: %w", f.Name(), ErrMalformed, err)
	}
	return v, nil
}

// Close unmaps the region: all of its rings and buffers are gone then, and touching them is fatal.
func (v *View) Close() error {
	v.Rings = nil
	return unix.Munmap(v.mem)
}

// parse finds the rings of an open. What it returns can be used without further checks of offsets, except
// for the buffer indexes in slots.
func parse(mem []byte, reg abi.ReqRegister, grant abi.Grant) (*View, error) {
	size, memsize := uint64(len(mem)), reg.Memsize
	switch {
	case memsize > size || memsize%abi.NMU_LINE != 0:
		return nil, fmt.Errorf("%d bytes of memory in a region of %d", memsize, size)
	case grant.BufSize < 64 || grant.BufSize > maxBufSize || grant.BufNum <= abi.NETMAP_FIRST_BUF:
		return nil, fmt.Errorf("%d buffers of %d bytes", grant.BufNum, grant.BufSize)
	case grant.BufOfs%8 != 0 || !within(grant.BufOfs, uint64(grant.BufNum)*uint64(grant.BufSize), memsize):
		return nil, fmt.Errorf("buffers at %d lie outside", grant.BufOfs)
	case reg.Offset%8 != 0 || !within(reg.Offset, uint64(ifSize), memsize):
		return nil, fmt.Errorf("netmap_if at %d lies outside", reg.Offset)
	}
	nif := *at[abi.If](mem, int(reg.Offset))
	for _, n := range []uint32{nif.TxRings, nif.RxRings, nif.HostTxRings, nif.HostRxRings} {
		if n > abi.NMU_MAX_RINGS {
			return nil, fmt.Errorf("netmap_if with %d rings", n)
		}
	}
	tx := int(nif.TxRings + nif.HostTxRings)
	n := tx + int(nif.RxRings+nif.HostRxRings)
	switch {
	case uint64(grant.CtlNum) != uint64(n):
		return nil, fmt.Errorf("%d control blocks for %d rings", grant.CtlNum, n)
	case grant.CtlOfs%abi.NMU_LINE != 0 || grant.CtlOfs < memsize ||
		!within(grant.CtlOfs, abi.NMU_CTL_SIZE*uint64(n), size):
		return nil, fmt.Errorf("control blocks at %d lie outside", grant.CtlOfs)
	case !within(reg.Offset+uint64(ifSize), 8*uint64(n), memsize):
		return nil, fmt.Errorf("netmap_if at %d lies outside", reg.Offset)
	}

	name, _, _ := strings.Cut(string(nif.Name[:]), "\x00")
	v := &View{Name: name, mem: mem}
	// A copy: the offsets must not change between check and use.
	for i, rel := range append([]int64(nil), array[int64](mem, int(reg.Offset)+ifSize, n)...) {
		if rel == 0 {
			continue
		}
		place := Place{Tx: i < tx, CtlOfs: int(grant.CtlOfs) + i*abi.NMU_CTL_SIZE}
		if place.Tx {
			place.ID = i
			place.Host = i >= int(nif.TxRings)
		} else {
			place.ID = i - tx
			place.Host = i-tx >= int(nif.RxRings)
		}
		if uint64(rel) > math.MaxInt-reg.Offset {
			return nil, fmt.Errorf("ring %d at %d lies outside", i, rel)
		}
		place.Ofs = int(reg.Offset) + int(rel)
		r, err := newRing(mem[:memsize:memsize], mem, place, grant)
		if err != nil {
			return nil, fmt.Errorf("ring %d: %w", i, err)
		}
		v.Rings = append(v.Rings, r)
	}
	if len(v.Rings) == 0 {
		return nil, fmt.Errorf("netmap_if without rings")
	}
	return v, nil
}

// within says whether length bytes at ofs lie inside size bytes.
func within(ofs, length, size uint64) bool { return ofs <= size && length <= size-ofs }
