package packet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
)

// Sizes of headers, in bytes.
const (
	ethernetLen = 14
	vlanLen     = 4
	ipv4Len     = 20
	ipv6Len     = 40
	udpLen      = 8
	icmpLen     = 8
)

// EtherTypes and protocol numbers.
const (
	etherIPv4 = 0x0800
	etherARP  = 0x0806
	etherVLAN = 0x8100
	etherIPv6 = 0x86dd

	protoICMP   = 1
	protoUDP    = 17
	protoICMPv6 = 58
)

// MinFrame is the size of the shortest Ethernet frame, in bytes and without
// the frame check sequence.
const MinFrame = 60

// MAC is an Ethernet address.
type MAC [6]byte

// Broadcast is the address of every station.
var Broadcast = MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// ParseMAC reads an address such as 02:00:00:00:00:01.
func ParseMAC(s string) (MAC, error) {
	hw, err := net.ParseMAC(s)
	if err != nil || len(hw) != len(MAC{}) {
		return MAC{}, fmt.Errorf("%q is not an Ethernet address such as 02:00:00:00:00:01", s)
	}
	return MAC(hw), nil
}

// String writes the address with colons.
func (m MAC) String() string { return net.HardwareAddr(m[:]).String() }

// IsZero says whether m is the zero address, which no station has.
func (m MAC) IsZero() bool { return m == MAC{} }

var errVLAN = errors.New("a VLAN ID is between 1 and 4094")

// putEthernet writes an Ethernet header, tagged if vlan is not zero, and gives
// its length.
func putEthernet(b []byte, dst, src MAC, vlan, etherType uint16) int {
	copy(b[0:6], dst[:])
	copy(b[6:12], src[:])
	if vlan == 0 {
		binary.BigEndian.PutUint16(b[12:], etherType)
		return ethernetLen
	}
	binary.BigEndian.PutUint16(b[12:], etherVLAN)
	binary.BigEndian.PutUint16(b[14:], vlan)
	binary.BigEndian.PutUint16(b[16:], etherType)
	return ethernetLen + vlanLen
}

// link is what an Ethernet header says.
type link struct {
	dst, src  MAC
	vlan      uint16
	etherType uint16
	length    int
}

// readEthernet reads a header with at most one VLAN tag.
func readEthernet(frame []byte) (link, bool) {
	if len(frame) < ethernetLen {
		return link{}, false
	}
	l := link{
		dst:       MAC(frame[0:6]),
		src:       MAC(frame[6:12]),
		etherType: binary.BigEndian.Uint16(frame[12:]),
		length:    ethernetLen,
	}
	if l.etherType != etherVLAN {
		return l, true
	}
	if len(frame) < ethernetLen+vlanLen {
		return link{}, false
	}
	l.vlan = binary.BigEndian.Uint16(frame[14:]) & 0xfff
	l.etherType = binary.BigEndian.Uint16(frame[16:])
	l.length = ethernetLen + vlanLen
	return l, true
}
