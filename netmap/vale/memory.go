package vale

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/internal/region"
)

// Memory is what the rings of ports lie in: netmap's memory region. Ports that share one can swap buffers. It takes
// no room while none of its ports is open; the region lives from the first open to the last.
type Memory struct {
	name string
	geo  region.Geometry

	// Under the engine's lock.
	region *region.Region // nil: nothing is open
	users  int            // opens that are not closed
}

// NewMemory describes a memory of this geometry. The name shows in /proc/PID/maps.
func NewMemory(name string, geo region.Geometry) *Memory { return &Memory{name: name, geo: geo} }

// Geometry is that of the region.
func (m *Memory) Geometry() region.Geometry { return m.geo }

// HasRoom says whether all rings of a port of this spec could be opened in a memory now, at once.
func (e *Engine) HasRoom(m *Memory, spec region.Spec) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return m.region == nil || m.region.HasRoom(spec)
}

// join makes the region, with a file takes it over, or finds that it is there. leave takes it back.
func (m *Memory) join(restore *Restore) (err error) {
	switch {
	case m.region != nil:
		if restore != nil && !m.is(restore.Region) {
			return fmt.Errorf("%w: not the region of the port's other opens", ErrInvalid)
		}
	case restore == nil:
		if m.region, err = region.Create("netmap-"+m.name, m.geo); err != nil {
			return err
		}
	default:
		file, err := duplicate(restore.Region, "netmap-"+m.name)
		if err != nil {
			return err
		}
		if m.region, err = region.Attach(file, m.geo); err != nil {
			m.region = nil
			file.Close()
			return fmt.Errorf("%w: %w", ErrInvalid, err)
		}
		m.region.RestoreBufs(restore.Bufs)
	}
	m.users++
	return nil
}

func (m *Memory) leave() {
	if m.users--; m.users == 0 {
		m.region.Close()
		m.region = nil
	}
}

// is says whether a file is the region's.
func (m *Memory) is(f *os.File) bool {
	var a, b unix.Stat_t
	if unix.Fstat(int(m.region.File().Fd()), &a) != nil || onFD(f, func(fd int) error { return unix.Fstat(fd, &b) }) != nil {
		return false
	}
	return a.Dev == b.Dev && a.Ino == b.Ino
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
	if rings < 1 {
		return spec, geo, fmt.Errorf("%w: no rings", ErrInvalid)
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
