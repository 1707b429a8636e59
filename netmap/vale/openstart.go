package vale

import (
	"fmt"

	"github.com/valelab/valelab/netmap/internal/region"
	"github.com/valelab/valelab/netmap/vale/internal/core"
)

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
	return core.RingID{Tx: at.Tx, Host: at.Host, Ring: at.Index}
}
