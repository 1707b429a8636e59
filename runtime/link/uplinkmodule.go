package link

import (
	"fmt"
	"slices"
	"strings"

	"github.com/safchain/ethtool"
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
