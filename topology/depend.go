package topology

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Condition says what a node must have come to before another's command starts.
type Condition string

// The conditions. Compose's names for them are read too.
const (
	Started Condition = "started" // its command has been let go
	Healthy Condition = "healthy" // its health check passes
	Exited  Condition = "exited"  // its command has ended, with status 0
)

// conditionNames are the spellings that a lab file may use.
var conditionNames = map[string]Condition{
	"started": Started, "service_started": Started,
	"healthy": Healthy, "service_healthy": Healthy,
	"exited": Exited, "service_completed_successfully": Exited,
}

// Dependency is a node that another one waits for.
type Dependency struct {
	Node      string    `json:"node"`
	Condition Condition `json:"condition"`
}

// wish is a dependency as the lab file has it.
type wish struct {
	node      string
	condition Condition
	at        pos
}

const dependsOnHint = "write depends_on: [db], or depends_on: {db: healthy, setup: exited}"

// dependsOn reads what a node waits for: a list of nodes, or a map of nodes to
// conditions. As in Compose, a condition may stand in a map of its own.
func (r *reader) dependsOn(v item, what string) ([]wish, bool) {
	var wishes []wish
	if v.node.Kind == yaml.SequenceNode {
		names, valid := r.texts(v, what)
		for _, n := range names {
			wishes = append(wishes, wish{n.text, Started, n.at})
		}
		return wishes, valid
	}
	entries, ok := r.mapping(v, what, dependsOnHint)
	for _, e := range entries {
		// One that is wrong does not hide the others.
		if condition, valid := r.condition(e.value, what+": "+quote(e.key)); valid {
			wishes = append(wishes, wish{e.key, condition, e.at})
		}
	}
	return wishes, ok
}

// condition reads a condition, or a map that has one.
func (r *reader) condition(v item, what string) (Condition, bool) {
	if r.isNull(v) {
		return Started, true
	}
	if v.node.Kind == yaml.MappingNode {
		entries, ok := r.mapping(v, what, dependsOnHint)
		condition := Started
		for _, e := range entries {
			valid := e.key == "condition"
			if valid {
				condition, valid = r.condition(e.value, what)
			} else {
				r.unknownKey(e, what, []string{"condition"})
			}
			ok = ok && valid
		}
		return condition, ok
	}
	text, ok := r.text(v, what)
	if !ok {
		return "", false
	}
	condition, known := conditionNames[text]
	if !known {
		r.fault(v.at, r.suggest(text, []string{string(Started), string(Healthy), string(Exited)}),
			"%s: unknown condition %s", what, quote(text))
	}
	return condition, known
}

// dependencies checks what all nodes wait for, and gives each its own.
func (r *reader) dependencies(drafts []draft) {
	index := make(map[string]int, len(drafts))
	names := make([]string, len(drafts))
	for i := range drafts {
		index[drafts[i].Name] = i
		names[i] = drafts[i].Name
	}
	for i := range drafts {
		d := &drafts[i]
		seen := make(map[string]bool, len(d.wishes))
		for _, w := range d.wishes {
			on, known := index[w.node]
			switch {
			case !known:
				r.fault(w.at, r.suggest(w.node, names), "node %s depends on unknown node %s", quote(d.Name), quote(w.node))
				continue
			case seen[w.node]:
				continue
			case r.impossible(d, &drafts[on], w):
				continue
			}
			seen[w.node] = true
			d.DependsOn = append(d.DependsOn, Dependency{w.node, w.condition})
		}
		slices.SortFunc(d.DependsOn, func(a, b Dependency) int { return strings.Compare(a.Node, b.Node) })
	}
	r.circles(drafts, index)
}

// impossible reports a condition that a node can never come to.
func (r *reader) impossible(d, on *draft, w wish) bool {
	check := on.Healthcheck
	switch {
	case w.condition == Healthy && on.Image == "":
		r.fault(w.at, "started and exited are for every node",
			"node %s waits for the health of node %s, which is a process and has no health check", quote(d.Name), quote(on.Name))
	case w.condition == Healthy && check != nil && check.Test[0] == "NONE":
		r.fault(w.at, "give it another healthcheck",
			"node %s waits for the health of node %s, whose health check is switched off", quote(d.Name), quote(on.Name))
	case w.condition == Exited && (on.Restart.Name == RestartAlways || on.Restart.Name == RestartUnlessStopped):
		r.fault(w.at, "its restart-policy could be on-failure",
			"node %s waits for the end of node %s, which is always started again", quote(d.Name), quote(on.Name))
	default:
		return false
	}
	return true
}

// circles reports nodes that wait for each other, each circle once.
func (r *reader) circles(drafts []draft, index map[string]int) {
	const (
		unseen = iota
		onPath
		done
	)
	mark := make([]int, len(drafts))
	var visit func(int)
	visit = func(i int) {
		mark[i] = onPath
		for _, dep := range drafts[i].DependsOn {
			switch on := index[dep.Node]; mark[on] {
			case unseen:
				visit(on)
			case onPath:
				r.fault(wishAt(&drafts[i], dep.Node), "take one of the dependencies away",
					"node %s depends on node %s, which waits for it", quote(drafts[i].Name), quote(dep.Node))
			}
		}
		mark[i] = done
	}
	for i := range drafts {
		if mark[i] == unseen {
			visit(i)
		}
	}
}

// wishAt returns where a draft names the node.
func wishAt(d *draft, node string) pos {
	for _, w := range d.wishes {
		if w.node == node {
			return w.at
		}
	}
	return pos{1, 1}
}
