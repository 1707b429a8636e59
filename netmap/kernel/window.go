package kernel

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/internal/region"
)

// Position is where an open ring stands.
type Position = region.Position

// Window shows where the rings of a port stand to one who has no part in it. It holds the port's memory, not the
// port: that goes with its programs, and then the window is to be closed, for the memory to go as well. It takes one
// of the netmap_ifs that the memory has room for (twelve of an ordinary port).
//
// It maps the memory for reading only and believes nothing there. One goroutine uses it.
type Window struct {
	device Device
	mem    []byte
	pools  PoolsInfo
	port   string
}

// OpenWindow opens a window into the memory of a port, SWITCH:PORT, which must be there and open. ENOMEM: the
// memory has room for no further open.
func OpenWindow(port string) (*Window, error) {
	device, err := Open()
	if err != nil {
		return nil, err
	}
	w := &Window{device: device, port: port}
	if err := w.open(); err != nil {
		_ = device.Close()
		return nil, refused("look into", port, err)
	}
	return w, nil
}

// open binds the device to no ring of the memory, and maps that.
func (w *Window) open() error {
	info, err := w.device.Info(w.port)
	if err != nil {
		return err
	}
	null := Register{Mode: abi.NR_REG_NULL, MemID: info.MemID}
	if _, err := control(w.device, abi.NETMAP_REQ_REGISTER, w.port, &null); err != nil {
		return err
	}
	// The port may have come to be another one meanwhile. The memory can't: it is held now.
	if w.pools, err = w.device.Pools(w.port); err != nil {
		return err
	}
	if w.pools.MemID != info.MemID || w.pools.Memsize != info.Memsize {
		return fmt.Errorf("its memory is %d and %d: %w", info.MemID, w.pools.MemID, unix.EAGAIN)
	}
	w.mem, err = unix.Mmap(int(w.device), 0, int(info.Memsize), unix.PROT_READ, unix.MAP_SHARED)
	return err
}

// Memory is the number of the port's memory.
func (w *Window) Memory() uint16 { return w.pools.MemID }

// Still says whether the port that now has the name is the one of the window.
func (w *Window) Still() bool {
	info, err := w.device.Info(w.port)
	return err == nil && info.MemID == w.pools.MemID
}

// Positions appends those of the rings that programs have open. Head and Cur are what a program has written last,
// be it synced or not; Tail is the module's, as of the program's last sync. A program that writes nonsense into its
// rings has none.
func (w *Window) Positions(out []Position) []Position {
	return region.Look(w.mem, &w.pools, w.port, out)
}

// Close gives the memory back.
func (w *Window) Close() error {
	err := unix.Munmap(w.mem)
	if cerr := w.device.Close(); err == nil {
		err = cerr
	}
	return err
}
