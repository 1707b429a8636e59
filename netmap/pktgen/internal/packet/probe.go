package packet

import "encoding/binary"

// ProbeLen is the length of a probe, in bytes: what is left of the shortest
// Ethernet frame behind the Ethernet, IPv4 and UDP headers.
const ProbeLen = 18

// probeMagic marks a UDP payload as a probe: "vl".
const probeMagic = 0x766c

// maxSeq bounds sequence numbers: no sender gets there, and sums of
// differences stay far from overflow whatever a stranger writes.
const maxSeq = 1 << 48

// Offsets in a probe; all numbers are big-endian.
const (
	probeFlow  = 2  // 32 bits
	probeSeq   = 6  // 64 bits
	probeStamp = 14 // 32 bits
)

// Probe is what a probe says.
type Probe struct {
	Flow  uint32 // chosen at random by each run of a sender, one per ring
	Seq   uint64 // counts the frames of the flow, from 0; under 2^48
	Stamp uint32 // the sender's clock when it filled the batch: 100 ns units, modulo 2^32
}

// Offset of a probe in an untagged IPv4 frame.
const probe4 = ethernetLen + ipv4Len + udpLen

// ReadProbe reads the probe in a frame. It says false for everything that is
// not a well-formed UDP datagram with a probe.
func ReadProbe(frame []byte) (Probe, bool) {
	// The usual case at full rate: untagged IPv4 without options.
	if len(frame) >= probe4+ProbeLen &&
		binary.BigEndian.Uint32(frame[12:])&^0xff == etherIPv4<<16|0x4500 &&
		binary.BigEndian.Uint16(frame[20:])&0x3fff == 0 && frame[23] == protoUDP {
		length := int(binary.BigEndian.Uint16(frame[16:]))
		if length > len(frame)-ethernetLen || int(binary.BigEndian.Uint16(frame[38:])) != length-ipv4Len || length < ipv4Len+udpLen+ProbeLen {
			return Probe{}, false
		}
		return decodeProbe(frame[probe4 : probe4+ProbeLen])
	}
	return readProbe(frame)
}

// readProbe is the general case of ReadProbe.
func readProbe(frame []byte) (Probe, bool) {
	l, ok := readEthernet(frame)
	if !ok {
		return Probe{}, false
	}
	ip, ok := readIP(frame[l.length:], l.etherType)
	if !ok || ip.protocol != protoUDP || len(ip.payload) < udpLen+ProbeLen ||
		int(binary.BigEndian.Uint16(ip.payload[4:])) != len(ip.payload) {
		return Probe{}, false
	}
	return decodeProbe(ip.payload[udpLen : udpLen+ProbeLen])
}

func decodeProbe(b []byte) (Probe, bool) {
	_ = b[ProbeLen-1]
	p := Probe{
		Flow:  binary.BigEndian.Uint32(b[probeFlow:]),
		Seq:   binary.BigEndian.Uint64(b[probeSeq:]),
		Stamp: binary.BigEndian.Uint32(b[probeStamp:]),
	}
	return p, binary.BigEndian.Uint16(b) == probeMagic && p.Seq < maxSeq
}

// Intact says whether the IPv4 header checksum and the UDP checksum of a whole
// frame hold. A UDP checksum of zero means none over IPv4 and is wrong over
// IPv6. The frame is one that ReadProbe accepted; others are never intact.
func Intact(frame []byte) bool {
	l, ok := readEthernet(frame)
	if !ok {
		return false
	}
	ip, ok := readIP(frame[l.length:], l.etherType)
	if !ok || ip.protocol != protoUDP || len(ip.payload) < udpLen {
		return false
	}
	if !ip.v6 && fold(sum(0, ip.header)) != 0xffff {
		return false
	}
	if binary.BigEndian.Uint16(ip.payload[6:]) == 0 {
		return !ip.v6
	}
	acc := pseudoHeader(ip.header, ip.v6, protoUDP, len(ip.payload))
	return fold(sum(acc, ip.payload)) == 0xffff
}
