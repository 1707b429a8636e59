package topology

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// located is a text and where it stands.
type located struct {
	text string
	at   pos
}

// texts reads a list of texts, none of them empty.
func (r *reader) texts(v item, what string) ([]located, bool) {
	items, ok := r.list(v, what, "a list is written [a, b], or one to a line behind dashes")
	var texts []located
	for _, v := range items {
		text, valid := r.text(v, what)
		texts = append(texts, located{text, v.at})
		ok = ok && valid
	}
	return texts, ok
}

// textList is texts with a check of each that returns what is wrong, or "".
func (r *reader) textList(v item, what, hint string, check func(string) (problem string)) ([]string, bool) {
	located, ok := r.texts(v, what)
	var texts []string
	for _, l := range located {
		texts = append(texts, l.text)
		if l.text == "" {
			continue
		}
		if problem := check(l.text); problem != "" {
			r.fault(l.at, hint, "%s: %s %s", what, quote(l.text), problem)
			ok = false
		}
	}
	return texts, ok
}

// textMap reads a map of texts; null is the empty text. The check returns what is
// wrong with an entry, or "".
func (r *reader) textMap(v item, what string, check func(key, value string) (problem, hint string)) (map[string]string, bool) {
	entries, ok := r.mapping(v, what, "a map is written {KEY: value}, or one entry to a line")
	m := make(map[string]string, len(entries))
	for _, e := range entries {
		value, _, valid := r.scalar(e.value, what+": "+quote(e.key))
		if !valid {
			ok = false
			continue
		}
		if problem, hint := check(e.key, value); problem != "" {
			r.fault(e.at, hint, "%s: %s %s", what, quote(e.key), problem)
			ok = false
			continue
		}
		m[e.key] = value
	}
	return m, ok
}

// command reads a command: a text that is split as a shell does, or a list of words.
func (r *reader) command(v item, what string) ([]string, bool) {
	if v.node.Kind == yaml.SequenceNode {
		items, ok := r.list(v, what, "")
		var words []string
		for _, v := range items {
			word, _, valid := r.scalar(v, what)
			words = append(words, word)
			ok = ok && valid
		}
		if ok && len(words) > 0 && words[0] == "" {
			r.fault(items[0].at, "", "%s: the name of the program is empty", what)
			return nil, false
		}
		return words, ok
	}
	text, _, ok := r.scalar(v, what)
	if !ok {
		return nil, false
	}
	words, err := split(text)
	if err != nil {
		r.fault(v.at, `\ before a quote takes its meaning away; a list is not split: [sh, -c, "it's"]`, "%s: %v", what, err)
		return nil, false
	}
	if len(words) > 0 && words[0] == "" {
		r.fault(v.at, "", "%s: the name of the program is empty", what)
		return nil, false
	}
	return words, true
}

// commands reads a list of commands.
func (r *reader) commands(v item, what string) ([][]string, bool) {
	items, ok := r.list(v, what, "commands are a list, one to a line behind dashes")
	var commands [][]string
	for _, v := range items {
		words, valid := r.command(v, what)
		if valid && len(words) == 0 {
			r.fault(v.at, "", "%s: the command is empty", what)
			valid = false
		}
		commands = append(commands, words)
		ok = ok && valid
	}
	return commands, ok
}

// word returns a text without spaces.
func (r *reader) word(v item, what string) (string, bool) {
	text, ok := r.text(v, what)
	if ok && strings.ContainsAny(text, " \t\r\n") {
		r.fault(v.at, "", "%s %s has a space in it", what, quote(text))
		return "", false
	}
	return text, ok
}

// optionalWord is word that may be the empty text, which takes away what is
// inherited.
func (r *reader) optionalWord(v item, what string) (string, bool) {
	if text, null, ok := r.scalar(v, what); !ok || !null && text == "" {
		return "", ok
	}
	return r.word(v, what)
}
