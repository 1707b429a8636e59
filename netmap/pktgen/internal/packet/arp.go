package packet

import (
	"encoding/binary"
	"net/netip"
)

// arpLen is the length of an ARP packet for IPv4 over Ethernet.
const arpLen = 28

const (
	arpRequest = 1
	arpReply   = 2
)

// arp is an ARP packet for IPv4 over Ethernet.
type arp struct {
	op                 uint16
	senderMAC          MAC
	senderIP, targetIP netip.Addr
	targetMAC          MAC
}

// put writes a whole frame, padded to the minimum, and gives its length.
func (a arp) put(b []byte, dst MAC, vlan uint16) int {
	clear(b[:MinFrame])
	n := putEthernet(b, dst, a.senderMAC, vlan, etherARP)
	p := b[n : n+arpLen]
	binary.BigEndian.PutUint16(p[0:], 1) // Ethernet
	binary.BigEndian.PutUint16(p[2:], etherIPv4)
	p[4], p[5] = 6, 4
	binary.BigEndian.PutUint16(p[6:], a.op)
	copy(p[8:14], a.senderMAC[:])
	s, t := a.senderIP.As4(), a.targetIP.As4()
	copy(p[14:18], s[:])
	copy(p[18:24], a.targetMAC[:])
	copy(p[24:28], t[:])
	return MinFrame
}

// readARP reads the ARP packet behind an Ethernet header.
func readARP(b []byte) (arp, bool) {
	if len(b) < arpLen || binary.BigEndian.Uint16(b) != 1 || binary.BigEndian.Uint16(b[2:]) != etherIPv4 || b[4] != 6 || b[5] != 4 {
		return arp{}, false
	}
	return arp{
		op:        binary.BigEndian.Uint16(b[6:]),
		senderMAC: MAC(b[8:14]),
		senderIP:  netip.AddrFrom4([4]byte(b[14:18])),
		targetMAC: MAC(b[18:24]),
		targetIP:  netip.AddrFrom4([4]byte(b[24:28])),
	}, true
}

// Announce writes a broadcast frame from which switches learn where mac is:
// an ARP announcement of ip. Without an IPv4 address it announces none. It
// gives the frame's length; b holds at least MinFrame bytes.
func Announce(b []byte, mac MAC, ip netip.Addr, vlan uint16) int {
	if !ip.Is4() {
		ip = netip.IPv4Unspecified()
	}
	return arp{op: arpRequest, senderMAC: mac, senderIP: ip, targetIP: ip}.put(b, Broadcast, vlan)
}
