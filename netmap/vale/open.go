package vale

import (
	"fmt"
	"os"
	"slices"

	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/internal/region"
	"github.com/valelab/valelab/netmap/vale/internal/core"
)

// OpenConfig says which rings of a port a program opens.
type OpenConfig struct {
	Interface string // goes into ni_name
	Mode      uint32 // NR_REG_ALL_NIC, NR_REG_SW, NR_REG_NIC_SW or NR_REG_ONE_NIC
	RingID    int    // with NR_REG_ONE_NIC
	// Flags are NR_TX_RINGS_ONLY and NR_RX_RINGS_ONLY. Others go back to the program (Register) and change
	// nothing here: a ring has one owner with NR_EXCLUSIVE or without, and NR_NO_TX_POLL is the program's affair.
	Flags   uint64
	Rings   int    // geometry, of the port's first open: NIC rings each way
	Slots   int    // and slots per ring
	Restore *Files // of the same open in an engine that is no more; nil: a new open
}

// Open is a set of rings that a program has opened together. While a port has one it is in netmap mode: the
// switch is at its NIC rings, its socket at the host rings.
type Open struct {
	port   *Port
	memory *memory

	mode   uint32 // as asked for
	ringID int
	flags  uint64

	// Under the engine's lock.
	files    Files    // without the region, which is the memory's
	waker    *os.File // the switch's side of files.Wake
	bound    []int    // places of the rings
	ifOfs    int      // of the netmap_if; -1: none
	core     *core.Open
	detached bool
	closed   bool
}

// OpenRings opens rings of the port. The region is made by the first open and shared by the others, whose
// geometry is then that of the first. The error is ErrBusy if one of the rings is open, ErrInvalid if there
// is no such ring or the port has none.
//
// With Restore, which stays the caller's, the open carries on where an engine that is no more has left it;
// the switch's state must be that engine's, too.
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
	case p.mode != ModeSocket:
		return nil, fmt.Errorf("%w: the port of a %s has no rings", ErrInvalid, p.mode)
	}
	m := p.memory
	if m == nil {
		var err error
		if m, err = p.newMemory(cfg); err != nil {
			return nil, err
		}
	} else if cfg.Restore != nil && !m.is(cfg.Restore.Region) {
		return nil, fmt.Errorf("%w: not the region of the port's other opens", ErrInvalid)
	}
	o := &Open{port: p, memory: m, mode: cfg.Mode, ringID: cfg.RingID, flags: cfg.Flags, ifOfs: -1}
	m.users++
	if err := o.start(cfg); err != nil {
		o.end()
		return nil, err
	}
	return o, nil
}

// newMemory makes the region of the port's first open, or takes it over.
func (p *Port) newMemory(cfg OpenConfig) (*memory, error) {
	if cfg.Restore == nil {
		return newMemory(cfg.Interface, cfg.Rings, cfg.Slots, nil)
	}
	rings, slots := p.sw.state.Geometry(p.index)
	return newMemory(cfg.Interface, rings, slots, cfg.Restore.Region)
}

// start does the work of an open. After an error, end takes back what was done.
func (o *Open) start(cfg OpenConfig) error {
	if err := o.bind(cfg); err != nil {
		return err
	}
	if err := o.makeFiles(cfg.Restore); err != nil {
		return err
	}
	var err error
	o.port.sw.worker.do(func() { err = o.connect(cfg.Restore != nil) })
	return err
}

// bind takes the rings and a netmap_if.
func (o *Open) bind(cfg OpenConfig) error {
	m := o.memory
	bound, err := m.port.Select(cfg.Mode, uint16(cfg.RingID), cfg.Flags)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	for i, is := range bound {
		if is && m.owner[i] != nil {
			return ErrBusy
		}
	}
	if !slices.Contains(bound, true) {
		return fmt.Errorf("%w: no ring", ErrInvalid)
	}
	m.opens[o] = struct{}{}
	for i, is := range bound {
		if is {
			m.owner[i] = o
			o.bound = append(o.bound, i)
		}
	}
	if cfg.Restore != nil {
		ofs := o.port.sw.state.Owner(o.port.index, ringID(m.port.Places[o.bound[0]]))
		if err := m.region.RestoreIf(ofs); err != nil {
			return fmt.Errorf("%w: %w", ErrInvalid, err)
		}
		o.ifOfs = ofs
		return nil
	}
	for _, i := range o.bound {
		m.region.ResetRing(m.port, i)
	}
	o.ifOfs, err = m.region.AddIf(m.port, bound)
	if err != nil {
		o.ifOfs = -1
	}
	return err
}

// makeFiles makes the descriptors, or takes them over.
func (o *Open) makeFiles(restore *Files) (err error) {
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
	p, m := o.port, o.memory
	c, err := p.core.NewOpen(int(o.files.Kick.Fd()), int(o.waker.Fd()))
	if err != nil {
		return err
	}
	for _, i := range o.bound {
		at := m.port.Places[i]
		if err := c.AddRing(m.region, at, restored); err != nil {
			c.Close()
			return err
		}
		p.sw.state.SetOwner(p.index, ringID(at), o.ifOfs)
	}
	o.core = c
	if p.memory == nil {
		spec := m.port.Spec
		p.sw.state.SetGeometry(p.index, spec.TxRings, spec.TxSlots)
		p.core.SetNetmap(spec.TxRings)
		p.memory = m
	}
	return nil
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
	f.Region = o.memory.region.File()
	return f
}

// Grant is what a program must know beyond the netmap_if to map the region.
func (o *Open) Grant() abi.Grant {
	g := o.memory.region.Grant(o.memory.port, o.ifOfs)
	g.Mode, g.Flags = o.mode, o.flags
	return g
}

// Register is the body of the answer to the program.
func (o *Open) Register() abi.ReqRegister {
	spec := o.memory.port.Spec
	return abi.ReqRegister{
		Offset:      uint64(o.ifOfs),
		Memsize:     uint64(o.memory.region.Geometry().MemSize()),
		TxSlots:     uint32(spec.TxSlots),
		RxSlots:     uint32(spec.RxSlots),
		TxRings:     uint16(spec.TxRings),
		RxRings:     uint16(spec.RxRings),
		HostTxRings: uint16(spec.HostTxRings),
		HostRxRings: uint16(spec.HostRxRings),
		Mode:        o.mode,
		RingID:      uint16(o.ringID),
		Flags:       o.flags,
	}
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
	if p.memory == nil {
		return
	}
	for o := range p.memory.opens {
		f(o)
	}
}

// detach takes the rings away, as far as start came. What the open's owner may be using stays.
func (o *Open) detach() {
	if o.detached {
		return
	}
	o.detached = true
	p, m := o.port, o.memory
	delete(m.opens, o)
	last := len(m.opens) == 0
	p.sw.worker.do(func() {
		if o.core != nil {
			o.core.Close()
		}
		if last && p.memory == m {
			p.core.SetNetmap(0)
			p.sw.state.SetGeometry(p.index, 0, 0)
		}
	})
	for _, i := range o.bound {
		m.owner[i] = nil
	}
	if o.ifOfs >= 0 {
		m.region.DropIf(o.ifOfs)
	}
	if last && p.memory == m {
		p.memory = nil
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
	if o.memory.users--; o.memory.users == 0 {
		o.memory.region.Close()
	}
}
