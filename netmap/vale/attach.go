package vale

import (
	"fmt"

	"github.com/valelab/valelab/netmap/vale/internal/core"
)

// Attachment is a port's place on a second switch, as netmap's VALE_ATTACH gives it to a network device: what comes to
// the port, from its own switch, comes out of the place at the second one, and the other way round. Meanwhile nobody
// can open the port, and its socket is cut off, or has a place at the second switch, too.
type Attachment struct {
	port  *Port
	place *Port // at the second switch
	stack *Port // the socket's place there; nil: it has none
}

// AttachTo gives the port a place on another switch of the engine under this name and index (-1: any), and with a stack
// name its socket, too. The error is ErrBusy if somebody has the port open, or it has such a place already.
func (p *Port) AttachTo(s *Switch, name string, index int, stack string) (*Attachment, error) {
	p.sw.engine.mu.Lock()
	defer p.sw.engine.mu.Unlock()
	t := &Attachment{port: p}
	if err := t.start(s, name, index, stack); err != nil {
		t.close()
		return nil, fmt.Errorf("switch %s: port %s to switch %s: %w", p.sw.name, p.name, s.name, err)
	}
	return t, nil
}

func (t *Attachment) start(s *Switch, name string, index int, stack string) (err error) {
	p := t.port
	switch {
	case p.gone:
		return ErrClosed
	case p.sw == s, p.sw.engine != s.engine, p.mode == ModeTrunk, stack != "" && p.mode == ModePort:
		return ErrInvalid
	case p.rings != nil || p.attachment != nil:
		return ErrBusy
	}
	place, err := s.attach(ModeTrunk, name, index, -1, 0)
	if err != nil {
		return err
	}
	both(p.sw, s, func() { err = core.ConnectTrunk(p.core, place.core) })
	if err != nil {
		place.detach()
		return err
	}
	t.place, place.attachment, p.attachment = place, t, t
	if stack == "" {
		return nil
	}
	if place, err = s.attach(ModeTrunk, stack, -1, -1, 0); err != nil {
		return err
	}
	both(p.sw, s, func() { err = core.ConnectStack(p.core, place.core) })
	if err != nil {
		place.detach()
		return err
	}
	t.stack, place.attachment = place, t
	return nil
}

// Place is the port at the second switch.
func (t *Attachment) Place() *Port { return t.place }

// Stack is the port of the socket at the second switch, or nil.
func (t *Attachment) Stack() *Port { return t.stack }

// Close takes the port off the second switch. It may be closed already, with either port.
func (t *Attachment) Close() error {
	t.port.sw.engine.mu.Lock()
	defer t.port.sw.engine.mu.Unlock()
	t.close()
	return nil
}

// close undoes start as far as it came.
func (t *Attachment) close() {
	if t.port.attachment != t {
		return
	}
	t.port.attachment = nil
	if t.stack != nil {
		both(t.port.sw, t.stack.sw, func() { core.DisconnectStack(t.port.core, t.stack.core) })
		t.stack.attachment = nil
		t.stack.detach()
	}
	both(t.port.sw, t.place.sw, func() { core.DisconnectTrunk(t.port.core, t.place.core) })
	t.place.attachment = nil
	t.place.detach()
}
