package packet

import (
	"encoding/binary"
)

// ICMP types of echo.
const (
	echoRequest4 = 8
	echoReply4   = 0
	echoRequest6 = 128
	echoReply6   = 129
)

// MinEcho is the size of the shortest frame with this header that holds an
// echo request, in bytes and without the frame check sequence.
func (h Header) MinEcho() int { return max(MinFrame, h.udp()+icmpLen) }

// PutEcho writes an ICMP echo request as a frame of len(b) bytes, which is at
// least the header's MinEcho. Its data is a counting pattern.
func PutEcho(b []byte, h Header, id, seq uint16) error {
	if err := h.check(); err != nil {
		return err
	}
	at := h.udp()
	length := len(b) - at
	etherType, protocol, kind := uint16(etherIPv4), byte(protoICMP), byte(echoRequest4)
	if !h.SrcIP.Is4() {
		etherType, protocol, kind = etherIPv6, protoICMPv6, echoRequest6
	}
	ip := b[putEthernet(b, h.DstMAC, h.SrcMAC, h.VLAN, etherType):]
	putIP(ip, h.SrcIP, h.DstIP, protocol, length)
	p := b[at:]
	p[0], p[1], p[2], p[3] = kind, 0, 0, 0
	binary.BigEndian.PutUint16(p[4:], id)
	binary.BigEndian.PutUint16(p[6:], seq)
	for i := icmpLen; i < length; i++ {
		p[i] = byte(i)
	}
	acc := sum(0, p)
	if kind == echoRequest6 {
		acc += pseudoHeader(ip, true, protocol, length)
	}
	binary.BigEndian.PutUint16(p[2:], checksum(acc))
	return nil
}

// ReadEchoReply reads a reply to PutEcho with the given header and says which
// request it answers. The checksum is verified.
func ReadEchoReply(frame []byte, h Header) (id, seq uint16, ok bool) {
	l, ok := readEthernet(frame)
	if !ok || l.dst != h.SrcMAC || l.vlan != h.VLAN {
		return 0, 0, false
	}
	ip, ok := readIP(frame[l.length:], l.etherType)
	if !ok || ip.src() != h.DstIP || ip.dst() != h.SrcIP || len(ip.payload) < icmpLen {
		return 0, 0, false
	}
	p := ip.payload
	var acc uint64
	switch {
	case !ip.v6 && ip.protocol == protoICMP && p[0] == echoReply4:
	case ip.v6 && ip.protocol == protoICMPv6 && p[0] == echoReply6:
		acc = pseudoHeader(ip.header, true, protoICMPv6, len(p))
	default:
		return 0, 0, false
	}
	return binary.BigEndian.Uint16(p[4:]), binary.BigEndian.Uint16(p[6:]), fold(sum(acc, p)) == 0xffff
}
