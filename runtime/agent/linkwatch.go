package agent

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// A device may be removed while it is a port of netmap's module: whoever is root in a node can remove its end of the
// pair. Then the port is left, and whoever removes the device waits in the kernel until it is taken off its switch. The
// agent hears of it at once, and does that.

// watchLinks listens for devices that are removed, in the lab's namespace and the machine's.
func (a *agent) watchLinks() error {
	for _, ns := range []*netns{a.lab, a.machine} {
		var fd int
		err := ns.inside(func() (err error) {
			fd, err = unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
			return err
		})
		if err != nil {
			return err
		}
		err = unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: unix.RTMGRP_LINK})
		if err == nil {
			_, err = a.poller.add(fd, func() {
				if linkRemoved(fd) {
					a.dropRemoved()
				}
			})
		}
		if err != nil {
			closeFD(fd)
			return err
		}
	}
	return nil
}

// linkRemoved reads the news, and says whether one of them is, or may be, of a device that is no more.
func linkRemoved(fd int) (removed bool) {
	buf := make([]byte, 32<<10)
	for {
		n, _, err := unix.Recvfrom(fd, buf, 0)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.ENOBUFS): // some are lost
			removed = true
			continue
		case err != nil || n == 0:
			return removed
		}
		messages, err := syscall.ParseNetlinkMessage(buf[:n])
		removed = removed || err != nil
		for _, m := range messages {
			removed = removed || m.Header.Type == unix.RTM_DELLINK
		}
	}
}

// dropRemoved takes everything off the module whose device is no more.
func (a *agent) dropRemoved() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, e := range a.endpoints {
		if e.module == nil || e.module.place == nowhere {
			continue
		}
		if index, err := a.lab.index(e.Spec.Device); err == nil && index != e.At.IfIndex {
			e.module.ended = true
			a.report(e.module.move(nowhere), "detach endpoint", e.name())
		}
	}
	gone := func(ns *netns, device string) bool {
		index, err := ns.index(device)
		return err == nil && index == 0
	}
	for _, t := range a.trunks {
		c, ok := t.cable.(*moduleCable)
		if ok && gone(a.lab, c.a) {
			a.report(errors.Join(c.control.Detach(c.portA), c.control.Detach(c.portB)), "detach trunk", trunkKey(t.a.name, t.b.name))
		}
	}
	for _, u := range a.uplinks {
		m := u.module
		if m == nil {
			continue
		}
		cable, device := gone(a.lab, m.inner), gone(a.machine, m.name)
		if cable {
			a.report(m.control.Detach(m.cable()), "detach uplink", m.name)
		}
		if cable || device {
			a.report(a.machine.inside(func() (err error) {
				if cable {
					err = m.control.Detach(m.outsideCable())
				}
				if device {
					err = errors.Join(err, m.control.Detach(m.outsideDevice()))
				}
				return err
			}), "detach uplink", m.name)
		}
	}
}
