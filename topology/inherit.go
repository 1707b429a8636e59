package topology

import (
	"maps"
	"slices"
	"strings"
)

// level is what one place of a lab file says about nodes: defaults, a group or a
// node itself.
type level struct {
	values map[string]setting // by the field's name
	group  located            // "" when none is named
}

// setting is the value of a field and where its key stands.
type setting struct {
	value any
	at    pos
}

// level reads the fields of a place. What is faulty or null is left out: null is
// how a node goes back to what it inherits.
func (r *reader) level(v item, what string, mayNameGroup bool) level {
	l := level{values: make(map[string]setting)}
	entries, _ := r.mapping(v, what, "")
	for _, e := range entries {
		if e.key == groupKey {
			switch {
			case !mayNameGroup:
				r.fault(e.at, "a node inherits from one group and from defaults", "%s: a group cannot be in a group", what)
			case !r.isNull(e.value):
				l.group.text, _ = r.text(e.value, what+": group")
				l.group.at = e.value.at
			}
			continue
		}
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == e.key })
		if i < 0 {
			r.unknownKey(e, what, fieldNames)
			continue
		}
		if r.isNull(e.value) {
			continue
		}
		if value, ok := fields[i].read(r, e.value, what+": "+e.key); ok {
			l.values[e.key] = setting{value, e.at}
		}
	}
	return l
}

// draft is a node being put together from its levels.
type draft struct {
	Node
	env      map[string]string
	envFiles []string
	wishes   []wish
	vale     []located // switches of the lab that its programs may open
}

// node puts a node together from what the levels say: defaults, a group, the node
// itself, the later ones first in rank.
func (r *reader) node(name string, p pos, levels ...level) draft {
	d := draft{Node: Node{Name: name, Hostname: name, Restart: RestartPolicy{Name: RestartNo}}}
	for _, f := range fields {
		value, last := f.inherit(levels)
		if last < 0 {
			continue
		}
		f.set(&d, value)
		if f.container && d.Image == "" {
			hint := "give the node an image: a node without one is a process on the machine's own file system"
			if last < len(levels)-1 {
				hint = "set it in a group for the nodes that have an image"
			}
			r.fault(levels[last].values[f.name].at, hint, "%s needs an image, which node %s does not have", f.name, quote(name))
		}
	}
	if len(d.Ports) > 0 && !d.Mgmt {
		_, last := portsField.inherit(levels)
		r.fault(levels[last].values[portsField.name].at, "add mgmt: true, or reach the node through its links",
			"ports: node %s has no management network to publish them from", quote(name))
	}
	d.Env = r.variables(d.envFiles, d.env)
	r.spend(p, d.size())
	return d
}

// portsField finds where a node's ports are written.
var portsField = field{name: "ports"}

// inherit returns what the levels together say about the field, and which of them
// is the last to say something, -1 if none does.
func (f field) inherit(levels []level) (value any, last int) {
	last = -1
	for i, l := range levels {
		s, ok := l.values[f.name]
		switch {
		case !ok:
			continue
		case last >= 0 && f.merge != nil:
			value = f.merge(value, s.value)
		default:
			value = s.value
		}
		last = i
	}
	return value, last
}

// variables returns the environment: what env files say, the later ones first in
// rank, and above them what the lab file says.
func (r *reader) variables(files []string, own map[string]string) []string {
	all := make(map[string]string)
	for _, path := range files {
		maps.Copy(all, r.envFiles[path].vars)
	}
	maps.Copy(all, own)
	var vars []string
	for key, value := range all {
		vars = append(vars, key+"="+value)
	}
	slices.Sort(vars)
	return vars
}

// size returns about how many bytes the node takes in a plan.
func (d *draft) size() int {
	n := costThing
	for _, list := range slices.Concat([][]string{d.Cmd, d.Env, d.CapAdd, d.Entrypoint, d.Binds, d.Volumes, d.Tmpfs, d.Ports, d.Devices}, d.Exec) {
		for _, text := range list {
			n += costValue + len(text)
		}
	}
	for _, kv := range slices.Concat(d.Labels, d.Sysctls) {
		n += costValue + len(kv.Key) + len(kv.Value)
	}
	n += len(d.Image) + len(d.User) + len(d.CPUSet) + len(d.Hostname)
	for _, w := range d.wishes {
		n += costValue + len(w.node)
	}
	for _, on := range d.vale {
		n += costThing + len(on.text) // each is a step of the plan
	}
	if d.DNS != nil {
		for _, text := range slices.Concat(d.DNS.Servers, d.DNS.Search, d.DNS.Options) {
			n += costValue + len(text)
		}
	}
	if d.Healthcheck != nil {
		for _, text := range d.Healthcheck.Test {
			n += costValue + len(text)
		}
	}
	return n
}

func mergeMaps(lower, upper map[string]string) map[string]string {
	merged := maps.Clone(lower)
	maps.Copy(merged, upper)
	return merged
}

// mergeLists appends what is not there yet.
func mergeLists(lower, upper []string) []string {
	merged := slices.Clone(lower)
	seen := make(map[string]bool, len(lower))
	for _, text := range lower {
		seen[text] = true
	}
	for _, text := range upper {
		if !seen[text] {
			seen[text] = true
			merged = append(merged, text)
		}
	}
	return merged
}

// mergeBinds appends upper to lower without the binds of lower that have a target
// of upper.
func mergeBinds(lower, upper []string) []string {
	targets := make(map[string]bool, len(upper))
	for _, bind := range upper {
		targets[bindTarget(bind)] = true
	}
	var merged []string
	for _, bind := range lower {
		if !targets[bindTarget(bind)] {
			merged = append(merged, bind)
		}
	}
	return append(merged, upper...)
}

// mergeTmpfs is mergeBinds for tmpfs, whose target comes first.
func mergeTmpfs(lower, upper []string) []string {
	targets := make(map[string]bool, len(upper))
	for _, mount := range upper {
		targets[tmpfsTarget(mount)] = true
	}
	var merged []string
	for _, mount := range lower {
		if !targets[tmpfsTarget(mount)] {
			merged = append(merged, mount)
		}
	}
	return append(merged, upper...)
}

// sortedKVs returns the entries of a map by key.
func sortedKVs(m map[string]string) []KV {
	var kvs []KV
	for key, value := range m {
		kvs = append(kvs, KV{key, value})
	}
	slices.SortFunc(kvs, func(a, b KV) int { return strings.Compare(a.Key, b.Key) })
	return kvs
}
