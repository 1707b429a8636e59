package region

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// Region is the switch's side of a region: its memfd, mapped. It is not safe for concurrent use, but the
// memory may be used by others while ports and opens are added.
type Region struct {
	file *os.File
	mem  []byte
	geo  Geometry

	ifs, rings []bool // objects in use
	bufs       bufPool
}

// Create makes a region without ports. The name shows in /proc/PID/maps.
func Create(name string, g Geometry) (*Region, error) {
	f, err := newMemfd(name, g.Size())
	if err != nil {
		return nil, err
	}
	r, err := Attach(f, g)
	if err != nil {
		f.Close()
		return nil, err
	}
	return r, nil
}

// Attach maps a region that exists, such as one handed over by a switch that died. The geometry must be
// that of its making. On success the Region owns the file.
func Attach(f *os.File, g Geometry) (*Region, error) {
	mem, err := mapMemfd(f, g.Size())
	if err != nil {
		return nil, err
	}
	return newRegion(f, mem, g), nil
}

// InMemory makes a region in ordinary memory, without a memfd, so that the race detector, which does not see
// mappings, sees both sides of it in one process.
func InMemory(g Geometry) *Region { return newRegion(nil, make([]byte, g.Size()), g) }

func newRegion(f *os.File, mem []byte, g Geometry) *Region {
	return &Region{
		file: f, mem: mem, geo: g,
		ifs: make([]bool, g.IfNum), rings: make([]bool, g.RingNum), bufs: newBufPool(g.BufNum),
	}
}

// File is the memfd; it belongs to the Region.
func (r *Region) File() *os.File { return r.file }

// Mem is the mapped memory, all Size bytes of it, valid until Close.
func (r *Region) Mem() []byte { return r.mem }

// Geometry is what the region was made with.
func (r *Region) Geometry() Geometry { return r.geo }

// HasRoom says whether all rings of a port could be opened now, at once.
func (r *Region) HasRoom(s Spec) bool {
	return free(r.ifs) > 0 && free(r.rings) >= s.rings() && r.bufs.left >= s.Bufs()
}

func free(used []bool) (n int) {
	for _, is := range used {
		if !is {
			n++
		}
	}
	return n
}

// Close unmaps the region and closes the memfd. Programs that mapped it keep their mappings.
func (r *Region) Close() error {
	if r.file == nil {
		return nil
	}
	err := unix.Munmap(r.mem)
	r.mem = nil
	if cerr := r.file.Close(); err == nil {
		err = cerr
	}
	return err
}

// Grant says what a program must know to map the region and find in it what the netmap_if at ifOfs binds of
// this port. The open's mode, flags and kind are the caller's to add.
func (r *Region) Grant(p *Port, ifOfs int) abi.Grant {
	s := p.Spec
	return abi.Grant{
		RegionSize:  uint64(r.geo.Size()),
		Memsize:     uint64(r.geo.MemSize()),
		IfOfs:       uint64(ifOfs),
		RingOfs:     uint64(r.geo.RingOfs()),
		BufOfs:      uint64(r.geo.BufOfs()),
		CtlOfs:      uint64(r.geo.CtlOfs()),
		RingNum:     uint32(r.geo.RingNum),
		RingSize:    uint32(r.geo.RingSize),
		BufNum:      uint32(r.geo.BufNum),
		BufSize:     uint32(r.geo.BufSize),
		TxRings:     uint16(s.TxRings),
		HostTxRings: uint16(s.HostTxRings),
		RxRings:     uint16(s.RxRings),
		HostRxRings: uint16(s.HostRxRings),
	}
}

// AddIf writes a netmap_if for one open of the port, which binds the rings that Select gave, and returns
// its offset (nr_offset).
func (r *Region) AddIf(p *Port, open []bool) (int, error) {
	for i, used := range r.ifs {
		if !used {
			r.ifs[i] = true
			ofs := i * r.geo.IfSize
			r.writeIf(p, ofs, open)
			return ofs, nil
		}
	}
	return 0, fmt.Errorf("port %s: open %d: %w", p.Spec.Name, len(r.ifs)+1, ErrNoRoom)
}

// RestoreIf marks the netmap_if at this offset as in use, in an attached region.
func (r *Region) RestoreIf(ofs int) error {
	i := ofs / r.geo.IfSize
	if ofs < 0 || ofs%r.geo.IfSize != 0 || i >= len(r.ifs) || r.ifs[i] {
		return fmt.Errorf("region %s: no free netmap_if at %d", r.file.Name(), ofs)
	}
	r.ifs[i] = true
	return nil
}

// DropIf gives back what AddIf or RestoreIf took.
func (r *Region) DropIf(ofs int) { r.ifs[ofs/r.geo.IfSize] = false }
