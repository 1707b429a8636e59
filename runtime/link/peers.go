package link

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Cookie returns the number that the kernel has given the namespace, as sockets
// in it say (SO_NETNS_COOKIE). No other gets it until the next boot.
func (n *Namespace) Cookie() (cookie uint64, err error) {
	err = within(n.file, func() error {
		fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		cookie, err = unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("network namespace: %w", err)
	}
	return cookie, nil
}

// Index returns the index of a device, 0 if there is none of that name.
func (n *Namespace) Index(device string) (int, error) {
	dev, err := n.handle.LinkByName(device)
	if isNotFound(err) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("interface %s: %w", device, err)
	}
	return dev.Attrs().Index, nil
}

// Devices returns the names of all devices.
func (n *Namespace) Devices() ([]string, error) {
	links, err := n.handle.LinkList()
	if err != nil {
		return nil, fmt.Errorf("interfaces: %w", err)
	}
	names := make([]string, len(links))
	for i, l := range links {
		names[i] = l.Attrs().Name
	}
	return names, nil
}

// RemoveNoted removes the parked ends of pairs whose notes begin with prefix and
// for which keep says false.
func (n *Namespace) RemoveNoted(prefix string, keep func(note string) bool) error {
	links, err := n.handle.LinkList()
	if err != nil {
		return fmt.Errorf("interfaces: %w", err)
	}
	for _, l := range links {
		note := l.Attrs().Alias
		if l.Type() != "veth" || !strings.HasPrefix(note, prefix) || keep(note) {
			continue
		}
		if err := n.RemovePair(l.Attrs().Name); err != nil {
			return err
		}
	}
	return nil
}

// AddDefaultRoute sends everything that has no other way through a device to a
// gateway. One that is there already is no error.
func (n *Namespace) AddDefaultRoute(device string, gateway netip.Addr) error {
	index, err := n.Index(device)
	if err == nil {
		err = n.handle.RouteReplace(&netlink.Route{LinkIndex: index, Gw: gateway.AsSlice()})
	}
	if err != nil {
		return fmt.Errorf("interface %s: route to %s: %w", device, gateway, err)
	}
	return nil
}

// PeersIn returns the names of the ends of pairs in n whose other ends are in
// another namespace, by the other ends' indices there.
func (n *Namespace) PeersIn(other *Namespace) (map[int]string, error) {
	// What the other is called in n; -1: nothing in n has to do with it.
	id, err := n.handle.GetNetNsIdByFd(int(other.file.Fd()))
	if err != nil {
		return nil, fmt.Errorf("network namespace: %w", err)
	}
	peers := make(map[int]string)
	if id < 0 {
		return peers, nil
	}
	links, err := n.handle.LinkList()
	if err != nil {
		return nil, fmt.Errorf("interfaces: %w", err)
	}
	for _, l := range links {
		if a := l.Attrs(); l.Type() == "veth" && a.NetNsID == id {
			peers[a.ParentIndex] = a.Name
		}
	}
	return peers, nil
}
