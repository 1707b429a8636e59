package topology

import (
	"gopkg.in/yaml.v3"
)

// maxMergeDepth bounds how deep `<<` may lead.
const maxMergeDepth = 8

// entry is one entry of a map.
type entry struct {
	key   string
	at    pos // of the key
	value item
}

// mapping returns the entries of a map in file order, those that `<<` brings in at
// the end; a null map is empty. Duplicate keys are faults and are left out.
func (r *reader) mapping(v item, what, hint string) ([]entry, bool) {
	if r.isNull(v) {
		return nil, true
	}
	if v.node.Kind != yaml.MappingNode {
		r.fault(v.at, hint, "%s must be a map, not %s", what, kindName(v.node))
		return nil, false
	}
	m := merger{reader: r, what: what, keys: make(map[string]bool)}
	m.add(v, 0)
	return m.entries, !r.spent
}

// merger collects the entries of a map and of the maps merged into it.
type merger struct {
	*reader
	what    string
	keys    map[string]bool
	entries []entry
}

// add collects the entries of the map v; where depth is not 0, only those that are
// not there yet.
func (m *merger) add(v item, depth int) {
	if !m.tagOK(v) {
		return
	}
	var merges []item
	own := make(map[string]pos)
	for i := 0; i+1 < len(v.node.Content); i += 2 {
		key, value := follow(v.node.Content[i]), follow(v.node.Content[i+1])
		if !m.spend(key.at, costValue) {
			return
		}
		if key.node.ShortTag() == "!!merge" {
			if len(merges) > 0 {
				m.fault(key.at, "<<: [*a, *b] merges several", "%s: key %s appears twice", m.what, quote("<<"))
			}
			merges = append(merges, value)
			continue
		}
		name, ok := m.text(key, m.what+": key")
		if !ok {
			continue
		}
		if first, there := own[name]; there {
			m.fault(key.at, "take one of them away", "%s: key %s appears twice, first on line %d", m.what, quote(name), first.line)
			continue
		}
		own[name] = key.at
		if m.keys[name] {
			continue
		}
		m.keys[name] = true
		m.entries = append(m.entries, entry{name, key.at, value})
	}
	for _, v := range merges {
		m.merge(v, depth+1)
	}
}

// merge collects what the value of a `<<` key brings in: a map or a list of maps.
func (m *merger) merge(v item, depth int) {
	switch {
	case m.spent:
	case depth > maxMergeDepth:
		m.fault(v.at, "", "%s: << leads deeper than %d maps", m.what, maxMergeDepth)
	case v.node.Kind == yaml.MappingNode:
		m.add(v, depth)
	case v.node.Kind == yaml.SequenceNode:
		for _, n := range v.node.Content {
			if !m.spend(v.at, costValue) {
				return
			}
			sub := follow(n)
			if sub.node.Kind != yaml.MappingNode {
				m.badMerge(sub)
				continue
			}
			m.add(sub, depth)
		}
	default:
		m.badMerge(v)
	}
}

func (m *merger) badMerge(v item) {
	m.fault(v.at, "<<: *name takes the anchor of a map", "%s: << must bring in a map, not %s", m.what, kindName(v.node))
}
