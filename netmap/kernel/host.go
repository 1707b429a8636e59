package kernel

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/internal/region"
)

// AsHost makes the rings of a registration, one each way, look like the host rings of a port whose NIC rings are
// not open: in the netmap_if that the program will map, in the grant and in the body. That the other side of them
// is a stack is the caller's work. The module itself does not look at any of this again.
func (d Device) AsHost(grant *Grant, body *Register) error {
	mem, err := unix.Mmap(int(d), 0, int(grant.Memsize), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return fmt.Errorf("netmap: mmap: %w", err)
	}
	defer unix.Munmap(mem)
	if err := region.NICToHost(mem, *grant); err != nil {
		return err
	}
	grant.Mode, body.Mode = abi.NR_REG_SW, abi.NR_REG_SW
	body.HostTxRings, body.HostRxRings = 1, 1
	return nil
}
