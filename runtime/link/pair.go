package link

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Pair describes the veth pair of an endpoint.
type Pair struct {
	Device string // the end in the lab's namespace
	Alias  string // text that the end in the lab's namespace carries, for people

	Interface string // the end in the node's namespace
	Parked    bool   // that end waits there for somebody who takes it elsewhere: it is left down
	Note      string // text that it carries then, by which its maker knows it
	MAC       net.HardwareAddr
	MTU       int            // bytes, of both ends
	Addresses []netip.Prefix // of the node's end
	Former    []netip.Prefix // that the node's end must lose, unless they are among Addresses
}

// lost returns the addresses that the node's end must not have.
func (p *Pair) lost() []netip.Prefix {
	return slices.DeleteFunc(slices.Clone(p.Former), func(a netip.Prefix) bool { return slices.Contains(p.Addresses, a) })
}

// pairGroup is the device group of the ends in the lab's namespace, by which
// they are removed all at once.
const pairGroup = 1

// AddPair makes the pair, one end in n and one in the node's namespace, and
// brings both ends up. A pair that is there and whole is kept, and its
// settings are put right; then made is false. One of which an end is missing
// or belongs elsewhere is made anew.
//
// When AddPair fails, a pair that it made is gone again.
func (n *Namespace) AddPair(p Pair, node *os.File) (made bool, err error) {
	peer := netlink.NewLinkAttrs()
	veth := &netlink.Veth{
		LinkAttrs: peer, PeerName: p.Interface, PeerHardwareAddr: p.MAC,
		PeerNamespace: netlink.NsFd(node.Fd()), PeerTxQLen: -1,
	}
	veth.Name, veth.MTU, veth.Group, veth.Flags = p.Device, p.MTU, pairGroup, net.FlagUp

	err = n.handle.LinkAdd(veth)
	made = err == nil
	var host netlink.Link = veth
	if errors.Is(err, unix.EEXIST) {
		if host, err = n.whole(p, node); err == nil && host == nil {
			if err = n.RemovePair(p.Device); err == nil {
				err = n.addAgain(veth, node)
				made, host = err == nil, veth
			}
		}
	}
	if err == nil {
		err = n.setHost(p, host)
	}
	if err == nil {
		err = within(node, func() error { return setNode(p) })
	}
	if err != nil {
		err = fmt.Errorf("interface %s: %w", p.Alias, err)
		if made {
			err = errors.Join(err, n.RemovePair(p.Device))
		}
		return false, err
	}
	return made, nil
}

// addAgain makes a pair whose other end may still be in the node's namespace:
// that of a lab's namespace which is just being taken down goes a moment later.
func (n *Namespace) addAgain(veth *netlink.Veth, node *os.File) error {
	const patience = 10 * time.Second
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		err := n.handle.LinkAdd(veth)
		if !errors.Is(err, unix.EEXIST) || time.Since(began) > patience || !half(veth.PeerName, node) {
			return err
		}
	}
}

// half says whether a device of the node is one end of a pair whose other end
// is elsewhere. It is true of one that has just gone.
func half(name string, node *os.File) (is bool) {
	err := within(node, func() error {
		end, err := netlink.LinkByName(name)
		if isNotFound(err) {
			is = true
			return nil
		}
		if err != nil || end.Type() != "veth" {
			return err
		}
		other, err := netlink.LinkByIndex(end.Attrs().ParentIndex)
		// Indices of different namespaces may be the same.
		is = end.Attrs().NetNsID >= 0 || isNotFound(err) ||
			err == nil && (other.Attrs().Index == end.Attrs().Index || !joined(end, other))
		return nil
	})
	return err == nil && is
}

// setHost puts the settings of the end in the lab's namespace right.
func (n *Namespace) setHost(p Pair, host netlink.Link) error {
	a := host.Attrs()
	if a.MTU != p.MTU {
		if err := n.handle.LinkSetMTU(host, p.MTU); err != nil {
			return fmt.Errorf("mtu %d: %w", p.MTU, err)
		}
	}
	if a.Flags&net.FlagUp == 0 {
		if err := n.handle.LinkSetUp(host); err != nil {
			return err
		}
	}
	if err := n.handle.LinkSetARPOff(host); err != nil {
		return err
	}
	return n.handle.LinkSetAlias(host, p.Alias)
}

// whole returns the pair's end in n if its other end is the interface in the
// node's namespace, else nil.
func (n *Namespace) whole(p Pair, node *os.File) (host netlink.Link, err error) {
	host, err = n.handle.LinkByName(p.Device)
	if isNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	err = within(node, func() error {
		end, err := netlink.LinkByName(p.Interface)
		if isNotFound(err) || err == nil && !joined(end, host) {
			host = nil
			return nil
		}
		return err
	})
	return host, err
}

// joined says whether two devices, of different namespaces, are a veth pair.
func joined(a, b netlink.Link) bool {
	return a.Type() == "veth" && b.Type() == "veth" &&
		a.Attrs().ParentIndex == b.Attrs().Index && b.Attrs().ParentIndex == a.Attrs().Index
}

// HasPair says whether AddPair would leave everything as it is.
func (n *Namespace) HasPair(p Pair, node *os.File) (bool, error) {
	host, err := n.whole(p, node)
	if err != nil || host == nil {
		return false, err
	}
	if a := host.Attrs(); a.MTU != p.MTU || a.Flags&net.FlagUp == 0 || a.Alias != p.Alias {
		return false, nil
	}
	same := false
	err = within(node, func() (err error) {
		same, err = nodeIsSet(p)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("interface %s: %w", p.Alias, err)
	}
	return same, nil
}

// RemovePair removes both ends of a pair by the name of the one in n; a pair
// that is not there is no error.
func (n *Namespace) RemovePair(device string) error {
	host, err := n.handle.LinkByName(device)
	if isNotFound(err) {
		return nil
	}
	if err == nil {
		err = n.detach(func(name string) bool { return name == device })
	}
	if err == nil {
		err = n.handle.LinkDel(host)
	}
	if err != nil && !errors.Is(err, unix.ENODEV) {
		return fmt.Errorf("remove interface %s: %w", device, err)
	}
	return nil
}

// ClearPairs removes all pairs that have an end in n, and all cables, in one
// request each: the kernel then waits once for all of them, not once for each.
func (n *Namespace) ClearPairs() error {
	if err := n.DetachAll(); err != nil {
		return err
	}
	for _, group := range []uint32{pairGroup, cableGroup} {
		err := within(n.file, func() error {
			req := nl.NewNetlinkRequest(unix.RTM_DELLINK, unix.NLM_F_ACK)
			req.AddData(nl.NewIfInfomsg(unix.AF_UNSPEC))
			req.AddData(nl.NewRtAttr(unix.IFLA_GROUP, nl.Uint32Attr(group)))
			_, err := req.Execute(unix.NETLINK_ROUTE, 0)
			return err
		})
		if err != nil && !errors.Is(err, unix.ENODEV) {
			return fmt.Errorf("remove interfaces of the lab: %w", err)
		}
	}
	return nil
}

// Pairs returns the aliases of all pairs that have an end in n.
func (n *Namespace) Pairs() ([]string, error) {
	var all []string
	err := n.pairs(func(l netlink.Link) error {
		if alias := l.Attrs().Alias; alias != "" {
			all = append(all, alias)
		}
		return nil
	})
	return all, err
}

// SweepPairs removes pairs that have no alias: who made them was killed before
// he could give them one. Nobody may be making any meanwhile.
func (n *Namespace) SweepPairs() error {
	return n.pairs(func(l netlink.Link) error {
		if l.Attrs().Alias != "" {
			return nil
		}
		return n.RemovePair(l.Attrs().Name)
	})
}

// pairs calls do for each pair's end in n.
func (n *Namespace) pairs(do func(netlink.Link) error) error {
	links, err := n.handle.LinkList()
	if err != nil {
		return fmt.Errorf("interfaces of the lab: %w", err)
	}
	for _, l := range links {
		if l.Attrs().Group != pairGroup {
			continue
		}
		if err := do(l); err != nil {
			return err
		}
	}
	return nil
}

func isNotFound(err error) bool {
	var missing netlink.LinkNotFoundError
	return errors.As(err, &missing)
}

func sameMAC(a, b net.HardwareAddr) bool { return bytes.Equal(a, b) }
