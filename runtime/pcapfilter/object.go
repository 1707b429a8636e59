package pcapfilter

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/net/bpf"
)

// object is an address or number with its qualifiers.
func (p *parser) object(q qualifiers, t token) (node, error) {
	if t.symbol || t.text == "" {
		return nil, fmt.Errorf("filter: something is missing before %s", t)
	}
	switch q.kind {
	case "host":
		if q.proto == "ether" {
			return etherHost(q, t.text)
		}
		address, err := netip.ParseAddr(t.text)
		if err != nil {
			return nil, fmt.Errorf("filter: %s is not an address, and names are not looked up: give the address itself", t)
		}
		return p.network(q, netip.PrefixFrom(address, address.BitLen()))
	case "net":
		prefix, err := p.prefix(t.text)
		if err != nil {
			return nil, err
		}
		return p.network(q, prefix)
	case "port":
		return p.ports(q, t.text, t.text)
	case "portrange":
		from, to, ok := strings.Cut(t.text, "-")
		if !ok {
			to = from
		}
		return p.ports(q, from, to)
	}
	return p.numbered(q, t)
}

func etherHost(q qualifiers, text string) (node, error) {
	mac, err := net.ParseMAC(text)
	if err != nil || len(mac) != 6 {
		return nil, fmt.Errorf("filter: %q is not an Ethernet address", text)
	}
	at := func(off uint32) node {
		return and{load(off+2, 4, binary.BigEndian.Uint32(mac[2:])), load(off, 2, uint32(binary.BigEndian.Uint16(mac)))}
	}
	return q.either(at(6), at(0)), nil
}

// prefix reads 10.0.0.0/8, 10.0.0.0 mask 255.0.0.0, 10.1 and fd00::/8.
func (p *parser) prefix(text string) (netip.Prefix, error) {
	fail := func() (netip.Prefix, error) { return netip.Prefix{}, fmt.Errorf("filter: %q is not a network", text) }
	address, bits, hasBits := strings.Cut(text, "/")
	if !strings.Contains(address, ":") {
		octets := strings.Count(address, ".") + 1
		if octets > 4 {
			return fail()
		}
		address += strings.Repeat(".0", 4-octets)
		if !hasBits {
			bits = strconv.Itoa(8 * octets)
		}
	} else if !hasBits {
		bits = "128"
	}
	if _, ok := p.word("mask"); ok {
		mask, err := netip.ParseAddr(p.next().text)
		if err != nil || !mask.Is4() || hasBits {
			return fail()
		}
		ones, size := net.IPMask(mask.AsSlice()).Size()
		if size == 0 {
			return fail()
		}
		bits = strconv.Itoa(ones)
	}
	prefix, err := netip.ParsePrefix(address + "/" + bits)
	if err != nil {
		return fail()
	}
	if prefix.Masked() != prefix {
		return netip.Prefix{}, fmt.Errorf("filter: %q has bits set outside of its mask", text)
	}
	return prefix, nil
}

// network tells packets from and to a network, or a host.
func (p *parser) network(q qualifiers, prefix netip.Prefix) (node, error) {
	base := p.off + 14
	if prefix.Addr().Is6() {
		if q.proto != "" && q.proto != "ip6" {
			return nil, fmt.Errorf("filter: %s does not go with an IPv6 address", q.proto)
		}
		return and{p.etherType(typeIPv6), q.either(inNetwork(base+8, prefix), inNetwork(base+24, prefix))}, nil
	}
	arp := func(kind uint32) node {
		return and{p.etherType(kind), q.either(inNetwork(base+14, prefix), inNetwork(base+24, prefix))}
	}
	ip := func() node {
		return and{p.etherType(typeIPv4), q.either(inNetwork(base+12, prefix), inNetwork(base+16, prefix))}
	}
	switch q.proto {
	case "":
		if p.labels > 0 {
			return ip(), nil
		}
		return anyOf(ip(), arp(etherTypes["arp"]), arp(etherTypes["rarp"])), nil
	case "ip":
		return ip(), nil
	case "arp", "rarp":
		return arp(etherTypes[q.proto]), nil
	}
	return nil, fmt.Errorf("filter: %s does not go with an IPv4 address", q.proto)
}

// inNetwork compares the address at an offset word by word.
func inNetwork(off uint32, prefix netip.Prefix) node {
	address, bits := prefix.Addr().AsSlice(), prefix.Bits()
	n := node(test{load: []bpf.Instruction{bpf.LoadConstant{Dst: bpf.RegA}}, cond: bpf.JumpEqual}) // a network of all
	for i, first := 0, true; i < len(address) && bits > 0; i, bits = i+4, bits-32 {
		mask := ^uint32(0)
		if bits < 32 {
			mask <<= 32 - bits
		}
		word := masked(off+uint32(i), 4, mask, binary.BigEndian.Uint32(address[i:]))
		if first {
			n, first = word, false
		} else {
			n = and{n, word}
		}
	}
	return n
}

// ports tells packets from and to a range of ports.
func (p *parser) ports(q qualifiers, from, to string) (node, error) {
	protos := []string{"tcp", "udp", "sctp"}
	switch q.proto {
	case "":
	case "tcp", "udp", "sctp":
		protos = []string{q.proto}
	default:
		return nil, fmt.Errorf("filter: %s has no ports", q.proto)
	}
	low, err := portNumber(from, protos)
	if err != nil {
		return nil, err
	}
	high, err := portNumber(to, protos)
	if err != nil {
		return nil, err
	}
	if low > high {
		low, high = high, low
	}
	base := p.off + 14
	is := func(off uint32) (n node) {
		for i, name := range protos {
			one := load(off, 1, uint32(ipProtocols[name]))
			if i == 0 {
				n = one
			} else {
				n = or{n, one}
			}
		}
		return n
	}
	within := func(loads ...bpf.Instruction) node {
		if low == high {
			return test{load: loads, cond: bpf.JumpEqual, val: low}
		}
		return and{test{load: loads, cond: bpf.JumpGreaterOrEqual, val: low}, test{load: loads, cond: bpf.JumpLessOrEqual, val: high}}
	}
	at4 := func(off uint32) node {
		return within(bpf.LoadMemShift{Off: base}, bpf.LoadIndirect{Off: base + off, Size: 2})
	}
	at6 := func(off uint32) node { return within(bpf.LoadAbsolute{Off: base + 40 + off, Size: 2}) }
	v4 := allOf(p.etherType(typeIPv4), is(base+9), p.firstFragment(), q.either(at4(0), at4(2)))
	v6 := allOf(p.etherType(typeIPv6), is(base+6), q.either(at6(0), at6(2)))
	return or{v4, v6}, nil
}

// portNumber reads a number, or a name that this machine knows for one of the protocols.
func portNumber(s string, protos []string) (uint32, error) {
	if n, err := parseNumber(s); err == nil {
		if n > 65535 {
			return 0, fmt.Errorf("filter: port %d is not 0 to 65535", n)
		}
		return n, nil
	}
	for _, proto := range protos {
		if n, err := net.LookupPort(proto, s); err == nil && s != "" {
			return uint32(n), nil
		}
	}
	return 0, fmt.Errorf("filter: %q is not a port", s)
}

// numbered is proto N of a layer.
func (p *parser) numbered(q qualifiers, t token) (node, error) {
	if q.dir != "" {
		return nil, fmt.Errorf("filter: src and dst do not go with proto")
	}
	number, err := parseNumber(t.text)
	switch q.proto {
	case "ether":
		if named, ok := etherTypes[t.text]; ok {
			number, err = named, nil
		}
		if err != nil || number > 0xffff || number < 0x600 {
			return nil, fmt.Errorf("filter: %s is not a type of Ethernet frames", t)
		}
		return p.etherType(number), nil
	case "", "ip", "ip6":
		if named, ok := ipProtocols[t.text]; ok {
			number, err = uint32(named), nil
		}
		if err != nil || number > 255 {
			return nil, fmt.Errorf("filter: %s is not a protocol over IP", t)
		}
		return p.ipProto(q.proto, number), nil
	}
	return nil, fmt.Errorf("filter: proto does not go with %s", q.proto)
}
