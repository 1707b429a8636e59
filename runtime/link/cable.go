package link

import (
	"errors"
	"fmt"
	"net"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// cableGroup is the device group of cables in the lab's namespace.
const cableGroup = 2

// AddCable makes a veth pair with both ends in n and brings both up. One that is
// there is kept.
func (n *Namespace) AddCable(a, b string, mtu int) error {
	veth := &netlink.Veth{LinkAttrs: netlink.NewLinkAttrs(), PeerName: b, PeerTxQLen: -1, PeerMTU: uint32(mtu)}
	veth.Name, veth.MTU, veth.Group, veth.Flags = a, mtu, cableGroup, net.FlagUp
	err := n.handle.LinkAdd(veth)
	if err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("trunk %s: %w", a, err)
	}
	for _, end := range []string{a, b} {
		l, err := n.handle.LinkByName(end)
		if err == nil {
			err = errors.Join(n.handle.LinkSetUp(l), n.handle.LinkSetARPOff(l), inOrder(n.file, end))
		}
		if err != nil {
			return fmt.Errorf("trunk %s: %w", a, err)
		}
	}
	return nil
}
