package pcapfilter

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/net/bpf"
)

// Types of Ethernet frames.
const (
	typeIPv4 = 0x0800
	typeIPv6 = 0x86dd
)

var etherTypes = map[string]uint32{"ip": typeIPv4, "ip6": typeIPv6, "arp": 0x0806, "rarp": 0x8035}

var ipProtocols = map[string]uint8{
	"icmp": 1, "igmp": 2, "igrp": 9, "tcp": 6, "udp": 17, "esp": 50, "ah": 51, "icmp6": 58, "pim": 103, "vrrp": 112, "sctp": 132,
}

// only4 are protocols over IPv4 alone.
var only4 = []string{"icmp", "igmp", "igrp", "vrrp"}

// qualifiers stand before an address or number.
type qualifiers struct{ proto, dir, kind string }

// primitive parses one, with and without qualifiers.
func (p *parser) primitive() (node, error) {
	if n, err, ok := p.special(); ok {
		return n, err
	}
	start := p.at
	q := qualifiers{}
	q.proto, _ = p.word(slices.Concat([]string{"ether"}, keys(etherTypes), keys(ipProtocols))...)
	if word, ok := p.word("broadcast", "multicast"); ok {
		return p.toMany(q.proto, word)
	}
	q.dir = p.direction()
	q.kind, _ = p.word("host", "net", "port", "portrange", "proto")
	switch {
	case p.at == start: // a bare address or number means what the last one did
		if t := p.peek(); t.symbol || t.text == "" || !strings.ContainsAny(t.text, "0123456789:") {
			return nil, fmt.Errorf("filter: %s is not expected here", t)
		}
		q = p.last
	case q.dir == "" && q.kind == "":
		return p.protocol(q.proto)
	}
	if q.kind == "" {
		q.kind = "host"
	}
	p.last = q
	if p.is("(") { // port (80 or 443)
		p.at++
		n, err := p.expression()
		if err != nil {
			return nil, err
		}
		return n, p.expect(")")
	}
	return p.object(q, p.next())
}

func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// special parses primitives that take no qualifiers.
func (p *parser) special() (n node, err error, ok bool) {
	word, _ := p.word("less", "greater", "vlan", "mpls", "pppoed", "pppoes", "inbound", "outbound", "broadcast", "multicast")
	switch word {
	case "less", "greater":
		size, err := parseNumber(p.next().text)
		cond := bpf.JumpLessOrEqual
		if word == "greater" {
			cond = bpf.JumpGreaterOrEqual
		}
		return test{load: []bpf.Instruction{bpf.LoadExtension{Num: bpf.ExtLen}}, cond: cond, val: size}, err, true
	case "vlan":
		n, err := p.vlan()
		return n, err, true
	case "mpls":
		n, err := p.mpls()
		return n, err, true
	case "pppoed":
		return p.etherType(typePPPoED), nil, true
	case "pppoes":
		n, err := p.pppoes()
		return n, err, true
	case "inbound", "outbound":
		var n node = test{load: []bpf.Instruction{bpf.LoadExtension{Num: bpf.ExtType}}, cond: bpf.JumpEqual, val: packetOutgoing}
		if word == "inbound" {
			n = not{n}
		}
		return n, nil, true
	case "broadcast", "multicast":
		n, err := p.toMany("ether", word)
		return n, err, true
	}
	return nil, nil, false
}

// direction parses src, dst, src or dst, src and dst.
func (p *parser) direction() string {
	dir, ok := p.word("src", "dst")
	if !ok {
		return ""
	}
	before := p.at
	if how, ok := p.word("and", "or"); ok {
		if other, ok := p.word("src", "dst"); ok && other != dir {
			return how
		}
	}
	p.at = before
	return dir
}

// either combines what holds for the source and for the destination.
func (q qualifiers) either(src, dst node) node {
	switch q.dir {
	case "src":
		return src
	case "dst":
		return dst
	case "and":
		return and{src, dst}
	}
	return or{src, dst}
}

// load is a test of size bytes at an offset.
func load(off uint32, size int, val uint32) node {
	return test{load: []bpf.Instruction{bpf.LoadAbsolute{Off: off, Size: size}}, cond: bpf.JumpEqual, val: val}
}

func masked(off uint32, size int, mask, val uint32) node {
	return test{
		load: []bpf.Instruction{bpf.LoadAbsolute{Off: off, Size: size}, bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: mask}},
		cond: bpf.JumpEqual, val: val,
	}
}

// firstFragment tells packets that have the header after IPv4's.
func (p *parser) firstFragment() node { return masked(p.off+20, 2, 0x1fff, 0) }

// protocol is a protocol's name alone.
func (p *parser) protocol(name string) (node, error) {
	if name == "ether" {
		return nil, fmt.Errorf("filter: ether stands before host, src, dst, proto, broadcast or multicast")
	}
	if t, ok := etherTypes[name]; ok {
		return p.etherType(t), nil
	}
	number := uint32(ipProtocols[name])
	switch {
	case slices.Contains(only4, name):
		return p.ipProto("ip", number), nil
	case name == "icmp6":
		return p.ipProto("ip6", number), nil
	}
	return p.ipProto("", number), nil
}

// ipProto tells packets whose payload is of a protocol; in IPv6 behind a fragment header too.
func (p *parser) ipProto(over string, number uint32) node {
	net := p.off + 14
	v4 := and{p.etherType(typeIPv4), load(net+9, 1, number)}
	v6 := and{p.etherType(typeIPv6), or{load(net+6, 1, number), and{load(net+6, 1, 44), load(net+40, 1, number)}}}
	switch over {
	case "ip":
		return v4
	case "ip6":
		return v6
	}
	return or{v4, v6}
}

// toMany is broadcast or multicast of a layer.
func (p *parser) toMany(proto, word string) (node, error) {
	net := p.off + 14
	switch {
	case (proto == "ether" || proto == "") && word == "broadcast":
		return and{load(0, 4, 0xffffffff), load(4, 2, 0xffff)}, nil
	case proto == "ether" || proto == "":
		return masked(0, 1, 1, 1), nil
	case proto == "ip" && word == "multicast":
		t := test{load: []bpf.Instruction{bpf.LoadAbsolute{Off: net + 16, Size: 1}}, cond: bpf.JumpGreaterOrEqual, val: 224}
		return and{p.etherType(typeIPv4), t}, nil
	case proto == "ip6" && word == "multicast":
		return and{p.etherType(typeIPv6), load(net+24, 1, 255)}, nil
	}
	return nil, fmt.Errorf("filter: %s %s is not known here", proto, word)
}
