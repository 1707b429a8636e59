package packet

import (
	"encoding/binary"
	"net/netip"
	"slices"
)

// Station answers for addresses: ARP requests, neighbor solicitations and
// ICMP echo requests, as a host's kernel would.
type Station struct {
	MAC MAC
	IPs []netip.Addr // IPv4 and IPv6
}

// Reply writes the answer to frame into b and gives its length; 0 means there
// is none. b is at least as long as frame and as ResolveLen, and is not the
// same memory.
func (s Station) Reply(b, frame []byte) int {
	l, ok := readEthernet(frame)
	if !ok || l.src[0]&1 != 0 || l.dst[0]&1 == 0 && l.dst != s.MAC {
		return 0
	}
	if l.etherType == etherARP {
		return s.replyARP(b, frame, l)
	}
	ip, ok := readIP(frame[l.length:], l.etherType)
	if !ok || len(ip.payload) == 0 {
		return 0
	}
	switch {
	case ip.v6 && ip.protocol == protoICMPv6 && ip.payload[0] == neighborSolicitation:
		return s.replyNeighbor(b, l, ip)
	case ip.v6 && ip.protocol == protoICMPv6 && ip.payload[0] == echoRequest6,
		!ip.v6 && ip.protocol == protoICMP && ip.payload[0] == echoRequest4:
		return s.replyEcho(b, frame, l, ip)
	}
	return 0
}

func (s Station) replyARP(b, frame []byte, l link) int {
	a, ok := readARP(frame[l.length:])
	if !ok || a.op != arpRequest || !slices.Contains(s.IPs, a.targetIP) || slices.Contains(s.IPs, a.senderIP) {
		return 0
	}
	return arp{
		op: arpReply, senderMAC: s.MAC, senderIP: a.targetIP, targetMAC: a.senderMAC, targetIP: a.senderIP,
	}.put(b, l.src, l.vlan)
}

func (s Station) replyNeighbor(b []byte, l link, ip internet) int {
	n, ok := readNeighbor(ip)
	if !ok || !slices.Contains(s.IPs, n.target) {
		return 0
	}
	h := Header{SrcMAC: s.MAC, DstMAC: l.src, VLAN: l.vlan, SrcIP: n.target, DstIP: ip.src()}
	flags := byte(flagSolicited | flagOverride)
	if ip.src().IsUnspecified() { // duplicate address detection: tell everybody
		h.DstMAC, h.DstIP = MAC{0x33, 0x33, 5: 1}, netip.IPv6LinkLocalAllNodes()
		flags = flagOverride
	}
	return putNeighbor(b, neighbor{
		kind: neighborAdvertisement, flags: flags, target: n.target, option: 2, mac: s.MAC,
	}, h)
}

// replyEcho turns the request around. The addresses change places and the type
// changes, so the checksum is adjusted: a request damaged on its way stays
// damaged.
func (s Station) replyEcho(b, frame []byte, l link, ip internet) int {
	if len(ip.payload) < icmpLen || !slices.Contains(s.IPs, ip.dst()) || ip.src().IsMulticast() || ip.src().IsUnspecified() {
		return 0
	}
	n := copy(b, frame)
	copy(b[0:6], l.src[:])
	copy(b[6:12], s.MAC[:])
	if ip.v6 {
		copy(b[l.length+8:], ip.header[24:40])
		copy(b[l.length+24:], ip.header[8:24])
	} else {
		copy(b[l.length+12:], ip.header[16:20])
		copy(b[l.length+16:], ip.header[12:16])
	}
	p := b[l.length+len(ip.header):]
	kind := byte(echoReply4)
	if ip.v6 {
		kind = echoReply6
	}
	// RFC 1624: the complement of the new sum from the complement of the old.
	acc := uint64(^binary.BigEndian.Uint16(p[2:])) + uint64(^(uint16(p[0]) << 8)) + uint64(kind)<<8
	binary.BigEndian.PutUint16(p[2:], checksum(acc))
	p[0] = kind
	return n
}
