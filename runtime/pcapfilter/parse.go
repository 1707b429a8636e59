package pcapfilter

import (
	"fmt"
	"strconv"

	"golang.org/x/net/bpf"
)

// maxDepth bounds how deep parentheses may go.
const maxDepth = 100

// Compile makes a program of an expression. It returns more than 0 for a frame that is to be kept; bytes that
// a frame does not have make it 0. An empty expression keeps all.
func Compile(expression string) ([]bpf.RawInstruction, error) {
	tokens, err := lex(expression)
	if err != nil {
		return nil, err
	}
	if len(tokens) == 0 {
		return bpf.Assemble([]bpf.Instruction{bpf.RetConstant{Val: accept}})
	}
	p := &parser{tokens: tokens}
	n, err := p.expression()
	if err != nil {
		return nil, err
	}
	if p.at < len(tokens) {
		return nil, fmt.Errorf("filter: %s is not expected here", p.peek())
	}
	if p.fault != nil {
		return nil, p.fault
	}
	return assemble(n)
}

// parser reads tokens from left to right. What is built on the way depends on what was before: a vlan, say,
// shifts the headers behind it, and a bare number or address means what the last one with a qualifier did.
type parser struct {
	tokens []token
	at     int
	depth  int
	last   qualifiers // of the last address or number
	fault  error      // what was found to be impossible on the way
	inside
}

// String is the token as a message shows it.
func (t token) String() string {
	if t.text == "" {
		return "the end"
	}
	return strconv.Quote(t.text)
}

// peek returns the next token; one without text at the end.
func (p *parser) peek() token {
	if p.at == len(p.tokens) {
		return token{}
	}
	return p.tokens[p.at]
}

func (p *parser) next() token {
	t := p.peek()
	if p.at < len(p.tokens) {
		p.at++
	}
	return t
}

// is says whether the next token is this symbol.
func (p *parser) is(symbol string) bool {
	t := p.peek()
	return t.symbol && t.text == symbol
}

// word says whether the next token is one of these words, and takes it.
func (p *parser) word(words ...string) (string, bool) {
	t := p.peek()
	for _, w := range words {
		if !t.symbol && !t.quoted && t.text == w {
			p.at++
			return w, true
		}
	}
	return "", false
}

func (p *parser) expect(symbol string) error {
	if !p.is(symbol) {
		return fmt.Errorf("filter: %q is missing before %s", symbol, p.peek())
	}
	p.at++
	return nil
}

func (p *parser) deeper() error {
	if p.depth++; p.depth > maxDepth {
		return fmt.Errorf("filter: more than %d parentheses deep", maxDepth)
	}
	return nil
}

// expression parses TERM and|or TERM ...
func (p *parser) expression() (node, error) {
	n, err := p.term()
	for err == nil {
		isAnd := p.is("&&")
		isOr := p.is("||")
		if isAnd || isOr {
			p.at++
		} else if _, isAnd = p.word("and"); !isAnd {
			if _, isOr = p.word("or"); !isOr {
				break
			}
		}
		var next node
		if next, err = p.term(); err != nil {
			break
		}
		if isAnd {
			n = and{n, next}
		} else {
			n = or{n, next}
		}
	}
	return n, err
}

// term parses not TERM, a comparison, (EXPRESSION) or a primitive.
func (p *parser) term() (node, error) {
	if err := p.deeper(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	if p.is("!") {
		p.at++
		n, err := p.term()
		return not{n}, err
	}
	if _, ok := p.word("not"); ok {
		n, err := p.term()
		return not{n}, err
	}
	if p.arithmetic() {
		return p.relation()
	}
	if p.is("(") {
		// Either arithmetic or an expression: it is the former if it reads as such.
		before := *p
		if n, err := p.relation(); err == nil {
			return n, nil
		}
		*p = before
		p.at++
		n, err := p.expression()
		if err != nil {
			return nil, err
		}
		return n, p.expect(")")
	}
	return p.primitive()
}

// arithmetic says whether what comes can only be a comparison: len, PROTO[, -, or a number before an operator.
func (p *parser) arithmetic() bool {
	t := p.peek()
	if t.symbol {
		return t.text == "-"
	}
	following := token{}
	if p.at+1 < len(p.tokens) {
		following = p.tokens[p.at+1]
	}
	if t.text == "len" || following.symbol && following.text == "[" {
		return true
	}
	_, constant := constants[t.text]
	_, err := parseNumber(t.text)
	return (constant || err == nil) && following.symbol && following.text != ")" && following.text != "&&" && following.text != "||"
}
