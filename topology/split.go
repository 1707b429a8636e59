package topology

import (
	"errors"
	"strings"
)

// split splits a command into words by the quoting rules of the POSIX shell:
// single quotes, double quotes, backslashes. Nothing is expanded; | > & ; and the
// like have no meaning of their own (`sh -c '...'` gives them one).
func split(command string) ([]string, error) {
	var words []string
	var word strings.Builder
	inWord := false
	for i := 0; i < len(command); i++ {
		c := command[i]
		switch c {
		case ' ', '\t', '\n', '\r':
			if inWord {
				words = append(words, word.String())
				word.Reset()
				inWord = false
			}
			continue
		case '\'':
			n := strings.IndexByte(command[i+1:], '\'')
			if n < 0 {
				return nil, errors.New("single quote is not closed")
			}
			word.WriteString(command[i+1 : i+1+n])
			i += n + 1
		case '"':
			n, err := doubleQuoted(command[i+1:], &word)
			if err != nil {
				return nil, err
			}
			i += n
		case '\\':
			if i++; i == len(command) {
				return nil, errors.New("nothing follows the last backslash")
			}
			if command[i] == '\n' {
				continue
			}
			word.WriteByte(command[i])
		default:
			word.WriteByte(c)
		}
		inWord = true
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, nil
}

// doubleQuoted appends what stands before the closing double quote and returns the
// number of bytes up to and with that quote.
func doubleQuoted(text string, word *strings.Builder) (int, error) {
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == '"' {
			return i + 1, nil
		}
		if c == '\\' && i+1 < len(text) && strings.IndexByte("$`\"\\\n", text[i+1]) >= 0 {
			i++
			if text[i] == '\n' {
				continue
			}
			c = text[i]
		}
		word.WriteByte(c)
	}
	return 0, errors.New("double quote is not closed")
}
