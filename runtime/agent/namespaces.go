package agent

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/runtime/keeper"
	"github.com/valelab/valelab/runtime/state"
)

// When a node ends, its network namespace takes its ends of the veth pairs along,
// and with them the ends on switches. Netmap's module does not get over that: the
// port stays for ever, and the module can't be unloaded any more. So the agent,
// and the keeper, hold the namespace of a node that has endpoints on the module
// until they are off it.

// holdNamespace opens a node's network namespace, if it is not held yet.
func (a *agent) holdNamespace(n *labNode) error {
	if n.namespace >= 0 {
		return nil
	}
	if n.isGuest() {
		return a.holdGuest(n)
	}
	fd, err := unix.Open(fmt.Sprintf("/proc/%d/ns/net", n.spec.PID), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("network namespace of node %s: %w", n.name, err)
	}
	// Checked after opening, the number can't have come to mean another process.
	start, err := state.StartTime(n.spec.PID)
	if err == nil && start != n.spec.StartTime {
		err = state.ErrGone
	}
	if err == nil {
		err = a.keep(kindNamespace, n.name, struct{}{}, fd)
	}
	if err != nil {
		closeFD(fd)
		return fmt.Errorf("network namespace of node %s: %w", n.name, err)
	}
	n.namespace = fd
	return nil
}

// holdGuest opens a guest's network namespace, once it is known, for endpoints on
// the module. One that is not there is none to be held: engines make it after the
// endpoint, and remove it after a crash.
func (a *agent) holdGuest(n *labNode) error {
	if n.namespace >= 0 || n.guest.Namespace == "" {
		return nil
	}
	fd, err := unix.Open(n.guest.Namespace, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err == unix.ENOENT {
		return nil
	}
	if err == nil {
		if kind, kerr := unix.IoctlRetInt(fd, unix.NS_GET_NSTYPE); kerr != nil || kind != unix.CLONE_NEWNET {
			closeFD(fd)
			return nil // a file on which the engine has yet to mount it
		}
		if err = a.keep(kindNamespace, n.name, struct{}{}, fd); err != nil {
			closeFD(fd)
		}
	}
	if err != nil {
		return fmt.Errorf("network namespace of guest %s: %w", n.name, err)
	}
	n.namespace = fd
	return nil
}

// dropNamespace takes the endpoints of a node off the module and lets go of its
// namespace.
func (a *agent) dropNamespace(n *labNode) {
	if n.namespace < 0 {
		return
	}
	for _, e := range a.endpoints {
		if e.Node == n.name && e.module != nil {
			a.report(e.module.move(nowhere), "detach endpoint", e.name())
		}
	}
	a.report(a.store.Delete(entryKey(kindNamespace, n.name)), "forget namespace", n.name)
	closeFD(n.namespace)
	n.namespace = -1
}

// restoreNamespace takes a held namespace over.
func (a *agent) restoreNamespace(name string, entry *keeper.Entry) error {
	if err := decodeEntry(entry, &struct{}{}); err != nil {
		return err
	}
	n := a.nodes[name]
	if n == nil {
		return fmt.Errorf("there is no node %q", name)
	}
	n.namespace = take(entry, 0)
	return nil
}

// ending says whether the node's init has ended, be it known yet or not. Of a
// guest nobody here knows.
func (n *labNode) ending() bool { return !n.isGuest() && (n.pidfd < 0 || ended(n.pidfd)) }
