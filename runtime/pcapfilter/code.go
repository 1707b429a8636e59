package pcapfilter

import (
	"fmt"

	"golang.org/x/net/bpf"
)

// maxProgram is what the kernel takes.
const maxProgram = 4096

// accept is how many bytes of a frame a program says to keep: all.
const accept = 1 << 18

// A node is a test, or and, or or not of others.
type node interface{ emit(c *coder, yes, no label) }

type (
	and struct{ a, b node }
	or  struct{ a, b node }
	not struct{ a node }
)

// test loads something into A and compares it with a number.
type test struct {
	load []bpf.Instruction
	cond bpf.JumpTest
	val  uint32
}

// compare loads something into A and X and compares the two.
type compare struct {
	load []bpf.Instruction
	cond bpf.JumpTest
}

// A label is a place in a program that may not be known yet.
type label int

// coder collects a program. Jumps go through unconditional ones, which reach everywhere.
type coder struct {
	code   []bpf.Instruction
	jumps  map[int]label // instructions that jump there
	places []int         // of labels
}

func (c *coder) label() label {
	c.places = append(c.places, -1)
	return label(len(c.places) - 1)
}

func (c *coder) place(l label) { c.places[l] = len(c.code) }

func (c *coder) jump(l label) {
	c.jumps[len(c.code)] = l
	c.code = append(c.code, bpf.Jump{})
}

func (n and) emit(c *coder, yes, no label) {
	next := c.label()
	n.a.emit(c, next, no)
	c.place(next)
	n.b.emit(c, yes, no)
}

func (n or) emit(c *coder, yes, no label) {
	next := c.label()
	n.a.emit(c, yes, next)
	c.place(next)
	n.b.emit(c, yes, no)
}

func (n not) emit(c *coder, yes, no label) { n.a.emit(c, no, yes) }

func (n test) emit(c *coder, yes, no label) {
	c.code = append(c.code, n.load...)
	c.code = append(c.code, bpf.JumpIf{Cond: n.cond, Val: n.val, SkipFalse: 1})
	c.jump(yes)
	c.jump(no)
}

func (n compare) emit(c *coder, yes, no label) {
	c.code = append(c.code, n.load...)
	c.code = append(c.code, bpf.JumpIfX{Cond: n.cond, SkipFalse: 1})
	c.jump(yes)
	c.jump(no)
}

// assemble makes a program that accepts what n says yes to.
func assemble(n node) ([]bpf.RawInstruction, error) {
	c := &coder{jumps: make(map[int]label)}
	yes, no := c.label(), c.label()
	n.emit(c, yes, no)
	c.place(yes)
	c.code = append(c.code, bpf.RetConstant{Val: accept})
	c.place(no)
	c.code = append(c.code, bpf.RetConstant{Val: 0})
	if len(c.code) > maxProgram {
		return nil, fmt.Errorf("filter is too long: %d instructions, at most %d", len(c.code), maxProgram)
	}
	for at, l := range c.jumps {
		c.code[at] = bpf.Jump{Skip: uint32(c.places[l] - at - 1)}
	}
	return bpf.Assemble(c.code)
}

// anyOf is or of several.
func anyOf(nodes ...node) node {
	n := nodes[0]
	for _, next := range nodes[1:] {
		n = or{n, next}
	}
	return n
}

// allOf is and of several.
func allOf(nodes ...node) node {
	n := nodes[0]
	for _, next := range nodes[1:] {
		n = and{n, next}
	}
	return n
}
