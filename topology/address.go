package topology

import (
	"encoding/hex"
	"errors"
	"net/netip"
	"strings"
)

// parseMAC checks the MAC address of an interface and returns it in lower case.
func parseMAC(text string) (string, error) {
	const form = "xx:xx:xx:xx:xx:xx"
	if len(text) != len(form) {
		return "", errors.New("is not a MAC address")
	}
	var octets []byte
	for i := 0; i < len(text); i += 3 {
		octet, err := hex.DecodeString(text[i : i+2])
		if err != nil || i+2 < len(text) && text[i+2] != ':' && text[i+2] != '-' {
			return "", errors.New("is not a MAC address")
		}
		octets = append(octets, octet...)
	}
	if octets[0]&1 != 0 {
		return "", errors.New("is a multicast address")
	}
	if string(octets) == "\x00\x00\x00\x00\x00\x00" {
		return "", errors.New("is all zero")
	}
	return formatMAC(octets), nil
}

func formatMAC(octets []byte) string {
	parts := make([]string, len(octets))
	for i, o := range octets {
		parts[i] = hex.EncodeToString([]byte{o})
	}
	return strings.Join(parts, ":")
}

// parseAddress checks the address of an interface, which must have its prefix
// length and be of the given IP version, and returns its canonical text.
func parseAddress(text string, version int) (string, error) {
	if !strings.Contains(text, "/") {
		if _, err := netip.ParseAddr(text); err == nil {
			return "", errors.New("has no prefix length")
		}
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return "", errors.New("is not an address with a prefix length")
	}
	a := p.Addr()
	switch {
	case a.Is4In6():
		return "", errors.New("is an IPv4 address in IPv6")
	case version == 4 && !a.Is4():
		return "", errors.New("is not an IPv4 address")
	case version == 6 && a.Is4():
		return "", errors.New("is not an IPv6 address")
	case a.IsUnspecified() || a.IsLoopback() || a.IsMulticast():
		return "", errors.New("is not an address that an interface can have")
	case a == p.Masked().Addr() && p.Bits() < a.BitLen()-1:
		return "", errors.New("is the address of the network, not of an interface")
	case a.Is4() && p.Bits() < 31 && a == lastAddress(p):
		return "", errors.New("is the broadcast address of its network")
	}
	return p.String(), nil
}

// lastAddress returns the last address of an IPv4 network.
func lastAddress(p netip.Prefix) netip.Addr {
	a := p.Addr().As4()
	for bit := p.Bits(); bit < 32; bit++ {
		a[bit/8] |= 0x80 >> (bit % 8)
	}
	return netip.AddrFrom4(a)
}

// addressHint returns a hint for what parseAddress found.
func addressHint(text string, version int) string {
	if a, err := netip.ParseAddr(text); err == nil && a.Is4() == (version == 4) {
		if version == 4 {
			return "write the prefix length too: " + text + "/24"
		}
		return "write the prefix length too: " + text + "/64"
	}
	if p, err := netip.ParsePrefix(text); err == nil && p.Addr().Is4() != (version == 4) {
		return "IPv4 addresses go under ipv4, IPv6 addresses under ipv6"
	}
	if version == 4 {
		return "for example 10.0.0.1/24"
	}
	return "for example fd00::1/64"
}
