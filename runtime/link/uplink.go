package link

import (
	"errors"
	"fmt"
	"net"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Uplink is an interface of the machine, as it was found.
type Uplink struct {
	Name    string
	Index   int
	WasDown bool
}

// FindUplink looks at an interface of the machine that is to be a port of a
// switch, and with take for the switch alone. It changes nothing. An interface
// that can't be one is refused with [ErrUnfit].
func (n *Namespace) FindUplink(name string, take bool) (Uplink, error) {
	dev, err := n.handle.LinkByName(name)
	if isNotFound(err) {
		return Uplink{}, fmt.Errorf("interface %s: %w", name, ErrNotFound)
	}
	if err != nil {
		return Uplink{}, fmt.Errorf("interface %s: %w", name, err)
	}
	a := dev.Attrs()
	if a.Flags&net.FlagLoopback != 0 {
		return Uplink{}, fmt.Errorf("interface %s %w: it is the machine's loopback", name, ErrUnfit)
	}
	if a.EncapType != "ether" {
		return Uplink{}, fmt.Errorf("interface %s %w: it carries no Ethernet frames", name, ErrUnfit)
	}
	if take {
		kind, err := n.ingress(dev)
		if err != nil {
			return Uplink{}, fmt.Errorf("interface %s: %w", name, err)
		}
		if kind != "" {
			return Uplink{}, fmt.Errorf("interface %s %w: its traffic is filtered already (qdisc %s)", name, ErrUnfit, kind)
		}
	}
	return Uplink{Name: name, Index: a.Index, WasDown: a.Flags&net.FlagUp == 0}, nil
}

// UplinkNames returns the names of the interfaces that carry Ethernet frames, sorted.
func (n *Namespace) UplinkNames() ([]string, error) {
	links, err := n.handle.LinkList()
	if err != nil {
		return nil, fmt.Errorf("list interfaces: %w", err)
	}
	var names []string
	for _, l := range links {
		if a := l.Attrs(); a.Flags&net.FlagLoopback == 0 && a.EncapType == "ether" {
			names = append(names, a.Name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// TakeUplink brings the interface up, and when mark is not empty takes it away
// from the machine's own stack, in both directions; mark is the name of the
// filters that do it. Packet sockets still get and send everything. Called
// again it completes what is missing.
func (n *Namespace) TakeUplink(u Uplink, mark string) error {
	dev, err := n.handle.LinkByIndex(u.Index)
	if err != nil {
		return fmt.Errorf("interface %s: %w", u.Name, err)
	}
	if mark != "" {
		if err := n.block(dev, mark); err != nil {
			return fmt.Errorf("interface %s: %w", u.Name, err)
		}
	}
	if dev.Attrs().Flags&net.FlagUp == 0 {
		if err := n.handle.LinkSetUp(dev); err != nil {
			return fmt.Errorf("interface %s: bring up: %w", u.Name, err)
		}
	}
	return nil
}

// IsUplink says whether the interface is still there, under its name. One that
// was removed and made anew is another one.
func (n *Namespace) IsUplink(u Uplink) (bool, error) {
	dev, err := n.handle.LinkByIndex(u.Index)
	if isNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("interface %s: %w", u.Name, err)
	}
	return dev.Attrs().Name == u.Name, nil
}

// HasUplink says whether TakeUplink would leave everything as it is.
func (n *Namespace) HasUplink(u Uplink, mark string) (bool, error) {
	dev, err := n.handle.LinkByIndex(u.Index)
	if isNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("interface %s: %w", u.Name, err)
	}
	if dev.Attrs().Name != u.Name || dev.Attrs().Flags&net.FlagUp == 0 {
		return false, nil
	}
	if mark == "" {
		return true, nil
	}
	for _, parent := range directions {
		filters, err := n.filters(dev, parent, mark)
		if err != nil {
			return false, fmt.Errorf("interface %s: %w", u.Name, err)
		}
		if len(filters) != 1 {
			return false, nil
		}
	}
	return true, nil
}

// GiveBackUplink puts the interface back as it was: it removes what TakeUplink
// added and nothing else, and takes it down if it was. An interface that has
// gone meanwhile is no error.
func (n *Namespace) GiveBackUplink(u Uplink, mark string) error {
	dev, err := n.handle.LinkByIndex(u.Index)
	if isNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("interface %s: %w", u.Name, err)
	}
	var faults []error
	if u.WasDown {
		faults = append(faults, n.takeDown(dev))
	}
	if mark != "" {
		faults = append(faults, n.unblock(dev, mark))
	}
	if err := errors.Join(faults...); err != nil {
		return fmt.Errorf("interface %s: give back: %w", u.Name, err)
	}
	return nil
}

// takeDown takes a device down. The kernel then forgets its IPv6 addresses; those
// that somebody has given it are set again.
func (n *Namespace) takeDown(dev netlink.Link) error {
	addrs, err := n.handle.AddrList(dev, netlink.FAMILY_V6)
	if err != nil {
		return err
	}
	if err := n.handle.LinkSetDown(dev); err != nil {
		return err
	}
	for _, a := range addrs {
		// The kernel's own are of scope link, or not permanent.
		if a.Flags&unix.IFA_F_PERMANENT == 0 || a.Scope == unix.RT_SCOPE_LINK {
			continue
		}
		a.ValidLft, a.PreferedLft = 0, 0 // for ever
		if err := n.handle.AddrReplace(dev, &a); err != nil {
			return fmt.Errorf("address %s: %w", a.IPNet, err)
		}
	}
	return nil
}

// ingress returns the kind of the qdisc that filters what the device receives,
// or "".
func (n *Namespace) ingress(dev netlink.Link) (string, error) {
	qdiscs, err := n.handle.QdiscList(dev)
	if err != nil {
		return "", err
	}
	for _, q := range qdiscs {
		// ingress and clsact sit at the same place; there can be one.
		if q.Attrs().Parent == netlink.HANDLE_CLSACT {
			return q.Type(), nil
		}
	}
	return "", nil
}
