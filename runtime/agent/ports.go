package agent

import (
	"fmt"

	"github.com/valelab/valelab/netmap/vale"
)

// attached is a device that is a port of a switch.
type attached struct {
	on   *lanSwitch
	port port
	sock int // packet socket, or the module's device
}

// openSocket opens a packet socket on a device of a namespace. It may take a
// while and needs no lock.
func openSocket(ns *netns, device string, promiscuous bool) (sock, ifIndex int, err error) {
	if ifIndex, err = ns.index(device); err != nil {
		return -1, 0, err
	}
	if ifIndex == 0 {
		return -1, 0, missing("there is no device %q", device)
	}
	err = ns.inside(func() (err error) {
		sock, err = vale.OpenPacketSocket(ifIndex, promiscuous)
		return err
	})
	if err != nil {
		return -1, 0, fmt.Errorf("device %s: %w", device, err)
	}
	return sock, ifIndex, nil
}

// deviceFault says what is wrong with the device of a socket port, or nothing.
func deviceFault(ns *netns, device string, at socketPort) string {
	index, err := ns.index(device)
	switch {
	case err != nil:
		return err.Error()
	case index == 0:
		return fmt.Sprintf("device %s is gone", device)
	case index != at.IfIndex:
		return fmt.Sprintf("device %s is another one now", device)
	}
	return ""
}

// detach takes the port off its switch. The socket is left to the caller, who
// closes it without the lock: the last close of a packet socket waits for an
// RCU grace period.
func (a *agent) detach(t *attached) {
	a.report(t.port.Detach(), "detach port", t.port.Name())
	t.on.ports--
	t.port = nil
}
