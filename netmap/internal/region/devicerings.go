package region

import (
	"fmt"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// DeviceRings finds the RX rings of an open of the module's device, whose netmap_if is at ifOfs of its mapped memory,
// where nothing else says how that is laid out: a monitor has memory of its own, which has no name. They have no
// control blocks.
func DeviceRings(mem []byte, ifOfs uint64) ([]*Ring, error) {
	size := uint64(len(mem))
	if ifOfs%8 != 0 || !within(ifOfs, uint64(ifSize), size) {
		return nil, fmt.Errorf("netmap_if at %d: %w", ifOfs, ErrMalformed)
	}
	nif := *at[abi.If](mem, int(ifOfs))
	if max(nif.TxRings, nif.HostTxRings, nif.RxRings, nif.HostRxRings) > abi.NMU_MAX_RINGS {
		return nil, fmt.Errorf("netmap_if with %d and %d rings: %w", nif.TxRings, nif.RxRings, ErrMalformed)
	}
	before, n := int(nif.TxRings+nif.HostTxRings), int(nif.RxRings)
	if !within(ifOfs+uint64(ifSize), uint64(8*(before+n)), size) {
		return nil, fmt.Errorf("netmap_if at %d: %w", ifOfs, ErrMalformed)
	}
	var rings []*Ring
	for i, rel := range array[int64](mem, int(ifOfs)+ifSize, before+n)[before:] {
		if rel == 0 {
			continue
		}
		r, err := deviceRing(mem, ifOfs+uint64(rel), i)
		if err != nil {
			return nil, fmt.Errorf("ring %d: %w", i, err)
		}
		rings = append(rings, r)
	}
	return rings, nil
}

func deviceRing(mem []byte, ofs uint64, id int) (*Ring, error) {
	size := uint64(len(mem))
	if ofs%8 != 0 || !within(ofs, uint64(ringSize), size) {
		return nil, fmt.Errorf("at %d: %w", ofs, ErrMalformed)
	}
	h := *at[abi.Ring](mem, int(ofs))
	bufs := ofs + uint64(h.BufOfs)
	if bufs%8 != 0 || h.BufSize < 64 || h.BufSize > maxBufSize || !within(bufs, uint64(h.BufSize)*abi.NETMAP_FIRST_BUF, size) {
		return nil, fmt.Errorf("buffers of %d bytes at %d: %w", h.BufSize, bufs, ErrMalformed)
	}
	r, err := newRing(mem, mem, Place{ID: id, Ofs: int(ofs)}, abi.Grant{
		BufOfs: bufs, BufSize: h.BufSize, BufNum: uint32((size - bufs) / uint64(h.BufSize)),
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, ErrMalformed)
	}
	r.Ctl = nil
	return r, nil
}
