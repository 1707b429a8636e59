package agent

import (
	"errors"

	"github.com/valelab/valelab/netmap/vale"
)

// lan is what a switch of the lab is made of: one of package vale, or one of
// netmap's module.
type lan interface {
	// attach makes an endpoint's device a port.
	attach(e *endpoint) (port, error)
	// attachUplink makes an interface of the machine one.
	attachUplink(u *uplink) (port, error)
	// connect links it with another of its kind; name is that of the trunk.
	connect(to lan, name string) (cable, error)
	// close ends it. It has no ports.
	close() error
}

// port is a port of a lan. Its name is unique on it.
type port interface {
	Name() string
	Index() int
	Detach() error
	// Rebind gives it the socket of a device that was made anew.
	Rebind(sock, mtu int) error
}

// cable is a link between two switches.
type cable interface{ Close() error }

// userLAN is a switch of package vale.
type userLAN struct{ *vale.Switch }

func (l userLAN) attach(e *endpoint) (port, error) {
	p, err := l.AttachSocket(e.name(), e.At.Port, e.sock, e.Spec.MTU)
	if err != nil {
		return nil, err
	}
	e.vale = p
	return p, nil
}

func (l userLAN) attachUplink(u *uplink) (port, error) {
	return asPort(l.AttachUplink(u.Interface, u.At.Port, u.sock, uplinkMTU))
}

func (l userLAN) connect(to lan, name string) (cable, error) {
	other, ok := to.(userLAN)
	if !ok {
		return nil, errMixed
	}
	t, err := vale.Connect(l.Switch, other.Switch, name)
	if err != nil {
		return nil, err
	}
	return t, nil
}

func (l userLAN) close() error { return l.Close() }

// errMixed says that a lab has switches of both kinds.
var errMixed = errors.New("one switch is the module's, the other is not")

// asPort keeps a nil *vale.Port from becoming a port.
func asPort(p *vale.Port, err error) (port, error) {
	if err != nil {
		return nil, err
	}
	return p, nil
}
