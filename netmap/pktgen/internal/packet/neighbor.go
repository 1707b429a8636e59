package packet

import (
	"encoding/binary"
	"net/netip"
)

// ICMPv6 types of neighbor discovery (RFC 4861).
const (
	neighborSolicitation  = 135
	neighborAdvertisement = 136
)

// neighborLen is the length of a solicitation or an advertisement with the
// option that gives a link-layer address.
const neighborLen = 32

// ResolveLen is room enough for what Resolve writes.
const ResolveLen = ethernetLen + vlanLen + ipv6Len + neighborLen

// Resolve writes the question for the Ethernet address of target, an ARP
// request or a neighbor solicitation, asked by mac and ip. It gives the
// frame's length; b holds at least ResolveLen bytes.
func Resolve(b []byte, mac MAC, ip, target netip.Addr, vlan uint16) int {
	if target.Is4() {
		return arp{op: arpRequest, senderMAC: mac, senderIP: ip, targetIP: target}.put(b, Broadcast, vlan)
	}
	t := target.As16()
	group := [16]byte{0: 0xff, 1: 0x02, 11: 0x01, 12: 0xff, 13: t[13], 14: t[14], 15: t[15]}
	dst := MAC{0x33, 0x33, 0xff, t[13], t[14], t[15]}
	return putNeighbor(b, neighbor{
		kind: neighborSolicitation, target: target, option: 1, mac: mac,
	}, Header{SrcMAC: mac, DstMAC: dst, VLAN: vlan, SrcIP: ip, DstIP: netip.AddrFrom16(group)})
}

// Resolved reads an answer to Resolve: an ARP reply or a neighbor
// advertisement. It gives the address asked for and the station that has it.
func Resolved(frame []byte) (ip netip.Addr, mac MAC, ok bool) {
	l, ok := readEthernet(frame)
	if !ok {
		return netip.Addr{}, MAC{}, false
	}
	if l.etherType == etherARP {
		a, ok := readARP(frame[l.length:])
		return a.senderIP, a.senderMAC, ok && a.op == arpReply
	}
	p, ok := readIP(frame[l.length:], l.etherType)
	if !ok {
		return netip.Addr{}, MAC{}, false
	}
	n, ok := readNeighbor(p)
	if !ok || n.kind != neighborAdvertisement {
		return netip.Addr{}, MAC{}, false
	}
	if n.option != 2 {
		n.mac = l.src
	}
	return n.target, n.mac, true
}

// neighbor is a solicitation or an advertisement.
type neighbor struct {
	kind   byte
	flags  byte // of an advertisement
	target netip.Addr
	option byte // 1: mac is the sender's, 2: mac is the target's; 0: no mac
	mac    MAC
}

// Flags of an advertisement.
const (
	flagSolicited = 0x40
	flagOverride  = 0x20
)

// putNeighbor writes a whole frame and gives its length.
func putNeighbor(b []byte, n neighbor, h Header) int {
	at := putEthernet(b, h.DstMAC, h.SrcMAC, h.VLAN, etherIPv6)
	ip := b[at:]
	p := ip[putIP(ip, h.SrcIP, h.DstIP, protoICMPv6, neighborLen):][:neighborLen]
	clear(p)
	p[0], p[4] = n.kind, n.flags
	t := n.target.As16()
	copy(p[8:24], t[:])
	p[24], p[25] = n.option, 1 // in units of 8 bytes
	copy(p[26:32], n.mac[:])
	acc := sum(pseudoHeader(ip, true, protoICMPv6, neighborLen), p)
	binary.BigEndian.PutUint16(p[2:], checksum(acc))
	return at + ipv6Len + neighborLen
}

// readNeighbor reads neighbor discovery's part of an IPv6 packet, with the
// checks that RFC 4861 demands: hop limit 255 and a right checksum.
func readNeighbor(ip internet) (neighbor, bool) {
	p := ip.payload
	if !ip.v6 || ip.protocol != protoICMPv6 || ip.hops != hopLimit || len(p) < 24 ||
		(p[0] != neighborSolicitation && p[0] != neighborAdvertisement) ||
		fold(sum(pseudoHeader(ip.header, true, protoICMPv6, len(p)), p)) != 0xffff {
		return neighbor{}, false
	}
	n := neighbor{kind: p[0], flags: p[4], target: netip.AddrFrom16([16]byte(p[8:24]))}
	for o := p[24:]; len(o) >= 8 && o[1] > 0; {
		if o[1] == 1 && (o[0] == 1 || o[0] == 2) {
			n.option, n.mac = o[0], MAC(o[2:8])
			break
		}
		if int(o[1])*8 > len(o) {
			break
		}
		o = o[int(o[1])*8:]
	}
	return n, true
}
