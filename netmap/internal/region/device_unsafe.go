package region

import (
	"fmt"
	"math"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// MapDevice maps what a descriptor of /dev/netmap is bound to, as Map does for a memfd. The module knows no
// control blocks: those of the view are this process's own.
func MapDevice(fd int, grant abi.Grant) (*View, error) {
	if grant.RegionSize > math.MaxInt/2 || grant.Memsize > grant.RegionSize || grant.Memsize == 0 {
		return nil, fmt.Errorf("netmap device: %w: %d bytes", ErrMalformed, grant.RegionSize)
	}
	const access = unix.PROT_READ | unix.PROT_WRITE
	mem, err := unix.Mmap(-1, 0, int(grant.RegionSize), access, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return nil, fmt.Errorf("netmap device: mmap: %w", err)
	}
	start := unsafe.Pointer(unsafe.SliceData(mem))
	_, err = unix.MmapPtr(fd, 0, start, uintptr(grant.Memsize), access, unix.MAP_SHARED|unix.MAP_FIXED)
	if err != nil {
		_ = unix.Munmap(mem)
		return nil, fmt.Errorf("netmap device: mmap: %w", err)
	}
	v, err := parse(mem, grant)
	if err != nil {
		_ = unix.Munmap(mem)
		return nil, fmt.Errorf("netmap device: %w: %w", ErrMalformed, err)
	}
	return v, nil
}
