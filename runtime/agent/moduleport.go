package agent

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/kernel"
	"github.com/valelab/valelab/runtime/wiring"
)

// modulePort is an endpoint on a switch of the module. Its device is the port as
// long as no program has the endpoint open. A program that opens the NIC rings
// gets a port of the module's in the device's place; one that opens the host
// rings gets a port of a small switch on which the device is the other one,
// since ports of a switch have no host rings. Programs' ports last as long as
// their descriptors, of which the agent keeps none: what is open, the module is
// asked. Its methods are called with the agent's lock.
type modulePort struct {
	agent    *agent
	endpoint *endpoint
	control  kernel.Device // the endpoint's socket
	on       string        // the switch, as the module calls it
	name     string        // of the endpoint
	device   string
	place    place        // where the device is
	ended    bool         // the node has, and takes the device along
	isStale  bool         // the endpoint's fault is what stale has said
	wasOpen  bool         // a program had the NIC rings when the last one asked for them
	taps     []*moduleTap // of captures
	holes    [2]peephole  // into the memory of programs' NIC rings and host rings
}

// place is where the device of an endpoint is.
type place int

const (
	nowhere  place = iota // its stack is cut off, or it is gone
	onSwitch              // it is a port of the lab's switch
	onHost                // it is a port of the switch of the host rings
)

// socket, nic and host are names on the module: of the device as a port, and of
// the ports of programs.
func (p *modulePort) socket() string { return p.on + ":" + p.device }
func (p *modulePort) nic() string    { return p.on + ":n" + p.device[1:] }
func (p *modulePort) host() string   { return p.hostSwitch() + ":h" + p.device[1:] }

// hostSwitch is the small switch, and behind the device's name on it.
func (p *modulePort) hostSwitch() string { return "valeh" + wiring.Hash("host " + p.name)[:10] }
func (p *modulePort) behind() string     { return p.hostSwitch() + ":" + p.device }

func (p *modulePort) Name() string { return p.name }
func (p *modulePort) Index() int   { return -1 }

// restore finds out where the device is, and has it where it belongs.
func (p *modulePort) restore() error {
	for port, at := range map[string]place{p.socket(): onSwitch, p.behind(): onHost} {
		switch has, err := p.control.Has(port); {
		case err != nil:
			return err
		case has:
			p.place = at
		}
	}
	_, err := p.settle()
	return err
}

// elsewhere is a switch on which a program has the endpoint's port since before
// the endpoint came to another one, or nothing.
func (p *modulePort) elsewhere() string {
	all, err := p.control.List()
	p.agent.report(err, "look for ports of", p.name)
	_, mine, _ := strings.Cut(p.nic(), ":")
	for _, other := range all {
		if on, port, _ := strings.Cut(other.Name, ":"); port == mine && on != p.on {
			return strings.TrimPrefix(on, "vale")
		}
	}
	return ""
}

// open says which ports of programs there are.
func (p *modulePort) open() (nic, host bool, err error) {
	if nic, err = p.control.Has(p.nic()); err == nil {
		host, err = p.control.Has(p.host())
	}
	return nic, host, err
}

// settle brings the device to where it belongs, by what programs have open, and
// says whether it is any.
func (p *modulePort) settle() (open bool, err error) {
	nic, host, err := p.open()
	if err != nil {
		return false, err
	}
	for i, open := range []bool{nic, host} {
		if !open {
			p.holes[i].shut()
		}
	}
	switch {
	case host:
		err = p.move(onHost)
	case nic:
		err = p.move(nowhere)
	default:
		err = p.move(onSwitch)
	}
	return nic || host, err
}

// claim makes room for a program.
func (p *modulePort) claim(host bool) (name string, err error) {
	nic, _, err := p.open()
	if err != nil {
		return "", err
	}
	if host {
		return p.host(), p.move(onHost)
	}
	p.wasOpen = nic
	if !nic && p.place == onSwitch {
		err = p.move(nowhere)
	}
	return p.nic(), err
}

// move takes the device from where it is to another place. A device whose node
// has ended goes nowhere, also when there is a node of that name again: it is
// about to be removed, which must not meet it on a switch.
func (p *modulePort) move(to place) error {
	if n := p.agent.nodes[p.endpoint.Node]; n == nil || n.ending() {
		p.ended = true
	}
	if p.ended {
		to = nowhere
	}
	if to == p.place {
		return nil
	}
	from := map[place]string{onSwitch: p.socket(), onHost: p.behind()}
	if port := from[p.place]; port != "" {
		if err := p.control.Detach(port); err != nil {
			return err
		}
		p.place = nowhere
		p.moved(nowhere)
	}
	if port := from[to]; port != "" {
		p.moved(to) // before there can be frames
		if _, err := p.control.Attach(port, false); err != nil {
			if errors.Is(err, unix.ENOMEM) {
				err = fmt.Errorf("%w: the module has no memory or no switch left", err)
			}
			p.moved(nowhere)
			return err
		}
		p.place = to
	}
	return nil
}

// mode says who has the endpoint.
func (p *modulePort) mode() string {
	if p.place == onSwitch {
		return ModeSocket
	}
	if nic, host, err := p.open(); err == nil && !nic && !host {
		return ModeSocket
	}
	return ModeNetmap
}

// Detach takes the device off its switch. A program that has a port keeps it
// until it closes it.
func (p *modulePort) Detach() error {
	for i := range p.holes {
		p.holes[i].shut()
	}
	return p.move(nowhere)
}

// Rebind attaches a device that was made anew.
func (p *modulePort) Rebind(sock, _ int) error {
	p.control, p.place, p.ended = kernel.Device(sock), nowhere, false
	_, err := p.settle()
	return err
}
