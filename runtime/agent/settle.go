package agent

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/kernel"
)

// The port of a program on netmap's module ends with the last descriptor and
// mapping of it, wherever these are. The agent hears of it from the kernel, as
// the end of an open of the device's file, and then asks the module.

// settlePauses are the times after which it is asked again whether an open that
// has ended is over: what the file's end sets off comes after the news of it.
// On a machine with much to do, that is much later.
var settlePauses = []time.Duration{
	0, 5 * time.Millisecond, 20 * time.Millisecond, 100 * time.Millisecond, 500 * time.Millisecond, 2 * time.Second, 5 * time.Second,
}

// settler has the endpoints on the module settle when an open may have ended.
type settler struct {
	agent  *agent
	notify int           // inotify of the device
	ask    chan struct{} // of one place
	watch  *watch
}

// startSettler begins to listen, once there is an endpoint on the module.
func (a *agent) startSettler() (*settler, error) {
	if err := a.watchLinks(); err != nil {
		return nil, fmt.Errorf("listen for devices that are removed: %w", err)
	}
	s := &settler{agent: a, ask: make(chan struct{}, 1)}
	var err error
	if s.notify, err = unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK); err != nil {
		return nil, err
	}
	if _, err = unix.InotifyAddWatch(s.notify, kernel.Path, unix.IN_CLOSE); err == nil {
		s.watch, err = a.poller.add(s.notify, s.heard)
	}
	if err != nil {
		closeFD(s.notify)
		return nil, err
	}
	go s.run()
	return s, nil
}

// heard takes the news; what they say is nothing but that an open has ended.
func (s *settler) heard() {
	var buf [4096]byte
	for {
		if n, err := unix.Read(s.notify, buf[:]); err != nil && err != unix.EINTR || n == 0 {
			break
		}
	}
	s.trigger()
}

// trigger has the endpoints looked at.
func (s *settler) trigger() {
	select {
	case s.ask <- struct{}{}:
	default:
	}
}

func (s *settler) run() {
	for range s.ask {
		for i := 0; i < len(settlePauses); i++ {
			select {
			case <-time.After(settlePauses[i]):
			case <-s.ask:
				i = 0 // another one
			}
			if !s.agent.settleAll() {
				break
			}
		}
	}
}

// settleAll settles the endpoints on the module that programs have, and says
// whether there are any left.
func (a *agent) settleAll() (open bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lookForStale()
	for _, e := range a.endpoints {
		if e.module == nil || e.module.place == onSwitch {
			continue
		}
		busy, err := e.module.settle()
		a.report(err, "settle endpoint", e.name())
		open = open || busy
		if e.module.place == onSwitch {
			a.publishMode(e, ModeNetmap)
		}
		if err != nil {
			e.fault = err.Error()
		}
	}
	return open
}

// moduleHost is an endpoint on the module to the name space of its node.
type moduleHost struct{ port *modulePort }

// Claim makes room for a program.
func (h moduleHost) Claim(host bool) (string, error) {
	before := h.port.place
	name, err := h.port.claim(host)
	if e := h.port.endpoint; before == onSwitch && h.port.place != onSwitch {
		h.port.agent.hub.publish(Event{
			Kind: EventPort, Node: e.Node, Interface: e.Interface, Switch: e.Spec.Switch, State: ModeNetmap,
		})
	}
	return name, err
}

// Port is that of a program with NIC rings.
func (h moduleHost) Port() string { return h.port.nic() }

// Opened is called when a program has opened NIC rings.
func (h moduleHost) Opened() {
	h.port.endpoint.fault, h.port.isStale = "", false
	h.port.agent.lookForStale()
	if !h.port.wasOpen {
		h.port.forgetMoved()
		h.port.opened()
	}
}

// Settle has the module asked what is open.
func (h moduleHost) Settle() { h.port.agent.settler.trigger() }

// Refused tells the user why a program was not served.
func (h moduleHost) Refused(reason string) {
	e := h.port.endpoint
	e.fault = reason
	h.port.agent.log.Warn("refused", "endpoint", e.name(), "reason", reason)
	h.port.agent.hub.publish(Event{
		Kind: EventDetach, Node: e.Node, Interface: e.Interface, Switch: e.Spec.Switch, Message: reason,
	})
}
