package link

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"

	"github.com/safchain/ethtool"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// An interface of the machine that is a port of netmap's module. The module hands
// frames on as they are, in buffers that have room for one: what an interface does
// besides has to be switched off, and on again afterwards.

// moduleInexpressible are the offloads of an interface that the module can't be
// given: frames that were joined, and with keep, those of the machine's own stack
// that are not finished.
func moduleInexpressible(keep bool) []string {
	off := []string{"rx-gro", "rx-lro", "rx-gro-hw", "rx-gro-list", "rx-udp-gro-forwarding"}
	if keep {
		off = append(off, "tx-checksum-ip-generic", "tx-checksum-ipv4", "tx-checksum-ipv6")
	}
	return off
}

// UplinkOffloads returns the offloads of an interface that are on and that a port
// of netmap's module can't have, sorted; keep: its stack is to be a port, too.
func (n *Namespace) UplinkOffloads(name string, keep bool) (on []string, err error) {
	err = n.withEthtool(func(tool *ethtool.Ethtool) error {
		have, err := tool.FeaturesWithState(name)
		if err != nil {
			return fmt.Errorf("interface %s: offloads: %w", name, err)
		}
		for _, feature := range moduleInexpressible(keep) {
			if s := have[feature]; s.Active && s.Available && !s.NeverChanged {
				on = append(on, feature)
			}
		}
		slices.Sort(on)
		return nil
	})
	return on, err
}

// SetOffloads switches offloads of an interface on or off.
func (n *Namespace) SetOffloads(name string, features []string, on bool) error {
	if len(features) == 0 {
		return nil
	}
	change := make(map[string]bool, len(features))
	for _, f := range features {
		change[f] = on
	}
	return n.withEthtool(func(tool *ethtool.Ethtool) error {
		if err := tool.Change(name, change); err != nil {
			return fmt.Errorf("interface %s: offloads %s: %w", name, strings.Join(features, ", "), err)
		}
		return nil
	})
}

func (n *Namespace) withEthtool(f func(*ethtool.Ethtool) error) error {
	return within(n.file, func() error {
		tool, err := ethtool.NewEthtool()
		if err != nil {
			return err
		}
		defer tool.Close()
		return f(tool)
	})
}

// MTU is that of a device of the namespace.
func (n *Namespace) MTU(name string) (int, error) {
	dev, err := n.handle.LinkByName(name)
	if err != nil {
		return 0, fmt.Errorf("interface %s: %w", name, err)
	}
	return dev.Attrs().MTU, nil
}

// DetachPorts takes devices of the namespace off the switches of netmap's module
// that are called so far as prefix goes.
func (n *Namespace) DetachPorts(prefix string) error {
	return n.detachPorts(func(port string) bool { return strings.HasPrefix(port, prefix) })
}

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
