package netmap

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/region"
	"github.com/valelab/valelab/netmap/kernel"
)

// native is what a port has of the module: its descriptor. The module takes positions from the rings' headers
// at a sync, where it also leaves its own; the control blocks are this process's own and carry the tails on.
type native struct {
	port   *Port
	device kernel.Device
	// A sync is one of all rings of a direction, and one of a ring that is being synced is left out by the module.
	turn [2]sync.Mutex
}

// newNative maps a registration of the module and makes a port of it; it owns the device.
func newNative(name, iface string, device kernel.Device, grant kernel.Grant) (*Port, error) {
	give := func(err error) (*Port, error) {
		_ = device.Close()
		return nil, err
	}
	view, err := region.MapDevice(int(device), grant)
	if err != nil {
		return give(fmt.Errorf("%w: %w", ErrCorrupt, err))
	}
	view.Name = iface
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return give(errors.Join(err, view.Close()))
	}
	p := newPort(name, view, -1, -1, wake)
	p.native = &native{port: p, device: device}
	return p, nil
}

// registerDevice opens rings of the machine's own module.
func registerDevice(name string, t target, device kernel.Device) (*Port, error) {
	want := kernel.Register{Mode: t.mode, RingID: t.ringID, Flags: t.flags}
	grant, err := device.Register(t.iface, &want)
	if err != nil {
		_ = device.Close()
		return nil, err
	}
	return newNative(name, t.iface, device, grant)
}

// order is the lock of a direction.
func (n *native) order(tx bool) *sync.Mutex {
	if tx {
		return &n.turn[1]
	}
	return &n.turn[0]
}

// sync hands over the positions of rings of one direction and takes the module's.
func (n *native) sync(rings []*ring) error {
	if n.port.closed {
		return n.port.fail("sync", ErrClosed)
	}
	if len(rings) == 0 {
		return nil
	}
	tx := rings[0].mem.Tx
	turn := n.order(tx)
	turn.Lock()
	defer turn.Unlock()
	for _, r := range rings {
		r.tell()
	}
	if err := n.device.Sync(tx); err != nil {
		return n.port.fail("sync", err)
	}
	return n.take(rings)
}

// tell writes the program's positions where the module reads them.
func (r *ring) tell() {
	r.mem.Header.Head, r.mem.Header.Cur = r.head, r.cur
	r.known = r.head
}

// take takes over how far the module has come.
func (n *native) take(rings []*ring) error {
	for _, r := range rings {
		r.mem.Ctl.Tail.Store(r.mem.Header.Tail)
		if err := r.takeTail(); err != nil {
			return err
		}
	}
	return nil
}

// poll is Port.Poll: the module's own poll does the syncs.
func (n *native) poll(events Events, timeout time.Duration) (Events, error) {
	p := n.port
	deadline := time.Now().Add(timeout)
	for {
		if p.interrupted.Swap(false) {
			p.clearWake()
			return 0, nil
		}
		left := timeout
		if timeout > 0 {
			left = max(time.Until(deadline), 0)
		}
		found, err := n.block(events, left)
		if found != 0 || err != nil || timeout == 0 || timeout > 0 && !time.Now().Before(deadline) {
			return found, err
		}
	}
}

// block is one poll of the device; it may end early, with nothing found.
func (n *native) block(events Events, limit time.Duration) (found Events, err error) {
	p := n.port
	tx, rx := p.tx, p.rx
	if events&Out == 0 && p.noTxPoll {
		tx = nil // others may be at them
	}
	if events&In == 0 {
		rx = nil
	}
	fds := [2]unix.PollFd{{Fd: int32(n.device)}, {Fd: int32(p.wake), Events: unix.POLLIN}}
	if events&In != 0 {
		fds[0].Events |= unix.POLLIN
	}
	if events&Out != 0 {
		fds[0].Events |= unix.POLLOUT
	}
	for _, rings := range [2][]*ring{tx, rx} {
		for _, r := range rings {
			r.tell()
		}
	}
	_, errno := blockLong(&fds, limit)
	if errno != 0 && !errors.Is(errno, unix.EINTR) {
		return 0, p.fail("poll", errno)
	}
	for _, rings := range [2][]*ring{tx, rx} {
		if err := n.take(rings); err != nil {
			return 0, err
		}
	}
	switch {
	case errno != 0:
		return 0, nil
	case fds[0].Revents&(unix.POLLERR|unix.POLLHUP|unix.POLLNVAL) != 0:
		return 0, p.fail("poll", ErrDetached)
	}
	if fds[0].Revents&unix.POLLIN != 0 {
		found |= In
	}
	if fds[0].Revents&unix.POLLOUT != 0 {
		found |= Out
	}
	return found, nil
}
