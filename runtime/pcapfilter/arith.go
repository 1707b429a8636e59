package pcapfilter

import (
	"fmt"
	"strconv"

	"golang.org/x/net/bpf"
)

// scratch is the number of words that a program can put aside.
const scratch = 16

// An operand is an arithmetic expression: the code that leaves it in A, and what must hold for it to make
// sense, such as that the packet is TCP. r is the first word of scratch memory that is free.
type operand struct {
	code   func(r int) []bpf.Instruction
	guards []node
	words  int // of scratch memory that code needs
}

func number(n uint32) operand {
	return operand{code: func(int) []bpf.Instruction { return []bpf.Instruction{bpf.LoadConstant{Dst: bpf.RegA, Val: n}} }}
}

// both puts a into A and b into X.
func both(a, b operand, r int) []bpf.Instruction {
	code := append(a.code(r), bpf.StoreScratch{Src: bpf.RegA, N: r})
	code = append(code, b.code(r+1)...)
	return append(code, bpf.TAX{}, bpf.LoadScratch{Dst: bpf.RegA, N: r})
}

func combine(op bpf.ALUOp, a, b operand) operand {
	return operand{
		code:   func(r int) []bpf.Instruction { return append(both(a, b, r), bpf.ALUOpX{Op: op}) },
		guards: append(append([]node{}, a.guards...), b.guards...),
		words:  1 + max(a.words, b.words),
	}
}

// levels are the operators by precedence, the weakest first.
var levels = []map[string]bpf.ALUOp{
	{"|": bpf.ALUOpOr},
	{"^": bpf.ALUOpXor},
	{"&": bpf.ALUOpAnd},
	{"<<": bpf.ALUOpShiftLeft, ">>": bpf.ALUOpShiftRight},
	{"+": bpf.ALUOpAdd, "-": bpf.ALUOpSub},
	{"*": bpf.ALUOpMul, "/": bpf.ALUOpDiv, "%": bpf.ALUOpMod},
}

// arith parses an arithmetic expression of a level and those above it.
func (p *parser) arith(level int) (operand, error) {
	if level == len(levels) {
		return p.factor()
	}
	a, err := p.arith(level + 1)
	for err == nil && p.peek().symbol {
		op, ok := levels[level][p.peek().text]
		if !ok {
			break
		}
		p.at++
		var b operand
		if b, err = p.arith(level + 1); err == nil {
			a = combine(op, a, b)
		}
	}
	return a, err
}

func (p *parser) factor() (operand, error) {
	if err := p.deeper(); err != nil {
		return operand{}, err
	}
	defer func() { p.depth-- }()
	t := p.next()
	switch {
	case t.symbol && t.text == "(":
		a, err := p.arith(0)
		if err == nil {
			err = p.expect(")")
		}
		return a, err
	case t.symbol && t.text == "-":
		a, err := p.factor()
		return combine(bpf.ALUOpSub, number(0), a), err
	case t.symbol || t.text == "":
		return operand{}, fmt.Errorf("filter: a number is missing before %s", t)
	case t.text == "len":
		return operand{code: func(int) []bpf.Instruction {
			return []bpf.Instruction{bpf.LoadExtension{Num: bpf.ExtLen}}
		}}, nil
	case p.is("["):
		return p.bytes(t.text)
	}
	if n, ok := constants[t.text]; ok {
		return number(n), nil
	}
	n, err := parseNumber(t.text)
	return number(n), err
}

// bytes parses PROTO[INDEX:SIZE], behind PROTO.
func (p *parser) bytes(proto string) (operand, error) {
	p.at++
	index, err := p.arith(0)
	if err != nil {
		return operand{}, err
	}
	size := 1
	if p.is(":") {
		p.at++
		n, err := parseNumber(p.next().text)
		if err != nil || n != 1 && n != 2 && n != 4 {
			return operand{}, fmt.Errorf("filter: %s[...:N]: N is 1, 2 or 4", proto)
		}
		size = int(n)
	}
	if err := p.expect("]"); err != nil {
		return operand{}, err
	}
	guard, base, transport, err := p.header(proto)
	if err != nil {
		return operand{}, err
	}
	out := operand{guards: index.guards, words: index.words}
	if guard != nil {
		out.guards = append(append([]node{}, out.guards...), guard)
	}
	if !transport {
		out.code = func(r int) []bpf.Instruction {
			return append(index.code(r), bpf.TAX{}, bpf.LoadIndirect{Off: base, Size: size})
		}
		return out, nil
	}
	out.words = max(out.words, 1)
	out.code = func(r int) []bpf.Instruction {
		code := append(index.code(r), bpf.StoreScratch{Src: bpf.RegA, N: r}, bpf.LoadMemShift{Off: base})
		return append(code, bpf.LoadScratch{Dst: bpf.RegA, N: r}, bpf.ALUOpX{Op: bpf.ALUOpAdd}, bpf.TAX{},
			bpf.LoadIndirect{Off: base, Size: size})
	}
	return out, nil
}

// header says what a protocol's bytes need: a test that the packet is of it, where its header begins, and
// whether the IP header in front of it, which begins there, has a length of its own.
func (p *parser) header(proto string) (guard node, base uint32, transport bool, err error) {
	net := p.off + 14
	switch proto {
	case "ether":
		return nil, 0, false, nil
	case "ip", "ip6", "arp", "rarp":
		return p.etherType(etherTypes[proto]), net, false, nil
	case "icmp6":
		return allOf(p.etherType(typeIPv6), load(net+6, 1, 58)), net + 40, false, nil
	}
	number, ok := ipProtocols[proto]
	if !ok {
		return nil, 0, false, fmt.Errorf("filter: %s[...]: not a protocol", proto)
	}
	return allOf(p.etherType(typeIPv4), load(net+9, 1, uint32(number)), p.firstFragment()), net, true, nil
}

var relations = map[string]bpf.JumpTest{
	"=": bpf.JumpEqual, "==": bpf.JumpEqual, "!=": bpf.JumpNotEqual, "<": bpf.JumpLessThan, "<=": bpf.JumpLessOrEqual,
	">": bpf.JumpGreaterThan, ">=": bpf.JumpGreaterOrEqual,
}

// relation parses EXPR RELATION EXPR.
func (p *parser) relation() (node, error) {
	a, err := p.arith(0)
	if err != nil {
		return nil, err
	}
	t := p.next()
	cond, ok := relations[t.text]
	if !ok || !t.symbol {
		return nil, fmt.Errorf("filter: a comparison such as = or > is missing before %s", t)
	}
	b, err := p.arith(0)
	if err != nil {
		return nil, err
	}
	if 1+max(a.words, b.words+1) > scratch {
		return nil, fmt.Errorf("filter: arithmetic is too deep")
	}
	var n node = compare{load: both(a, b, 0), cond: cond}
	for _, guard := range append(append([]node{}, b.guards...), a.guards...) {
		n = and{guard, n}
	}
	return n, nil
}

// constants are names of offsets and values.
var constants = map[string]uint32{
	"icmptype": 0, "icmpcode": 1, "icmp6type": 0, "icmp6code": 1, "tcpflags": 13,
	"tcp-fin": 1, "tcp-syn": 2, "tcp-rst": 4, "tcp-push": 8, "tcp-ack": 16, "tcp-urg": 32, "tcp-ece": 64, "tcp-cwr": 128,
	"icmp-echoreply": 0, "icmp-unreach": 3, "icmp-sourcequench": 4, "icmp-redirect": 5, "icmp-echo": 8,
	"icmp-routeradvert": 9, "icmp-routersolicit": 10, "icmp-timxceed": 11, "icmp-paramprob": 12, "icmp-tstamp": 13,
	"icmp-tstampreply": 14, "icmp-ireq": 15, "icmp-ireqreply": 16, "icmp-maskreq": 17, "icmp-maskreply": 18,
	"icmp6-destinationunreach": 1, "icmp6-packettoobig": 2, "icmp6-timeexceeded": 3, "icmp6-parameterproblem": 4,
	"icmp6-echo": 128, "icmp6-echoreply": 129, "icmp6-routersolicit": 133, "icmp6-routeradvert": 134,
	"icmp6-neighborsolicit": 135, "icmp6-neighboradvert": 136, "icmp6-redirect": 137,
}

// parseNumber reads 10, 0x1f or 017.
func parseNumber(s string) (uint32, error) {
	n, err := strconv.ParseUint(s, 0, 32)
	if err != nil {
		return 0, fmt.Errorf("filter: %q is not a number", s)
	}
	return uint32(n), nil
}
