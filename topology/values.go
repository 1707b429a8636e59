package topology

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// item is a value of the file. Its node is never an alias.
type item struct {
	node *yaml.Node
	at   pos // where it stands; for an alias, where the alias stands
}

// follow resolves an alias.
func follow(n *yaml.Node) item {
	p := at(n)
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return item{n, p}
}

// kindName names what a user wrote.
func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a map"
	case yaml.SequenceNode:
		return "a list"
	}
	return "a single value"
}

// standardTags are the tags that YAML itself gives to values.
var standardTags = []string{"!!str", "!!int", "!!float", "!!bool", "!!null", "!!timestamp", "!!map", "!!seq", "!!merge"}

// tagOK checks for tags that call for an interpretation we do not have.
func (r *reader) tagOK(v item) bool {
	if v.node.Style&yaml.TaggedStyle != 0 && !slices.Contains(standardTags, v.node.ShortTag()) {
		r.fault(v.at, "leave the tag out", "tag %s is not known", quote(v.node.Tag))
		return false
	}
	return true
}

// scalar returns the text of a single value, with variables expanded, and whether
// it is null: nothing at all, ~ or null without quotes. The text is just what the
// file says, so that 1:1, yes, 010 and 1.10 stay what they are.
func (r *reader) scalar(v item, what string) (text string, null, ok bool) {
	if v.node.Kind != yaml.ScalarNode {
		r.fault(v.at, "", "%s must be a single value, not %s", what, kindName(v.node))
		return "", false, false
	}
	if !r.tagOK(v) {
		return "", false, false
	}
	text = v.node.Value
	null = v.node.ShortTag() == "!!null"
	if strings.Contains(text, "$") {
		expanded, err := expand(text, r.env.Lookup, r.left)
		if err == errExpandedTooLarge {
			r.spend(v.at, r.left+1)
			return "", false, false
		} else if err != nil {
			r.fault(v.at, "write $$ for a dollar sign", "%s: %v", what, err)
			return "", false, false
		}
		text = expanded
		plain := v.node.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
		null = plain && (text == "" || text == "~" || text == "null")
	}
	if !r.spend(v.at, costValue+len(text)) {
		return "", false, false
	}
	if strings.ContainsRune(text, 0) || !utf8.ValidString(text) {
		r.fault(v.at, "", "%s must be UTF-8 text without NUL", what)
		return "", false, false
	}
	return text, null, true
}

// text returns a single value that must not be null or empty.
func (r *reader) text(v item, what string) (string, bool) {
	text, null, ok := r.scalar(v, what)
	if ok && (null || text == "") {
		r.fault(v.at, "", "%s is empty", what)
		return "", false
	}
	return text, ok
}

// isNull reports whether a value is left out. It reports no faults and spends nothing.
func (r *reader) isNull(v item) bool {
	if v.node.Kind != yaml.ScalarNode || v.node.ShortTag() != "!!null" && !strings.Contains(v.node.Value, "$") {
		return false
	}
	quiet := &reader{env: r.env, left: 2 * costValue} // whatever is longer is not null
	_, null, _ := quiet.scalar(v, "")
	return null
}

// integer returns a whole number from lo to hi.
func (r *reader) integer(v item, what string, lo, hi int) (int, bool) {
	text, ok := r.text(v, what)
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < lo || n > hi {
		r.fault(v.at, "", "%s must be a whole number from %d to %d, not %s", what, lo, hi, quote(text))
		return 0, false
	}
	return n, true
}

// boolean returns true or false.
func (r *reader) boolean(v item, what string) (bool, bool) {
	text, ok := r.text(v, what)
	if !ok {
		return false, false
	}
	if text != "true" && text != "false" {
		r.fault(v.at, "", "%s must be true or false, not %s", what, quote(text))
		return false, false
	}
	return text == "true", true
}

// list returns the values of a list; a null list is empty.
func (r *reader) list(v item, what, hint string) ([]item, bool) {
	if r.isNull(v) {
		return nil, true
	}
	if v.node.Kind != yaml.SequenceNode {
		r.fault(v.at, hint, "%s must be a list, not %s", what, kindName(v.node))
		return nil, false
	}
	if !r.tagOK(v) {
		return nil, false
	}
	items := make([]item, 0, len(v.node.Content))
	for _, n := range v.node.Content {
		if !r.spend(v.at, costValue) {
			return nil, false
		}
		items = append(items, follow(n))
	}
	return items, true
}
