package vale

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/internal/region"
)

// memory is what the opens of a port share: its region, which lives from the first open to the last.
type memory struct {
	region *region.Region
	port   *region.Port
	owner  []*Open            // of port.Places; nil: not open
	opens  map[*Open]struct{} // that have their rings
	users  int                // opens that are not closed
}

// layout gives what a region for an endpoint looks like.
func layout(iface string, rings, slots int) (region.Spec, region.Geometry, error) {
	spec := region.Spec{
		Name:    iface,
		TxRings: rings, RxRings: rings,
		HostTxRings: 1, HostRxRings: 1,
		TxSlots: slots, RxSlots: slots,
	}
	geo, err := region.Fit(spec, region.Room{Pipes: abi.NMU_PIPES})
	if err != nil {
		return spec, geo, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return spec, geo, nil
}

// MemSize is the size of the region of a port with so many NIC rings each way and slots per ring, in bytes and
// without its control area (nr_memsize). The error is ErrInvalid.
func MemSize(rings, slots int) (int, error) {
	_, geo, err := layout("", rings, slots)
	if err != nil {
		return 0, err
	}
	return geo.MemSize(), nil
}

// newMemory makes a region, or with a file takes one over.
func newMemory(iface string, rings, slots int, file *os.File) (*memory, error) {
	spec, geo, err := layout(iface, rings, slots)
	if err != nil {
		return nil, err
	}
	m := &memory{opens: make(map[*Open]struct{})}
	if file == nil {
		if m.region, err = region.Create("netmap-"+iface, geo); err != nil {
			return nil, err
		}
		m.port, err = m.region.AddPort(spec)
	} else {
		if file, err = duplicate(file, "netmap-"+iface); err != nil {
			return nil, err
		}
		if m.region, err = region.Attach(file, geo); err != nil {
			file.Close()
			return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
		}
		m.port, err = m.region.RestorePort(spec)
	}
	if err != nil {
		m.region.Close()
		return nil, err
	}
	m.owner = make([]*Open, len(m.port.Places))
	return m, nil
}

// is says whether a file is the region's.
func (m *memory) is(f *os.File) bool {
	var a, b unix.Stat_t
	if unix.Fstat(int(m.region.File().Fd()), &a) != nil || onFD(f, func(fd int) error { return unix.Fstat(fd, &b) }) != nil {
		return false
	}
	return a.Dev == b.Dev && a.Ino == b.Ino
}
