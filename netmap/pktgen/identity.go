package pktgen

import (
	"fmt"
	"net"
	"net/netip"

	"github.com/valelab/valelab/netmap/pktgen/internal/packet"
)

// Endpoint is one end of a flow. What is zero is chosen by the program.
type Endpoint struct {
	MAC  net.HardwareAddr // 6 bytes
	IP   netip.Addr
	Port uint16 // of UDP
}

// clean checks the addresses and takes off what frames don't carry: zones, and
// the IPv6 clothes of IPv4 addresses.
func (e Endpoint) clean() (Endpoint, error) {
	e.IP = e.IP.Unmap().WithZone("")
	return e, checkMAC(e.MAC)
}

// checkMAC takes no address or one of Ethernet.
func checkMAC(mac net.HardwareAddr) error {
	if n := len(mac); n != 0 && n != len(packet.MAC{}) {
		return fmt.Errorf("%v is not an Ethernet address of %d bytes", mac, len(packet.MAC{}))
	}
	return nil
}

// Addresses of RFC 2544 and RFC 5180, which set them aside for benchmarks, and
// the discard port.
var (
	benchSrc4 = netip.MustParseAddr("198.18.0.1")
	benchDst4 = netip.MustParseAddr("198.18.0.2")
	benchSrc6 = netip.MustParseAddr("2001:2::1")
	benchDst6 = netip.MustParseAddr("2001:2::2")
)

const discardPort = 9

// identity is who an interface is: its MAC and IP addresses. A port that is no
// network device of this namespace has none.
type identity struct {
	mac packet.MAC
	ips []netip.Addr
}

// identify asks the kernel about the interface.
func identify(name string) identity {
	var id identity
	dev, err := net.InterfaceByName(name)
	if err != nil {
		return id
	}
	if len(dev.HardwareAddr) == len(id.mac) {
		id.mac = packet.MAC(dev.HardwareAddr)
	}
	addrs, err := dev.Addrs()
	if err != nil {
		return id
	}
	for _, a := range addrs {
		if ipnet, ok := a.(*net.IPNet); ok {
			if ip, ok := netip.AddrFromSlice(ipnet.IP); ok {
				id.ips = append(id.ips, ip.Unmap())
			}
		}
	}
	return id
}

// station gives the MAC address to use: the one wanted, else the interface's,
// else a locally administered one made from a random number.
func (id identity) station(want net.HardwareAddr, random uint32) packet.MAC {
	switch {
	case len(want) > 0:
		return packet.MAC(want)
	case !id.mac.IsZero():
		return id.mac
	}
	return packet.MAC{0x02, 0, byte(random >> 24), byte(random >> 16), byte(random >> 8), byte(random)}
}

// source gives the IP address to use towards dst: the one wanted, else the
// interface's first of the same version and scope, else a benchmark address.
func (id identity) source(want, dst netip.Addr) netip.Addr {
	if want.IsValid() {
		return want
	}
	for _, ip := range id.ips {
		if ip.Is4() == dst.Is4() && ip.IsLinkLocalUnicast() == dst.IsLinkLocalUnicast() {
			return ip
		}
	}
	if dst.Is4() {
		return benchSrc4
	}
	return benchSrc6
}
