package topology

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// maxSize bounds a lab file, in bytes.
const maxSize = 1 << 20

// document returns the value that the file holds, or nil after reporting why not.
func (r *reader) document(data []byte) *yaml.Node {
	if len(data) > maxSize {
		r.fault(pos{1, 1}, "", "lab file is larger than %d MiB", maxSize>>20)
		return nil
	}
	r.lines = len(lineEnds(data))
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if p, what := unreadable(data); what != "" {
		r.fault(p, "a lab file is UTF-8 text", "%s", what)
		return nil
	}

	dec := yaml.NewDecoder(bytes.NewReader(data))
	var first, second yaml.Node
	if err := decode(dec, &first); err == io.EOF {
		r.empty(pos{1, 1})
		return nil
	} else if err != nil {
		r.syntaxFault(data, err)
		return nil
	}
	if err := decode(dec, &second); err == nil {
		r.fault(at(&second), "one file holds one lab", "second document in the lab file")
		return nil
	} else if err != io.EOF {
		r.syntaxFault(data, err)
		return nil
	}

	root := first.Content[0]
	if root.ShortTag() == "!!null" && root.Kind == yaml.ScalarNode {
		r.empty(at(root))
		return nil
	}
	return root
}

func (r *reader) empty(p pos) {
	r.fault(p, "a lab has a name and nodes:", "lab file is empty")
}

// decode is dec.Decode, with a panic of the YAML package made an error: its input
// is whatever a user has in his file.
func decode(dec *yaml.Decoder, n *yaml.Node) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("yaml: %v", p)
		}
	}()
	err = dec.Decode(n)
	if err == nil && (n.Kind != yaml.DocumentNode || len(n.Content) != 1) {
		err = errors.New("yaml: no document")
	}
	return err
}

// unreadable returns the position of the first character that is not text, and
// what it is; "" when there is none. Characters that YAML takes for the end of a
// line but editors do not are refused, since no position behind them would be right.
func unreadable(data []byte) (pos, string) {
	p := pos{1, 0}
	for i := 0; i < len(data); {
		c, size := utf8.DecodeRune(data[i:])
		p.column++
		switch {
		case c == utf8.RuneError && size == 1:
			return p, fmt.Sprintf("byte 0x%02x is not UTF-8", data[i])
		case c == '\n':
			p = pos{p.line + 1, 0}
		case c == '\t' || c == '\r' && i+1 < len(data) && data[i+1] == '\n':
		case c < ' ' || c >= 0x7f && c < 0xa0 || c == 0x2028 || c == 0x2029 || c == 0xfeff || c == 0xfffe || c == 0xffff:
			return p, fmt.Sprintf("character U+%04X is not text", c)
		}
		i += size
	}
	return pos{}, ""
}

// syntaxFault reports what the YAML package found.
func (r *reader) syntaxFault(data []byte, err error) {
	msg := yamlMessage(err)
	p, line := locate(data, msg)
	message, hint := explain(msg, line)
	r.fault(p, hint, "%s", message)
}

// explain says in other words what the YAML package found on the line.
func explain(msg, line string) (message, hint string) {
	indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
	switch {
	case strings.Contains(msg, "cannot start any token") && strings.Contains(indent, "\t"):
		return "tab in the indentation", "indent with spaces"
	case strings.Contains(line, "${") && strings.Contains(msg, "did not find expected"):
		return "syntax: " + msg, `inside [ ] and { } a value with ${...} needs quotes: ["${NODE}:eth1", left]`
	case strings.Contains(msg, "cannot start any token"):
		return "a value cannot begin with this character", "put the value in quotes"
	case strings.Contains(msg, "mapping values are not allowed"):
		return "a colon and a space inside a value", "put the value in quotes, or check the indentation"
	case strings.Contains(msg, "did not find expected key"):
		return "syntax: expected a key", "check the indentation of this line"
	case strings.Contains(msg, "did not find expected ',' or"):
		return "syntax: list or map is not closed, or a comma is missing", "look for the missing , ] or }"
	case strings.Contains(msg, "found unexpected end of stream"):
		return "syntax: quote is not closed", ""
	case strings.Contains(msg, "could not find expected ':'"):
		return "syntax: no colon after a key", "a key and its value are written key: value"
	}
	return "syntax: " + msg, ""
}
