package pcapfilter

import (
	"fmt"
	"strings"
)

// maxTokens bounds an expression.
const maxTokens = 1000

// A token is a word (a name, number or address) or a symbol.
type token struct {
	text   string
	symbol bool
	quoted bool // a word after a backslash: never a keyword
}

// symbols of more than one byte, the longest first.
var symbols = []string{"&&", "||", "<<", ">>", "==", "!=", "<=", ">="}

// lex takes text apart. A colon is part of an address, but inside brackets.
func lex(text string) ([]token, error) {
	var tokens []token
	brackets := 0
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case len(tokens) == maxTokens:
			return nil, fmt.Errorf("filter has more than %d words", maxTokens)
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
		case wordByte(c) || c == '\\':
			start := i
			if c == '\\' {
				start, i = i+1, i+1
			}
			for i < len(text) && (wordByte(text[i]) || strings.IndexByte("-./", text[i]) >= 0 && inWord(text, i) ||
				text[i] == ':' && brackets == 0) {
				i++
			}
			if i == start {
				return nil, fmt.Errorf("filter: a backslash stands before a word")
			}
			tokens = append(tokens, token{text: text[start:i], quoted: c == '\\'})
		case c == ':' && brackets == 0: // ::1
			start := i
			for i < len(text) && (wordByte(text[i]) || strings.IndexByte(":./", text[i]) >= 0) {
				i++
			}
			tokens = append(tokens, token{text: text[start:i]})
		default:
			s := text[i : i+1]
			for _, long := range symbols {
				if strings.HasPrefix(text[i:], long) {
					s = long
				}
			}
			if strings.IndexByte("()[]:!<>=&|^+-*/%", s[0]) < 0 {
				return nil, fmt.Errorf("filter: %q is not of its language", s)
			}
			switch s {
			case "[":
				brackets++
			case "]":
				brackets--
			}
			tokens = append(tokens, token{text: s, symbol: true})
			i += len(s)
		}
	}
	return tokens, nil
}

func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}

// inWord says whether the sign at i joins two parts of a word.
func inWord(text string, i int) bool { return i+1 < len(text) && wordByte(text[i+1]) }
