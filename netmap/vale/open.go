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

// Kept is what a server must remember of an open, beside its config and its Files, to restore it.
type Kept struct {
	IfOfs   int   `json:"if"`
	Objects []int `json:"rings"` // where the rings lie
	Extra   int   `json:"extra,omitempty"`
	// Offsets of the rings; empty: none have any.
	Offsets []RingOffsets `json:"offsets,omitempty"`
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

// start does the work of an open. After an error, end takes back what was done.
func (o *Open) start(cfg OpenConfig) error {
	if err := o.rings.bind(o, cfg); err != nil {
		return err
	}
	if err := o.takeOffsets(cfg); err != nil {
		return err
	}
	if !o.hold {
		if err := o.takeIf(cfg); err != nil {
			return err
		}
		if err := o.makeFiles(cfg.Restore); err != nil {
			return err
		}
	}
	var err error
	o.port.sw.worker.do(func() { err = o.connect(cfg.Restore != nil) })
	return err
}

// takeOffsets gives the rings the offsets that the open wants, or had.
func (o *Open) takeOffsets(cfg OpenConfig) error {
	switch {
	case cfg.Restore != nil:
		return o.rings.restoreOffsets(o, cfg.Restore.Offsets)
	case cfg.Offsets != nil:
		return o.rings.setOffsets(o, cfg.Offsets)
	}
	return nil
}

// takeIf takes a netmap_if and the extra buffers, whose list begins there.
func (o *Open) takeIf(cfg OpenConfig) (err error) {
	r := o.rings.memory.region
	if cfg.Restore != nil {
		if err := r.RestoreIf(cfg.Restore.IfOfs); err != nil {
			return fmt.Errorf("%w: %w", ErrInvalid, err)
		}
		o.ifOfs, o.extra = cfg.Restore.IfOfs, cfg.Restore.Extra
		return nil
	}
	bound := make([]bool, len(o.rings.port.Places))
	for _, i := range o.bound {
		bound[i] = true
	}
	ofs, err := r.AddIf(o.rings.port, bound)
	if err != nil {
		return err
	}
	o.ifOfs = ofs
	if cfg.Extra > 0 {
		var head uint32
		head, o.extra = r.TakeExtra(cfg.Extra)
		r.SetExtra(ofs, head)
	}
	return nil
}

// makeFiles makes the descriptors, or takes them over.
func (o *Open) makeFiles(restore *Restore) (err error) {
	if restore == nil {
		if o.files.Kick, err = newKick(); err != nil {
			return err
		}
		if o.files.Wake, err = newWake(); err != nil {
			return err
		}
	} else {
		if o.files.Kick, err = duplicate(restore.Kick, "kick"); err != nil {
			return err
		}
		if o.files.Wake, err = duplicate(restore.Wake, "wake"); err != nil {
			return err
		}
	}
	o.waker, err = openWaker(o.files.Wake)
	return err
}

// connect gives the rings to the core. The worker's thread runs it.
func (o *Open) connect(restored bool) error {
	p, s := o.port, o.rings
	kick, wake := -1, -1
	if !o.hold {
		kick, wake = int(o.files.Kick.Fd()), int(o.waker.Fd())
	}
	if p.rings == nil && !restored {
		p.sw.state.Rewind(p.index)
	}
	c, err := p.core.NewOpen(kick, wake)
	if err != nil {
		return err
	}
	for _, i := range o.bound {
		if err := c.AddRing(s.memory.region, s.port.Places[i], restored); err != nil {
			c.Close()
			return err
		}
	}
	o.core = c
	p.rings = s
	p.setNetmap()
	return nil
}

// setNetmap puts the port into netmap mode, or into socket mode if nobody has its NIC rings: what comes to the host
// rings then goes past them. The worker's thread runs it.
func (p *Port) setNetmap() {
	on := p.rings.nicOpen()
	p.core.SetNetmap(on, p.rings.port.Spec.RxRings)
}

// ringID names a place's ring in the port's state.
func ringID(at region.Place) core.RingID {
	id := core.RingID{Tx: at.Tx, Host: at.Host}
	if !at.Host {
		id.Ring = at.ID
	}
	return id
}

// Files are the descriptors for the program. They belong to the open and stay as they are until it is closed,
// also when the engine takes the rings away.
func (o *Open) Files() Files {
	f := o.files
	f.Region = o.rings.memory.region.File()
	return f
}

// Kept is what to remember of the open.
func (o *Open) Kept() Kept {
	o.port.sw.engine.mu.Lock()
	defer o.port.sw.engine.mu.Unlock()
	k := Kept{IfOfs: o.ifOfs, Extra: o.extra}
	if !o.detached {
		k.Objects = o.rings.objects(o)
		k.Offsets = o.rings.ringOffsets(o)
	}
	return k
}

// UsedBufs says which buffers of the open's memory are in use, for Restore.
func (o *Open) UsedBufs() []region.Range {
	o.port.sw.engine.mu.Lock()
	defer o.port.sw.engine.mu.Unlock()
	return o.rings.memory.region.UsedBufs()
}

// Grant is what a program must know beyond the netmap_if to map the region.
func (o *Open) Grant() abi.Grant {
	g := o.rings.memory.region.Grant(o.rings.port, o.ifOfs)
	g.Mode, g.Flags = o.mode, o.flags
	return g
}

// Register is the body of the answer to the program.
func (o *Open) Register() abi.ReqRegister {
	spec := o.rings.port.Spec
	return abi.ReqRegister{
		Offset:      uint64(o.ifOfs),
		Memsize:     uint64(o.rings.memory.geo.MemSize()),
		TxSlots:     uint32(spec.TxSlots),
		RxSlots:     uint32(spec.RxSlots),
		TxRings:     uint16(spec.TxRings),
		RxRings:     uint16(spec.RxRings),
		HostTxRings: hostRings(spec, spec.HostTxRings),
		HostRxRings: hostRings(spec, spec.HostRxRings),
		Mode:        o.mode,
		RingID:      uint16(o.ringID),
		ExtraBufs:   uint32(o.extra),
		Flags:       o.flags,
	}
}

// hostRings is the number that a program is told of n host rings.
func hostRings(spec region.Spec, n int) uint16 {
	if spec.Hostless {
		return 0
	}
	return uint16(n)
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
