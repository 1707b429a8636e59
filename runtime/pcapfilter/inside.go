package pcapfilter

import "fmt"

// Types of Ethernet frames that have others inside.
const (
	typeMPLS   = 0x8847
	typePPPoED = 0x8863
	typePPPoES = 0x8864
)

// pppTypes are the types of what is inside a PPP session, where they are not those of Ethernet frames.
var pppTypes = map[uint32]uint32{typeIPv4: 0x21, typeIPv6: 0x57, typeMPLS: 0x281}

// inside is how deep the parser has gone: headers lie off bytes further than in a plain frame.
type inside struct {
	off    uint32
	labels int  // of MPLS: there is no type in front of what follows
	ppp    bool // the type is one of PPP
}

// etherType tells frames of a type. What can't be told inside of MPLS is a fault of the filter.
func (p *parser) etherType(t uint32) node {
	if p.labels == 0 {
		if ppp, ok := pppTypes[t]; ok && p.ppp {
			t = ppp
		}
		return load(p.off+12, 2, t)
	}
	version := uint32(0x40)
	switch t {
	case typeIPv6:
		version = 0x60
	case typeIPv4:
	default:
		p.fail("only ip and ip6 can be told behind mpls")
	}
	return and{p.bottom(1), masked(p.off+14, 1, 0xf0, version)}
}

// bottom says whether the last label is that of the bottom of the stack.
func (p *parser) bottom(is uint32) node { return masked(p.off+12, 1, 1, is) }

// fail keeps the first fault that is found below the grammar.
func (p *parser) fail(format string, args ...any) {
	if p.fault == nil {
		p.fault = fmt.Errorf("filter: "+format, args...)
	}
}

// number parses one that may follow; ok: it is there.
func (p *parser) number(what string, most uint32) (n uint32, ok bool, err error) {
	n, err = parseNumber(p.peek().text)
	if err != nil || p.peek().symbol {
		return 0, false, nil
	}
	p.at++
	if n > most {
		return 0, false, fmt.Errorf("filter: %s %d is not 0 to %d", what, n, most)
	}
	return n, true, nil
}

// vlan parses what follows the word. The headers behind it lie 4 bytes further.
func (p *parser) vlan() (node, error) {
	if p.labels > 0 || p.ppp {
		return nil, fmt.Errorf("filter: there is no vlan behind mpls or pppoes")
	}
	var n = anyOf(p.etherType(0x8100), p.etherType(0x88a8), p.etherType(0x9100))
	id, ok, err := p.number("vlan", 4095)
	if ok {
		n = and{n, masked(p.off+14, 2, 0x0fff, id)}
	}
	p.off += 4
	return n, err
}

// mpls does the same: a label has 4 bytes. The type is in front of the first one.
func (p *parser) mpls() (node, error) {
	n := p.bottom(0)
	if p.labels == 0 {
		n = p.etherType(typeMPLS)
	}
	label, ok, err := p.number("mpls", 1<<20-1)
	if ok {
		n = and{n, masked(p.off+14, 4, 0xfffff000, label<<12)}
	}
	p.off += 4
	p.labels++
	return n, err
}

// pppoes does the same: the header of a session has 6 bytes, and PPP's type 2.
func (p *parser) pppoes() (node, error) {
	if p.labels > 0 || p.ppp {
		return nil, fmt.Errorf("filter: there is no pppoes behind mpls or pppoes")
	}
	n := p.etherType(typePPPoES)
	session, ok, err := p.number("pppoes", 1<<16-1)
	if ok {
		n = and{n, masked(p.off+14, 4, 0xffff, session)}
	}
	p.off += 8
	p.ppp = true
	return n, err
}
