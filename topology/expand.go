package topology

import (
	"errors"
	"fmt"
	"strings"
)

// maxExpandDepth bounds defaults within defaults: ${A:=${B:=c}} has depth 2.
const maxExpandDepth = 8

var errExpandedTooLarge = errors.New("expands to too much text")

// expand replaces variables in text as containerlab does:
//
//	$VAR ${VAR}               the value; left as it is when VAR is not set
//	${VAR:=TEXT} ${VAR:-TEXT} TEXT when VAR is not set or empty
//	${VAR=TEXT} ${VAR-TEXT}   TEXT when VAR is not set
//	${VAR+TEXT} ${VAR:+TEXT}  TEXT when VAR is set, else nothing
//	$$                        a dollar sign
//
// TEXT may hold variables itself; values are not looked into. A dollar sign before
// anything that cannot begin a name ($1, $@, a lone $_) stays. A result of more
// than limit bytes is errExpandedTooLarge.
//
// containerlab expands the file before it is parsed. Here it is done on each value,
// so that positions stay right and no variable can change the structure.
func expand(text string, lookup func(string) (string, bool), limit int) (string, error) {
	x := expander{lookup: lookup, limit: limit}
	if err := x.expand(text, 0); err != nil {
		return "", err
	}
	return x.out.String(), nil
}

type expander struct {
	lookup func(string) (string, bool)
	limit  int
	out    strings.Builder
}

func (x *expander) put(text string) error {
	if len(text) > x.limit-x.out.Len() {
		return errExpandedTooLarge
	}
	x.out.WriteString(text)
	return nil
}

func (x *expander) expand(text string, depth int) error {
	if depth > maxExpandDepth {
		return fmt.Errorf("defaults of variables lie deeper than %d", maxExpandDepth)
	}
	for {
		before, rest, found := strings.Cut(text, "$")
		if err := x.put(before); err != nil || !found {
			return err
		}
		name := variableName(rest)
		var err error
		switch {
		case strings.HasPrefix(rest, "$"):
			err, text = x.put("$"), rest[1:]
		case strings.HasPrefix(rest, "{") && !startsWithDigit(rest[1:]):
			text, err = x.braces(rest[1:], depth)
		case name != "":
			value, set := x.lookup(name)
			if !set {
				value = "$" + name
			}
			err, text = x.put(value), rest[len(name):]
		default:
			err, text = x.put("$"), rest
		}
		if err != nil {
			return err
		}
	}
}

// braces expands what follows "${" and returns the text behind the closing brace.
func (x *expander) braces(text string, depth int) (string, error) {
	end := closingBrace(text)
	if end < 0 {
		return "", errors.New("${ is not closed")
	}
	inner, rest := text[:end], text[end+1:]
	name := variableName(inner)
	if inner == "_" {
		return rest, x.put("${_}")
	}
	if name == "" {
		return "", fmt.Errorf("%s has no variable name", quote("${"+inner+"}"))
	}
	value, set := x.lookup(name)
	op, word := inner[len(name):], ""
	for _, known := range []string{":=", ":-", ":+", "=", "-", "+"} {
		if after, ok := strings.CutPrefix(op, known); ok {
			op, word = known, after
			break
		}
	}
	switch op {
	case "":
		if !set {
			value = "${" + name + "}"
		}
		return rest, x.put(value)
	case ":=", ":-":
		if value == "" {
			return rest, x.expand(word, depth+1)
		}
		return rest, x.put(value)
	case "=", "-":
		if !set {
			return rest, x.expand(word, depth+1)
		}
		return rest, x.put(value)
	case "+", ":+":
		if set {
			return rest, x.expand(word, depth+1)
		}
		return rest, nil
	}
	return "", fmt.Errorf("%s is not known, only ${VAR}, ${VAR:=default} and the like", quote("${"+inner+"}"))
}

// closingBrace returns the index of the brace that closes one opened before text,
// or -1.
func closingBrace(text string) int {
	depth := 1
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '}':
			if depth--; depth == 0 {
				return i
			}
		case text[i] == '$' && i+1 < len(text) && text[i+1] == '{':
			depth++
			i++
		}
	}
	return -1
}

// variableName returns the variable name that text begins with, "" if none.
func variableName(text string) string {
	n := 0
	for n < len(text) && (text[n] == '_' || isLetter(text[n]) || n > 0 && isDigit(text[n])) {
		n++
	}
	if text[:n] == "_" {
		return ""
	}
	return text[:n]
}

func startsWithDigit(text string) bool { return text != "" && isDigit(text[0]) }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
