package topology

import (
	"slices"
	"strings"
)

// labKeys are the keys at the top of a lab file.
var labKeys = []string{"name", "netmap", "switches", "defaults", "groups", "nodes", "links"}

// lab reads a whole lab file.
func (r *reader) lab(root item) *Lab {
	entries, ok := r.mapping(root, "lab file", "a lab file has the keys "+strings.Join(labKeys, ", "))
	if !ok {
		return nil
	}
	sections := make(map[string]entry)
	for _, e := range entries {
		sections[e.key] = e
		if !slices.Contains(labKeys, e.key) {
			r.unknownKey(e, "lab file", labKeys)
		}
	}

	lab := &Lab{Name: r.labName(root, sections), Netmap: r.netmap(sections)}
	names := r.names(sections)
	r.nodes(lab, names, sections)
	lab.Switches = names.switchOrder
	if e, ok := sections["links"]; ok {
		r.links(lab, names, e)
	}
	return lab
}

func (r *reader) labName(root item, sections map[string]entry) string {
	const hint = "for example name: firewall"
	e, ok := sections["name"]
	if !ok {
		r.fault(root.at, hint, "lab has no name")
		return ""
	}
	name, ok := r.text(e.value, "name of the lab")
	if !ok {
		return ""
	}
	if err := nameError(name, maxLabName); err != nil {
		r.fault(e.value.at, unsetHint(name, hint), "name of the lab %s %v", quote(name), err)
	}
	return name
}

// unsetHint returns a better hint than the given one for a text in which a variable
// was left as it is.
func unsetHint(text, hint string) string {
	if strings.Contains(text, "${") {
		return "the variable is not set: set it, or write ${NAME:=default}"
	}
	return hint
}

func (r *reader) netmap(sections map[string]entry) string {
	e, ok := sections["netmap"]
	if !ok || r.isNull(e.value) {
		return NetmapAuto
	}
	backend, ok := r.text(e.value, "netmap")
	if known := []string{NetmapAuto, NetmapUser, NetmapKernel}; ok && !slices.Contains(known, backend) {
		r.fault(e.value.at, r.suggest(backend, known), "netmap: unknown backend %s", quote(backend))
	}
	return backend
}

// names are the names that links can refer to.
type names struct {
	switches    map[string]pos
	switchOrder []string
	nodes       map[string]pos
	nodeOrder   []string
	nodeValues  []item // in nodeOrder
	noMap       bool   // what stands under nodes, which is a fault already
}

// names reads the names of switches and nodes, the bad ones too, so that a link to
// one of those is not a fault of its own.
func (r *reader) names(sections map[string]entry) *names {
	n := &names{switches: make(map[string]pos), nodes: make(map[string]pos)}
	if e, ok := sections["switches"]; ok {
		entries, _ := r.mapping(e.value, "switches", "for example switches: {left: {}, right: {}}")
		for _, e := range entries {
			if err := switchNameError(e.key); err != nil {
				r.fault(e.at, unsetHint(e.key, "for example left, or sw1"), "name of switch %s %v", quote(e.key), err)
			}
			n.switches[e.key] = e.at
			n.switchOrder = append(n.switchOrder, e.key)
			what := "switch " + quote(e.key)
			options, _ := r.mapping(e.value, what, "a switch has no settings: "+e.key+": {}")
			for _, o := range options {
				r.fault(o.at, "a switch has no settings; links do", "%s: unknown key %s", what, quote(o.key))
			}
		}
	}
	if e, ok := sections["nodes"]; ok {
		entries, ok := r.mapping(e.value, "nodes", "for example nodes: {gen: {cmd: sleep infinity}}")
		n.noMap = !ok
		for _, e := range entries {
			if err := nodeNameError(e.key); err != nil {
				r.fault(e.at, unsetHint(e.key, "for example gen, or node1"), "name of node %s %v", quote(e.key), err)
			}
			if first, taken := n.switches[e.key]; taken {
				r.fault(e.at, "links could not tell them apart; rename one", "node %s has the name of the switch on line %d", quote(e.key), first.line)
			}
			n.nodes[e.key] = e.at
			n.nodeOrder = append(n.nodeOrder, e.key)
			n.nodeValues = append(n.nodeValues, e.value)
		}
	}
	return n
}

// nodes reads defaults, groups and nodes.
func (r *reader) nodes(lab *Lab, names *names, sections map[string]entry) {
	var defaults level
	if e, ok := sections["defaults"]; ok {
		defaults = r.level(e.value, "defaults", true)
	}
	groups := make(map[string]level)
	var groupNames []string
	if e, ok := sections["groups"]; ok {
		entries, _ := r.mapping(e.value, "groups", "for example groups: {router: {memory: 256mb}}")
		for _, e := range entries {
			groups[e.key] = r.level(e.value, "group "+quote(e.key), false)
			groupNames = append(groupNames, e.key)
		}
	}

	if len(names.nodeOrder) == 0 && !names.noMap {
		p := pos{1, 1}
		if e, ok := sections["nodes"]; ok {
			p = e.at
		}
		r.fault(p, "for example nodes: {gen: {cmd: sleep infinity}}", "lab has no nodes")
	}
	drafts := make([]draft, 0, len(names.nodeOrder))
	for i, name := range names.nodeOrder {
		own := r.level(names.nodeValues[i], "node "+quote(name), true)
		group := own.group
		if group.text == "" {
			group = defaults.group
		}
		if _, ok := groups[group.text]; !ok && group.text != "" {
			r.fault(group.at, r.suggestOrDeclare(group.text, groupNames, "groups"), "unknown group %s", quote(group.text))
		}
		drafts = append(drafts, r.node(name, names.nodes[name], defaults, groups[group.text], own))
		if r.spent {
			return
		}
	}
	r.dependencies(drafts)
	r.accesses(drafts, names)
	for _, d := range drafts {
		lab.Nodes = append(lab.Nodes, d.Node)
	}
}
