package kernel

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// Register binds the descriptor to rings: of a network device, or of a port SWITCH:PORT, which is made if it is
// not there and then lasts as long as the descriptor. want says which rings, and what a port that is made is to
// be like; it holds afterwards what there is. The grant says how to map them.
//
// EINVAL may also mean that the port is called like a network device of the namespace.
func (d Device) Register(name string, want *Register) (Grant, error) {
	if _, err := control(d, abi.NETMAP_REQ_REGISTER, name, want); err != nil {
		return Grant{}, refused("open", name, err)
	}
	control, err := Open()
	if err != nil {
		return Grant{}, err
	}
	defer control.Close()
	pools, err := control.Pools(name)
	if err != nil {
		return Grant{}, err
	}
	if pools.MemID != want.MemID {
		return Grant{}, refused("open", name, fmt.Errorf("its memory is %d and %d: %w", want.MemID, pools.MemID, unix.EIO))
	}
	return newGrant(want, &pools), nil
}

// newGrant says how a registration is to be mapped. Behind the module's memory come control blocks of the
// program's own, since the module has none; see [region.MapDevice].
func newGrant(got *Register, pools *PoolsInfo) Grant {
	g := Grant{
		Memsize: got.Memsize, IfOfs: got.Offset,
		RingOfs: pools.RingOfs, RingNum: pools.RingNum, RingSize: pools.RingSize,
		BufOfs: pools.BufOfs, BufNum: pools.BufNum, BufSize: pools.BufSize,
		CtlOfs: (got.Memsize + abi.NMU_PAGE - 1) / abi.NMU_PAGE * abi.NMU_PAGE,
		Flags:  got.Flags, Mode: got.Mode, Kind: abi.NMU_NATIVE,
		TxRings: got.TxRings, HostTxRings: got.HostTxRings, RxRings: got.RxRings, HostRxRings: got.HostRxRings,
	}
	if g.HostTxRings == 0 { // a port of a switch says 0 and has places for one each way
		g.HostTxRings = 1
	}
	if g.HostRxRings == 0 {
		g.HostRxRings = 1
	}
	g.RegionSize = g.CtlOfs + uint64(g.RingNum)*abi.NMU_CTL_SIZE
	return g
}
