package region

import (
	"fmt"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// NICToHost turns the only NIC rings of an open, one each way or one of them, into its host rings: their places in
// the netmap_if are exchanged, and the rings say so.
func NICToHost(mem []byte, grant abi.Grant) error {
	if grant.TxRings != 1 || grant.HostTxRings != 1 || grant.RxRings != 1 || grant.HostRxRings != 1 ||
		grant.IfOfs%8 != 0 || !within(grant.IfOfs, uint64(ifSize)+8*4, uint64(len(mem))) {
		return fmt.Errorf("%w: host rings of a port with %d and %d rings", ErrMalformed, grant.TxRings, grant.RxRings)
	}
	ofs := array[int64](mem, int(grant.IfOfs)+ifSize, 4) // NIC tx, host tx, NIC rx, host rx
	for _, nic := range []int{0, 2} {
		if ofs[nic] == 0 {
			continue
		}
		at64 := grant.IfOfs + uint64(ofs[nic])
		if at64%8 != 0 || !within(at64, uint64(ringSize), uint64(len(mem))) {
			return fmt.Errorf("%w: ring at %d", ErrMalformed, at64)
		}
		at[abi.Ring](mem, int(at64)).RingID = 1
		ofs[nic+1], ofs[nic] = ofs[nic], 0
	}
	return nil
}
