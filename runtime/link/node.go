package link

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// setNode puts the settings of the end in the node's namespace right. The
// calling thread is in that namespace.
func setNode(p Pair) error {
	handle, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer handle.Close()
	end, err := handle.LinkByName(p.Interface)
	if err != nil {
		return err
	}
	// First of all: an MTU below 1280 takes IPv6 off the interface, addresses and all.
	for _, prefix := range p.lost() {
		err := handle.AddrDel(end, address(prefix))
		if err != nil && !errors.Is(err, unix.EADDRNOTAVAIL) && !errors.Is(err, unix.ENXIO) && !errors.Is(err, unix.ENODEV) {
			return fmt.Errorf("remove address %s: %w", prefix, err)
		}
	}
	a := end.Attrs()
	if a.MTU != p.MTU {
		if err := handle.LinkSetMTU(end, p.MTU); err != nil {
			return fmt.Errorf("mtu %d: %w", p.MTU, err)
		}
	}
	if !sameMAC(a.HardwareAddr, p.MAC) {
		if err := handle.LinkSetHardwareAddr(end, p.MAC); err != nil {
			return fmt.Errorf("mac %s: %w", p.MAC, err)
		}
	}
	if err := plainOffloads(p.Interface); err != nil {
		return err
	}
	if p.Note != "" {
		if err := handle.LinkSetAlias(end, p.Note); err != nil {
			return err
		}
	}
	if a.Flags&net.FlagUp == 0 && !p.Parked {
		if err := handle.LinkSetUp(end); err != nil {
			return err
		}
	}
	for _, prefix := range p.Addresses {
		err := handle.AddrReplace(end, address(prefix))
		if errors.Is(err, unix.EACCES) && prefix.Addr().Is6() { // engines keep IPv6 off what they have not configured
			if err = writeSetting("net/ipv6/conf/"+p.Interface+"/disable_ipv6", "0"); err == nil {
				err = handle.AddrReplace(end, address(prefix))
			}
		}
		if err != nil {
			return fmt.Errorf("address %s: %w", prefix, err)
		}
	}
	return nil
}

// nodeIsSet says whether setNode would leave everything as it is. The calling
// thread is in the node's namespace.
func nodeIsSet(p Pair) (bool, error) {
	handle, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return false, err
	}
	defer handle.Close()
	end, err := handle.LinkByName(p.Interface)
	if err != nil {
		return false, err
	}
	a := end.Attrs()
	if a.MTU != p.MTU || !sameMAC(a.HardwareAddr, p.MAC) || a.Flags&net.FlagUp == 0 {
		return false, nil
	}
	lost := p.lost()
	if len(p.Addresses)+len(lost) == 0 {
		return true, nil
	}
	addrs, err := handle.AddrList(end, netlink.FAMILY_ALL)
	if err != nil {
		return false, err
	}
	have := make(map[netip.Prefix]bool, len(addrs))
	for _, addr := range addrs {
		if ip, ok := netip.AddrFromSlice(addr.IP); ok {
			bits, _ := addr.Mask.Size()
			have[netip.PrefixFrom(ip.Unmap(), bits)] = true
		}
	}
	for _, prefix := range p.Addresses {
		if !have[prefix] {
			return false, nil
		}
	}
	for _, prefix := range lost {
		if have[prefix] {
			return false, nil
		}
	}
	return true, nil
}

// address returns what the kernel is to set for an address with its prefix
// length. An IPv6 one is usable at once: nobody else can have it, since the
// lab file is checked for that.
func address(prefix netip.Prefix) *netlink.Addr {
	ip := prefix.Addr()
	addr := &netlink.Addr{IPNet: &net.IPNet{
		IP: ip.AsSlice(), Mask: net.CIDRMask(prefix.Bits(), ip.BitLen()),
	}}
	if ip.Is6() {
		addr.Flags = unix.IFA_F_NODAD
	}
	return addr
}
