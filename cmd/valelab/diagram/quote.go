package diagram

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// printable returns text as it is when a terminal shows all of it, else in Go's
// quotes. The checks of a lab file let anything but spaces be in an image's name.
func printable(text string) string {
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(c rune) bool { return !unicode.IsPrint(c) }) {
		return strconv.Quote(text)
	}
	return text
}

// isWord says whether c is an ASCII letter or digit.
func isWord(c rune) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// encode writes every rune of text that keep does not name by its number.
func encode(text, format string, keep func(rune) bool) string {
	var b strings.Builder
	for _, c := range text {
		if keep(c) {
			b.WriteRune(c)
		} else {
			fmt.Fprintf(&b, format, c)
		}
	}
	return b.String()
}
