package packet

import (
	"encoding/binary"
	"net/netip"
)

// hopLimit is the TTL of what pktgen sends. Neighbor discovery demands 255.
const hopLimit = 255

// putIP writes an IP header for a payload of the given length and gives the
// header's length. src and dst are of the same family.
func putIP(b []byte, src, dst netip.Addr, protocol byte, payload int) int {
	if src.Is4() {
		clear(b[:ipv4Len])
		b[0] = 0x45
		binary.BigEndian.PutUint16(b[2:], uint16(ipv4Len+payload))
		b[6] = 0x40 // don't fragment
		b[8] = hopLimit
		b[9] = protocol
		s, d := src.As4(), dst.As4()
		copy(b[12:16], s[:])
		copy(b[16:20], d[:])
		binary.BigEndian.PutUint16(b[10:], checksum(sum(0, b[:ipv4Len])))
		return ipv4Len
	}
	clear(b[:ipv6Len])
	b[0] = 0x60
	binary.BigEndian.PutUint16(b[4:], uint16(payload))
	b[6] = protocol
	b[7] = hopLimit
	s, d := src.As16(), dst.As16()
	copy(b[8:24], s[:])
	copy(b[24:40], d[:])
	return ipv6Len
}

// internet is what an IP header says.
type internet struct {
	v6       bool
	protocol byte
	hops     byte
	header   []byte // the IP header
	payload  []byte // what follows it, without the frame's padding
}

// readIP reads an unfragmented IP packet at the head of b. What follows the
// packet's own length is padding. IPv6 extension headers are not walked: such
// a packet is returned with the extension's number as its protocol.
func readIP(b []byte, etherType uint16) (internet, bool) {
	var ip internet
	var header, total int
	switch {
	case etherType == etherIPv4 && len(b) >= ipv4Len && b[0]>>4 == 4:
		header, total = int(b[0]&0xf)*4, int(binary.BigEndian.Uint16(b[2:]))
		if fragment := binary.BigEndian.Uint16(b[6:]) & 0x3fff; header < ipv4Len || fragment != 0 {
			return internet{}, false
		}
		ip.hops, ip.protocol = b[8], b[9]
	case etherType == etherIPv6 && len(b) >= ipv6Len && b[0]>>4 == 6:
		header, total = ipv6Len, ipv6Len+int(binary.BigEndian.Uint16(b[4:]))
		ip.v6, ip.hops, ip.protocol = true, b[7], b[6]
	default:
		return internet{}, false
	}
	if total < header || total > len(b) {
		return internet{}, false
	}
	ip.header, ip.payload = b[:header], b[header:total]
	return ip, true
}

func (ip internet) src() netip.Addr {
	if ip.v6 {
		return netip.AddrFrom16([16]byte(ip.header[8:24]))
	}
	return netip.AddrFrom4([4]byte(ip.header[12:16]))
}

func (ip internet) dst() netip.Addr {
	if ip.v6 {
		return netip.AddrFrom16([16]byte(ip.header[24:40]))
	}
	return netip.AddrFrom4([4]byte(ip.header[16:20]))
}
