package link

import (
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// AddUplinkCable makes a veth pair with an end in n and one in another namespace
// and brings both up; mark is the other's alias. A pair that is there is kept.
func (n *Namespace) AddUplinkCable(inner, outer string, other *os.File, mtu int, mark string) error {
	veth := &netlink.Veth{
		LinkAttrs: netlink.NewLinkAttrs(), PeerName: outer, PeerNamespace: netlink.NsFd(other.Fd()),
		PeerTxQLen: -1, PeerMTU: uint32(mtu),
	}
	veth.Name, veth.MTU, veth.Group = inner, mtu, cableGroup
	err := n.handle.LinkAdd(veth)
	if err == nil || errors.Is(err, unix.EEXIST) {
		err = n.speechless(inner, "")
	}
	if err != nil {
		return fmt.Errorf("cable %s: %w", inner, err)
	}
	return within(other, func() error {
		there, err := Current()
		if err != nil {
			return err
		}
		defer there.Close()
		if err := there.speechless(outer, mark); err != nil {
			return fmt.Errorf("cable %s: %w", outer, err)
		}
		return nil
	})
}

// speechless brings a device up that must not say anything of its own accord.
func (n *Namespace) speechless(name, alias string) error {
	dev, err := n.handle.LinkByName(name)
	if err != nil {
		return err
	}
	if alias != "" && dev.Attrs().Alias != alias {
		if err := n.handle.LinkSetAlias(dev, alias); err != nil {
			return err
		}
	}
	if dev.Attrs().Flags&net.FlagUp != 0 {
		return nil
	}
	err = within(n.file, func() error {
		return os.WriteFile("/proc/sys/net/ipv6/conf/"+name+"/disable_ipv6", []byte("1"), 0)
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) { // a kernel without IPv6
		return err
	}
	return errors.Join(n.handle.LinkSetARPOff(dev), inOrder(n.file, name), n.handle.LinkSetUp(dev))
}
