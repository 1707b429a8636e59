package counting

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/rlimit"
)

// Types is where the kernel shows the types of the loaded module.
const Types = "/sys/kernel/btf/netmap"

// ErrNoTypes says that the module was built without type information.
var ErrNoTypes = errors.New("netmap's module has no type information (BTF)")

// Ring is a ring of a port on a switch of the module. Memory is the number of the port's memory, which no other port has
// as long as it is there.
type Ring struct {
	Memory uint16
	_      uint16
	ID     uint32
	Tx     uint32 // 1: a TX ring
}

// maxRings bounds the rings that are counted at a time.
const maxRings = 16384

// Counter counts slots: those that the switch has taken from a TX ring, and those that the program has given back of an RX
// ring. A frame that takes several slots counts as several. It counts for the whole machine, from Start on until Close,
// and keeps the module loaded. It is safe for concurrent use.
type Counter struct {
	counts *ebpf.Map
	links  []link.Link
}

// Start begins to count. The error wraps ErrNoTypes where the module was not built for it.
func Start() (*Counter, error) {
	at, err := findOffsets()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoTypes
	}
	if err != nil {
		return nil, fmt.Errorf("types of netmap's module: %w", err)
	}
	_ = rlimit.RemoveMemlock() // kernels before 5.11 need it; whether it is enough, the next call tells
	c := &Counter{}
	if c.counts, err = ebpf.NewMap(&ebpf.MapSpec{
		Name: "netmap_counts", Type: ebpf.Hash, KeySize: 12, ValueSize: 8, MaxEntries: maxRings,
	}); err != nil {
		return nil, fmt.Errorf("table of counts: %w", err)
	}
	for function, tx := range map[string]bool{"netmap_vale_vp_txsync": true, "netmap_vp_rxsync": false} {
		if err := c.attach(function, at, tx); err != nil {
			return nil, errors.Join(fmt.Errorf("count at %s: %w", function, err), c.Close())
		}
	}
	return c, nil
}

func (c *Counter) attach(function string, at offsets, tx bool) error {
	program, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Name: "netmap_count", Type: ebpf.Tracing, AttachType: ebpf.AttachTraceFEntry, AttachTo: function, License: "GPL",
		Instructions: instructions(at, tx, c.counts.FD()),
	})
	if err != nil {
		return err
	}
	defer program.Close() // the link holds it
	l, err := link.AttachTracing(link.TracingOptions{Program: program})
	if err == nil {
		c.links = append(c.links, l)
	}
	return err
}

// Count is what was counted of a ring, 0 if it was never synced.
func (c *Counter) Count(r Ring) (uint64, error) {
	var n uint64
	err := c.counts.Lookup(&r, &n)
	if errors.Is(err, ebpf.ErrKeyNotExist) {
		return 0, nil
	}
	return n, err
}

// Forget has the ring of a port that begins count from 0: the memory may have been another one's.
func (c *Counter) Forget(r Ring) error {
	err := c.counts.Delete(&r)
	if errors.Is(err, ebpf.ErrKeyNotExist) {
		return nil
	}
	return err
}

// Close ends the counting.
func (c *Counter) Close() error {
	var err error
	for _, l := range c.links {
		err = errors.Join(err, l.Close())
	}
	return errors.Join(err, c.counts.Close())
}
