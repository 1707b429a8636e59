package runtime

import (
	"fmt"
	"slices"
	"strings"

	"github.com/valelab/valelab/runtime/agent"
	"github.com/valelab/valelab/topology"
)

// An action is what a deploy does about a step.
type action string

const (
	actMake   action = "make"   // it is not there
	actChange action = "change" // it is there, and changed in place
	actRemove action = "remove" // it is there and no longer wanted, or in the way of its successor
)

// change is one thing to be done.
type change struct {
	action action
	old    *topology.Step // what there is, perhaps in part; nil: nothing
	new    *topology.Step // what is to be; nil for actRemove
	id     string         // of the step
	why    string         // in a few words
	again  bool           // of actRemove and actMake: the object is recreated
	whole  bool           // of actRemove: old says how to make it again
}

// compare returns what is to be done so that the lab becomes as the plan says:
// first what goes, then the rest in the plan's order.
func (d *deployment) compare(s *survey) []*change {
	c := &comparison{deployment: d, survey: s, anew: make(map[string]string), done: make(map[string]bool)}
	wanted := make(map[string]bool, len(d.plan.Steps))
	for i := range d.plan.Steps {
		p := &d.plan.Steps[i]
		wanted[p.ID] = true
		c.look(p)
	}
	for key, t := range s.found {
		switch {
		case wanted[key] && t.step.Endpoint != nil && c.anew[t.step.Endpoint.Node] == recreated:
			c.remove(t, "its node is recreated", true)
		case wanted[key] && t.step.Access != nil && c.anew[t.step.Access.Node] == recreated:
			c.remove(t, "its node is recreated", true)
		case wanted[key] && t.step.Start != nil && c.anew[t.step.Start.Node] == recreated:
			c.remove(t, "its node is recreated", true)
		case !wanted[key]:
			c.remove(t, "the lab no longer has it", false)
		}
	}
	slices.SortFunc(c.gone, func(a, b *change) int { return strings.Compare(a.id, b.id) })
	return append(c.gone, c.rest...)
}

// comparison is the state of one compare.
type comparison struct {
	*deployment
	survey *survey
	anew   map[string]string // nodes that are started, and why
	done   map[string]bool   // containers that have done their work
	gone   []*change
	rest   []*change
}

func (c *comparison) remove(t *thing, why string, again bool) {
	c.gone = append(c.gone, &change{action: actRemove, id: t.step.ID, why: why, again: again, whole: t.whole, old: t.step})
}

func (c *comparison) make(p *topology.Step, why string) {
	m := &change{action: actMake, id: p.ID, new: p, why: why}
	if t := c.survey.found[p.ID]; t != nil {
		m.old = t.step
	}
	c.rest = append(c.rest, m)
}

func (c *comparison) change(p *topology.Step, why string) {
	c.rest = append(c.rest, &change{action: actChange, id: p.ID, new: p, old: c.survey.found[p.ID].step, why: why})
}

// look compares one step of the plan with what there is.
func (c *comparison) look(p *topology.Step) {
	t := c.survey.found[p.ID]
	switch {
	case p.Lab != nil:
		if c.survey.lab != "" {
			c.make(p, c.survey.lab)
		} else if c.running.Build != agent.Build() {
			c.change(p, "its agent is of another build of valelab: one of this build takes over")
		}
	case p.Node != nil:
		c.node(p, t)
	case c.done[nodeOf(p)]:
	case p.Start != nil:
		c.start(p, t)
	case (p.Endpoint != nil || p.Access != nil) && c.anew[nodeOf(p)] != "":
		c.make(p, "its node "+c.anew[nodeOf(p)])
	case t == nil || !t.whole:
		c.make(p, c.missing(p, t))
	case p.Endpoint != nil:
		if why := endpointChange(t.step.Endpoint, p.Endpoint); why != "" {
			c.change(p, why)
		} else if t.fault != "" {
			c.change(p, t.fault)
		}
	case p.Uplink != nil:
		if why := uplinkChange(t.step.Uplink, p.Uplink); why != "" {
			c.change(p, why)
		} else if t.fault != "" {
			c.change(p, t.fault)
		}
	}
}

// missing says what of a step there is not.
func (c *comparison) missing(p *topology.Step, t *thing) string {
	switch {
	case p.Uplink != nil && t != nil:
		if fault := c.inventory.uplinks[p.Uplink.Interface].Fault; fault != "" {
			return fault
		}
		return "it is taken, and no port of a switch"
	case p.Uplink != nil:
		return "it is no port of a switch"
	case p.Endpoint != nil:
		if _, ok := c.inventory.endpoint(p.Endpoint.Node, p.Endpoint.Interface); ok {
			return "its device is gone or another one"
		}
		return "it is no port of a switch"
	}
	return "the agent does not have it"
}

// node compares a node. One that is recreated takes its interfaces with it.
func (c *comparison) node(p *topology.Step, t *thing) {
	pid, runs := c.pids.get(p.Node.Name)
	if !runs && c.finished(p.Node, t) {
		c.done[p.Node.Name] = true
		return
	}
	if !runs {
		c.anew[p.Node.Name] = "does not run"
		c.make(p, "it does not run")
		return
	}
	why := "it runs with settings that are not known"
	if t.whole {
		light, heavy := nodeChange(t.step.Node, p.Node)
		switch {
		case len(heavy) > 0:
			why = changed(heavy) + ": it is recreated"
		case len(light) > 0:
			c.change(p, changed(light))
			return
		case t.fault != "":
			c.change(p, t.fault)
			return
		case !c.inventory.hasNode(p.Node.Name, nodeSpec(pid)):
			c.change(p, "the agent does not watch it")
			return
		default:
			return
		}
	}
	c.anew[p.Node.Name] = recreated
	c.remove(t, why, true)
	c.make(p, why)
	c.rest[len(c.rest)-1].again = true
}

// recreated is said of a node that is stopped and started with other settings.
const recreated = "is recreated"

func (c *comparison) start(p *topology.Step, t *thing) {
	switch why := c.anew[p.Start.Node]; {
	case why != "":
		c.make(p, "its node "+why)
	case t == nil:
		c.make(p, "its command was never let go")
	}
}

// endpointChange says in what an endpoint differs from what there is.
func endpointChange(old, new *topology.Endpoint) string {
	var moved string
	if old.Switch != new.Switch {
		moved = fmt.Sprintf("from switch %s to %s", old.Switch, new.Switch)
	}
	return strings.Join(compact(moved,
		differ("mtu", old.MTU, new.MTU), differ("mac", old.MAC, new.MAC),
		differ("rings", old.Rings, new.Rings), differ("slots", old.Slots, new.Slots),
		differList("ipv4", old.IPv4, new.IPv4), differList("ipv6", old.IPv6, new.IPv6)), ", ")
}

func uplinkChange(old, new *topology.Uplink) string {
	var moved string
	if old.Switch != new.Switch {
		moved = fmt.Sprintf("from switch %s to %s", old.Switch, new.Switch)
	}
	return strings.Join(compact(moved, differ("host", old.Host, new.Host)), ", ")
}

func differ[T comparable](name string, old, new T) string {
	if old == new {
		return ""
	}
	return fmt.Sprintf("%s %v to %v", name, old, new)
}

func differList(name string, old, new []string) string {
	if slices.Equal(old, new) {
		return ""
	}
	return fmt.Sprintf("%s %s to %s", name, orNone(old), orNone(new))
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, " ")
}

// compact leaves out what is empty.
func compact(all ...string) []string {
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}

// changed names settings that are others now.
func changed(names []string) string {
	if len(names) == 1 {
		return names[0] + " is another"
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last] + " are others"
}
