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
func Map(f *os.File, grant abi.Grant) (*View, error) {
	if grant.RegionSize > math.MaxInt/2 {
		return nil, fmt.Errorf("region %s: %w: %d bytes", f.Name(), ErrMalformed, grant.RegionSize)
	}
	mem, err := mapMemfd(f, int(grant.RegionSize))
	if err != nil {
		return nil, err
	}
	v, err := parse(mem, grant)
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
func parse(mem []byte, grant abi.Grant) (*View, error) {
	size, memsize := uint64(len(mem)), grant.Memsize
	rings := uint64(grant.RingNum)
	switch {
	case memsize > size || memsize%abi.NMU_LINE != 0:
		return nil, fmt.Errorf("%d bytes of memory in a region of %d", memsize, size)
	case grant.BufSize < 64 || grant.BufSize > maxBufSize || grant.BufNum <= abi.NETMAP_FIRST_BUF:
		return nil, fmt.Errorf("%d buffers of %d bytes", grant.BufNum, grant.BufSize)
	case grant.BufOfs%8 != 0 || !within(grant.BufOfs, uint64(grant.BufNum)*uint64(grant.BufSize), memsize):
		return nil, fmt.Errorf("buffers at %d lie outside", grant.BufOfs)
	case grant.IfOfs%8 != 0 || !within(grant.IfOfs, uint64(ifSize), memsize):
		return nil, fmt.Errorf("netmap_if at %d lies outside", grant.IfOfs)
	case grant.RingSize < uint32(ringSize) || grant.RingSize%8 != 0 || grant.RingOfs%8 != 0 ||
		!within(grant.RingOfs, rings*uint64(grant.RingSize), memsize):
		return nil, fmt.Errorf("%d rings of %d bytes at %d lie outside", rings, grant.RingSize, grant.RingOfs)
	case grant.CtlOfs%abi.NMU_LINE != 0 || grant.CtlOfs < memsize || !within(grant.CtlOfs, abi.NMU_CTL_SIZE*rings, size):
		return nil, fmt.Errorf("control blocks at %d lie outside", grant.CtlOfs)
	}
	nif := *at[abi.If](mem, int(grant.IfOfs))
	tx, hostTx, rx, hostRx := int(grant.TxRings), int(grant.HostTxRings), int(grant.RxRings), int(grant.HostRxRings)
	for _, n := range []int{tx, hostTx, rx, hostRx} {
		if n > abi.NMU_MAX_RINGS {
			return nil, fmt.Errorf("netmap_if with %d rings", n)
		}
	}
	n := tx + hostTx + rx + hostRx
	if !within(grant.IfOfs+uint64(ifSize), 8*uint64(n), memsize) {
		return nil, fmt.Errorf("netmap_if at %d lies outside", grant.IfOfs)
	}

	name, _, _ := strings.Cut(string(nif.Name[:]), "\x00")
	v := &View{Name: name, mem: mem}
	// A copy: the offsets must not change between check and use.
	for i, rel := range append([]int64(nil), array[int64](mem, int(grant.IfOfs)+ifSize, n)...) {
		if rel == 0 {
			continue
		}
		place := newPlace(true, i, tx, 0)
		if i >= tx+hostTx {
			place = newPlace(false, i-tx-hostTx, rx, 0)
		}
		ofs := grant.IfOfs + uint64(rel) // a negative one makes it large, or leads back
		object := (ofs - grant.RingOfs) / uint64(grant.RingSize)
		if ofs < grant.RingOfs || object >= rings || (ofs-grant.RingOfs)%uint64(grant.RingSize) != 0 {
			return nil, fmt.Errorf("ring %d at %d is not one", i, ofs)
		}
		place.Ofs = int(ofs)
		place.CtlOfs = int(grant.CtlOfs + object*abi.NMU_CTL_SIZE)
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
