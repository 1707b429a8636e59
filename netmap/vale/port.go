package vale

import (
	"fmt"

	"github.com/valelab/valelab/netmap/vale/internal/core"
)

// Port is a port of a switch.
type Port struct {
	sw    *Switch
	name  string
	index int
	mode  string // without a program

	// Under the engine's lock.
	gone  bool
	core  *core.Port
	trunk *Trunk
	rings *ringset // of its opens; nil: none
	taps  []*tap   // of captures
	peer  *Port    // the other end of the pipe; nil: it is none

	monitors  []*Port // of this port
	monitored *Port   // whose monitor it is; nil: it is none, or that port's program is gone

	attachment *Attachment // to a second switch, or this port's place there; nil: none
}

// AttachSocket makes a port on an AF_PACKET socket (OpenPacketSocket) and puts it to use. index is the port's
// place in the switch, -1 for any. mtu is the largest Ethernet payload that may go out, in bytes. The socket
// stays the caller's, who closes it after Detach.
func (s *Switch) AttachSocket(name string, index, sock, mtu int) (*Port, error) {
	s.engine.mu.Lock()
	defer s.engine.mu.Unlock()
	return s.attach(ModeSocket, name, index, sock, mtu)
}

// AttachUplink is AttachSocket for the socket of an interface of the machine.
func (s *Switch) AttachUplink(name string, index, sock, mtu int) (*Port, error) {
	s.engine.mu.Lock()
	defer s.engine.mu.Unlock()
	return s.attach(ModeUplink, name, index, sock, mtu)
}

// AttachPort makes a port that has nothing but the rings that programs open: what comes while there are none is lost.
func (s *Switch) AttachPort(name string, index int) (*Port, error) {
	s.engine.mu.Lock()
	defer s.engine.mu.Unlock()
	return s.attach(ModePort, name, index, -1, 0)
}

// attach makes a port; no socket: sock is -1.
func (s *Switch) attach(mode, name string, index, sock, mtu int) (*Port, error) {
	index, err := s.claim(name, index)
	if err != nil {
		return nil, fmt.Errorf("switch %s: port %s: %w", s.name, name, err)
	}
	p := &Port{sw: s, name: name, index: index, mode: mode}
	s.worker.do(func() {
		if sock < 0 {
			p.core, err = s.core.NewPlain(index)
		} else {
			p.core, err = s.core.NewSocket(index, sock, mtu)
		}
	})
	if err != nil {
		s.release(index)
		return nil, fmt.Errorf("switch %s: port %s: %w", s.name, name, err)
	}
	s.add(p)
	return p, nil
}

// Name is the port's name.
func (p *Port) Name() string { return p.name }

// Is says whether the event is about this port.
func (p *Port) Is(event Event) bool { return p.name == event.Port && p.sw.name == event.Switch }

// Switch is the port's switch.
func (p *Port) Switch() *Switch { return p.sw }

// Attached says whether the port has a place on a second switch, which has its rings then.
func (p *Port) Attached() bool {
	p.sw.engine.mu.Lock()
	defer p.sw.engine.mu.Unlock()
	return p.attachment != nil && p.attachment.port == p
}

// Index is the port's place in the switch.
func (p *Port) Index() int { return p.index }

// SetHeader says that each frame in the rings of a port that has nothing else has a virtio-net header of n bytes before
// it: 0, 10 or 12. Between ports with different lengths it is made, or taken off; a receiver without one gets frames
// whose checksums are complete, and super-frames as their segments.
func (p *Port) SetHeader(n int) error {
	p.sw.engine.mu.Lock()
	defer p.sw.engine.mu.Unlock()
	switch {
	case p.gone:
		return ErrClosed
	case n != 0 && n != 10 && n != 12, p.mode != ModePort:
		return fmt.Errorf("port %s: %w: header of %d bytes", p.name, ErrInvalid, n)
	}
	p.sw.worker.do(func() { p.core.SetHeader(n) })
	return nil
}

// Header is what SetHeader said last, also before a restart.
func (p *Port) Header() int {
	p.sw.engine.mu.Lock()
	defer p.sw.engine.mu.Unlock()
	return p.sw.state.Header(p.index)
}

// Detach ends the port: its opens are closed, its counters and its entries in the MAC table forgotten. The
// port of a trunk is detached by Trunk.Close only.
func (p *Port) Detach() error {
	p.sw.engine.mu.Lock()
	defer p.sw.engine.mu.Unlock()
	if p.trunk != nil {
		return fmt.Errorf("port %s: %w: it is a trunk's", p.name, ErrInvalid)
	}
	p.detach()
	return nil
}

func (p *Port) detach() {
	if p.gone {
		return
	}
	if p.attachment != nil {
		place := p != p.attachment.port
		p.attachment.close()
		if place {
			return
		}
	}
	p.gone = true
	p.eachOpen((*Open).end)
	p.endMonitors()
	p.endMonitor()
	for len(p.taps) > 0 {
		p.taps[0].end()
	}
	p.sw.worker.do(p.core.Free)
	p.sw.release(p.index)
	p.sw.remove(p)
}
