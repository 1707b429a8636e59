package vale

import (
	"fmt"
	"os"

	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/internal/region"
	"github.com/valelab/valelab/netmap/vale/internal/core"
)

// OpenConfig says which rings of a port a program opens.
type OpenConfig struct {
	Interface string // goes into ni_name
	Mode      uint32 // NR_REG_ALL_NIC, NR_REG_SW, NR_REG_NIC_SW, NR_REG_ONE_NIC or NR_REG_ONE_SW
	RingID    int    // with the two of one ring
	// Flags are NR_TX_RINGS_ONLY, NR_RX_RINGS_ONLY and NR_EXCLUSIVE. Others go back to the program (Register) and
	// change nothing here.
	Flags uint64
	Extra int // buffers that the program wants beside those in its rings
	// Offsets of the rings; nil: what they have. What they get is put there.
	Offsets *Offsets

	// The rings of the port, of its first open: Spec, or for an endpoint so many NIC rings each way with so many
	// slots. Memory is what they lie in; nil: in a memory of the port's own.
	Spec   *region.Spec
	Rings  int
	Slots  int
	Memory *Memory

	// Hold opens the rings for nobody: they are there, and others may open them, as long as this open is.
	Hold bool

	Restore *Restore // of the same open in an engine that is no more; nil: a new open
}

// Restore is what is left of an open whose engine is no more. The files stay the caller's. Bufs, which says what
// buffers of the region are in use, is that of the latest of all opens of the memory.
type Restore struct {
	Files
	Kept
	Bufs []region.Range
}

// Open is a set of rings that a program has opened together. While a port has one with NIC rings it is in netmap mode:
// the switch is at its NIC rings, its socket at the host rings.
type Open struct {
	port  *Port
	rings *ringset

	mode   uint32 // as asked for
	ringID int
	flags  uint64
	extra  int // buffers that it got
	hold   bool

	// Under the engine's lock.
	files    Files    // without the region, which is the memory's
	waker    *os.File // the switch's side of files.Wake
	bound    []int    // places of the rings
	ifOfs    int      // of the netmap_if; -1: none
	core     *core.Open
	detached bool
	closed   bool
}

// OpenRings opens rings of the port. The region is made by the first open of its memory; the geometry is that of the
// port's first. The error is ErrBusy if one of the rings is open and either open is exclusive, ErrInvalid if there
// is no such ring or the port has none, region.ErrNoRoom if the memory is full.
//
// With Restore the open carries on where an engine that is no more has left it; the switch's state must be that
// engine's, too.
func (p *Port) OpenRings(cfg OpenConfig) (*Open, error) {
	p.sw.engine.mu.Lock()
	defer p.sw.engine.mu.Unlock()
	o, err := p.open(cfg)
	if err != nil {
		return nil, fmt.Errorf("switch %s: port %s: open: %w", p.sw.name, p.name, err)
	}
	p.sw.engine.spinUp()
	return o, nil
}

func (p *Port) open(cfg OpenConfig) (*Open, error) {
	switch {
	case p.gone:
		return nil, ErrClosed
	case p.attachment != nil && p.attachment.port == p:
		return nil, fmt.Errorf("%w: it is attached to switch %s", ErrBusy, p.attachment.place.sw.name)
	case p.mode == ModeMonitor && p.monitored == nil:
		return nil, ErrClosed
	case p.mode != ModeSocket && p.mode != ModePort && p.mode != ModeMonitor:
		return nil, fmt.Errorf("%w: the port of a %s has no rings", ErrInvalid, p.mode)
	}
	rings, err := p.joinRings(cfg)
	if err != nil {
		return nil, err
	}
	o := &Open{port: p, rings: rings, mode: cfg.Mode, ringID: cfg.RingID, flags: cfg.Flags, hold: cfg.Hold, ifOfs: -1}
	if err := o.start(cfg); err != nil {
		o.end()
		return nil, err
	}
	return o, nil
}

// joinRings finds the port's rings, or makes them for its first open, and counts the open as a user of the memory.
func (p *Port) joinRings(cfg OpenConfig) (*ringset, error) {
	if p.rings != nil {
		return p.rings, p.rings.memory.join(cfg.Restore)
	}
	spec, geo := region.Spec{}, region.Geometry{}
	var err error
	if cfg.Spec != nil {
		spec = *cfg.Spec
		geo, err = region.Fit(spec, region.Room{Pipes: abi.NMU_PIPES, Extra: cfg.Extra})
	} else {
		spec, geo, err = layout(cfg.Interface, cfg.Rings, cfg.Slots)
	}
	if err != nil {
		return nil, err
	}
	m := cfg.Memory
	if m == nil {
		m = NewMemory(cfg.Interface, geo)
	}
	if err := m.join(cfg.Restore); err != nil {
		return nil, err
	}
	rings, err := newRingset(m, spec)
	if err != nil {
		m.leave()
		return nil, err
	}
	return rings, nil
}

// Close takes the rings away from the program, which finds its port detached. With the last open, the port
// is in socket mode again at once.
func (o *Open) Close() error {
	o.port.sw.engine.mu.Lock()
	defer o.port.sw.engine.mu.Unlock()
	o.end()
	return nil
}

// eachOpen calls f with all opens of the port that have their rings.
func (p *Port) eachOpen(f func(*Open)) {
	if p.rings == nil {
		return
	}
	for o := range p.rings.opens {
		f(o)
	}
}

// detach takes the rings away, as far as start came. What the open's owner may be using stays.
func (o *Open) detach() {
	if o.detached {
		return
	}
	o.detached = true
	p, s := o.port, o.rings
	delete(s.opens, o)
	s.disown(o)
	last := len(s.opens) == 0 && p.rings == s
	p.sw.worker.do(func() {
		if o.core != nil {
			o.core.Close()
		}
		if p.rings == s {
			p.setNetmap()
		}
	})
	if o.ifOfs >= 0 {
		if o.extra > 0 {
			s.memory.region.GiveExtra(o.ifOfs)
		}
		s.memory.region.DropIf(o.ifOfs)
	}
	s.release(o)
	if last {
		p.rings = nil
	}
	if !p.inUse() {
		p.endMonitors()
	}
}

// end undoes start as far as it came, and frees the region with its last open.
func (o *Open) end() {
	if o.closed {
		return
	}
	o.closed = true
	o.detach()
	for _, f := range []*os.File{o.files.Kick, o.files.Wake, o.waker} {
		if f != nil {
			f.Close()
		}
	}
	o.rings.memory.leave()
}
