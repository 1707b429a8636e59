package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// A chaosLab is a lab as its file describes it, in a form that is edited at
// random. It knows nothing of plans.
type chaosLab struct {
	image    string // of the nodes that are containers; "": there are none
	nodes    map[string]*chaosNode
	switches map[string]bool
	trunks   map[[2]string]bool // a tree
	links    []*chaosLink
}

// A chaosNode is a node; a change of cmd or env recreates it.
type chaosNode struct {
	box    bool // it is a container
	cmd    int  // the argument of its sleep; 0: a program that receives on eth1 with the netmap API
	env    int  // the value of its variable CHAOS
	memory int  // MB, 0: no limit
}

// A chaosEnd is an interface of a node.
type chaosEnd struct {
	node, iface string
	ip          int // third and fourth byte of 10.99.0.0/16; 0: none
}

// A chaosLink joins an interface and a switch, or two interfaces.
type chaosLink struct {
	ends  []chaosEnd // one or two
	vale  string     // of one end
	mtu   int
	slots int
}

func (l *chaosLab) clone() *chaosLab {
	c := &chaosLab{image: l.image, nodes: map[string]*chaosNode{}, switches: maps.Clone(l.switches), trunks: maps.Clone(l.trunks)}
	for name, n := range l.nodes {
		copied := *n
		c.nodes[name] = &copied
	}
	for _, k := range l.links {
		copied := *k
		copied.ends = slices.Clone(k.ends)
		c.links = append(c.links, &copied)
	}
	return c
}

// text returns the lab file.
func (l *chaosLab) text(name string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "name: %s\nswitches:\n", name)
	for _, s := range slices.Sorted(maps.Keys(l.switches)) {
		fmt.Fprintf(&b, "  %s: {}\n", s)
	}
	b.WriteString("nodes:\n")
	for _, name := range slices.Sorted(maps.Keys(l.nodes)) {
		n := l.nodes[name]
		fmt.Fprintf(&b, "  %s: {cmd: %s, env: {CHAOS: '%d'}, restart-policy: always", name, l.command(name), n.env)
		if n.box {
			fmt.Fprintf(&b, ", image: '%s', image-pull-policy: never", l.image)
		}
		if n.memory > 0 {
			fmt.Fprintf(&b, ", memory: %dmib", n.memory)
		}
		b.WriteString("}\n")
	}
	b.WriteString("links:\n")
	for _, k := range l.links {
		names, ips := []string{}, []string{}
		for _, e := range k.ends {
			names = append(names, e.node+":"+e.iface)
			ips = append(ips, e.address())
		}
		if k.vale != "" {
			names = append(names, k.vale)
		}
		fmt.Fprintf(&b, "  - endpoints: [%s]\n    mtu: %d\n    slots: %d\n", strings.Join(names, ", "), k.mtu, k.slots)
		if k.vale == "" {
			fmt.Fprintf(&b, "    ipv4: [%s]\n", strings.Join(ips, ", "))
		} else {
			fmt.Fprintf(&b, "    ipv4: %s\n", ips[0])
		}
	}
	for t := range l.trunks {
		fmt.Fprintf(&b, "  - [%s, %s]\n", t[0], t[1])
	}
	return b.String()
}

// receives says whether a node's command has its eth1 open.
func (l *chaosLab) receives(name string) bool {
	return l.nodes[name].cmd == 0 && !l.nodes[name].box && l.has(name, "eth1")
}

// command is what a node runs.
func (l *chaosLab) command(name string) string {
	if l.receives(name) {
		return "valelab pktgen rx -i netmap:eth1"
	}
	return fmt.Sprintf("sleep %d", 9999+l.nodes[name].cmd)
}

func (e chaosEnd) address() string { return fmt.Sprintf("10.99.%d.%d/16", e.ip>>8, e.ip&255) }

// wire is the name of a link between two nodes, "" of others.
func (k *chaosLink) wire() string {
	if k.vale != "" {
		return ""
	}
	a, b := k.ends[0].node+":"+k.ends[0].iface, k.ends[1].node+":"+k.ends[1].iface
	return min(a, b) + "--" + max(a, b)
}

// root returns the switch that stands for all that a switch is linked with.
func (l *chaosLab) root(vale string) string {
	reached := map[string]bool{vale: true}
	for grown := true; grown; {
		grown = false
		for t := range l.trunks {
			if reached[t[0]] != reached[t[1]] {
				reached[t[0]], reached[t[1]] = true, true
				grown = true
			}
		}
	}
	return slices.Min(slices.Collect(maps.Keys(reached)))
}

// pick returns one of a map's keys, or "" of an empty map.
func pick[V any](r *rand.Rand, from map[string]V) string {
	if len(from) == 0 {
		return ""
	}
	return slices.Sorted(maps.Keys(from))[r.IntN(len(from))]
}

// Bounds of a lab, so that a check takes no longer at the end than at first.
const (
	chaosNodes    = 7
	chaosSwitches = 4
	chaosLinks    = 12
)

// edit changes something at random and says what.
func (l *chaosLab) edit(r *rand.Rand) string {
	for {
		if what := chaosEdits[r.IntN(len(chaosEdits))](l, r); what != "" {
			return what
		}
	}
}

// chaosEdits are the edits; each returns "" when there is nothing for it to do.
var chaosEdits = []func(*chaosLab, *rand.Rand) string{
	func(l *chaosLab, r *rand.Rand) string { // add a node with an interface
		name, vale := fmt.Sprintf("n%d", r.IntN(20)), pick(r, l.switches)
		if l.nodes[name] != nil || len(l.nodes) == chaosNodes || vale == "" {
			return ""
		}
		l.nodes[name] = &chaosNode{cmd: r.IntN(2) * (10000 + r.IntN(1000)), env: r.IntN(9), box: r.IntN(3) == 0 && l.image != ""}
		l.link(r, vale, name)
		return "add node " + name
	},
	func(l *chaosLab, r *rand.Rand) string {
		name := pick(r, l.nodes)
		if len(l.nodes) < 3 {
			return ""
		}
		delete(l.nodes, name)
		l.links = slices.DeleteFunc(l.links, func(k *chaosLink) bool {
			return slices.ContainsFunc(k.ends, func(e chaosEnd) bool { return e.node == name })
		})
		return "remove node " + name
	},
	func(l *chaosLab, r *rand.Rand) string {
		name := fmt.Sprintf("s%d", r.IntN(9))
		if l.switches[name] || len(l.switches) == chaosSwitches {
			return ""
		}
		l.switches[name] = true
		return "add switch " + name
	},
	func(l *chaosLab, r *rand.Rand) string { // its endpoints move to another one
		name := pick(r, l.switches)
		if len(l.switches) < 2 {
			return ""
		}
		delete(l.switches, name)
		maps.DeleteFunc(l.trunks, func(t [2]string, _ bool) bool { return t[0] == name || t[1] == name })
		for _, k := range l.links {
			if k.vale == name {
				k.vale = pick(r, l.switches)
			}
		}
		return "remove switch " + name
	},
	func(l *chaosLab, r *rand.Rand) string {
		a, b := pick(r, l.switches), pick(r, l.switches)
		if a >= b || l.root(a) == l.root(b) {
			return ""
		}
		l.trunks[[2]string{a, b}] = true
		return "link " + a + " and " + b
	},
	func(l *chaosLab, r *rand.Rand) string {
		all := slices.SortedFunc(maps.Keys(l.trunks), func(a, b [2]string) int { return strings.Compare(a[0]+a[1], b[0]+b[1]) })
		if len(all) == 0 {
			return ""
		}
		t := all[r.IntN(len(all))]
		delete(l.trunks, t)
		return "unlink " + t[0] + " and " + t[1]
	},
	func(l *chaosLab, r *rand.Rand) string {
		node, vale := pick(r, l.nodes), pick(r, l.switches)
		if len(l.links) == chaosLinks || vale == "" {
			return ""
		}
		return "add link " + l.link(r, vale, node)
	},
	func(l *chaosLab, r *rand.Rand) string {
		a, b := pick(r, l.nodes), pick(r, l.nodes)
		if len(l.links) == chaosLinks || a == b {
			return ""
		}
		return "add wire " + l.link(r, "", a, b)
	},
	func(l *chaosLab, r *rand.Rand) string {
		if len(l.links) < 2 {
			return ""
		}
		i := r.IntN(len(l.links))
		k := l.links[i]
		l.links = slices.Delete(l.links, i, i+1)
		return "remove link of " + k.ends[0].node + ":" + k.ends[0].iface
	},
	func(l *chaosLab, r *rand.Rand) string {
		k, vale := l.anyLink(r), pick(r, l.switches)
		if k == nil || k.vale == "" || k.vale == vale {
			return ""
		}
		k.vale = vale
		return "move " + k.ends[0].node + ":" + k.ends[0].iface + " to " + vale
	},
	func(l *chaosLab, r *rand.Rand) string {
		k := l.anyLink(r)
		if k == nil {
			return ""
		}
		k.mtu = 1400 + 100*r.IntN(4)
		return fmt.Sprintf("mtu of %s:%s %d", k.ends[0].node, k.ends[0].iface, k.mtu)
	},
	func(l *chaosLab, r *rand.Rand) string {
		k := l.anyLink(r)
		if k == nil {
			return ""
		}
		k.slots = 64 << r.IntN(3)
		return fmt.Sprintf("slots of %s:%s %d", k.ends[0].node, k.ends[0].iface, k.slots)
	},
	func(l *chaosLab, r *rand.Rand) string {
		k := l.anyLink(r)
		if k == nil {
			return ""
		}
		k.ends[0].ip = l.freeIP(r)
		return "address of " + k.ends[0].node + ":" + k.ends[0].iface
	},
	func(l *chaosLab, r *rand.Rand) string {
		name := pick(r, l.nodes)
		if name == "" {
			return ""
		}
		l.nodes[name].cmd = r.IntN(2) * (10000 + r.IntN(1000))
		return "command of " + name
	},
	func(l *chaosLab, r *rand.Rand) string {
		name := pick(r, l.nodes)
		l.nodes[name].env++
		return "environment of " + name
	},
	func(l *chaosLab, r *rand.Rand) string {
		name := pick(r, l.nodes)
		l.nodes[name].memory = r.IntN(3) * 256
		return fmt.Sprintf("memory of %s %d", name, l.nodes[name].memory)
	},
}

// link adds a link of new interfaces of the nodes.
func (l *chaosLab) link(r *rand.Rand, vale string, nodes ...string) string {
	k := &chaosLink{vale: vale, mtu: 1500, slots: 256}
	for _, node := range nodes {
		free := 1
		for l.has(node, fmt.Sprintf("eth%d", free)) {
			free++
		}
		k.ends = append(k.ends, chaosEnd{node: node, iface: fmt.Sprintf("eth%d", free), ip: l.freeIP(r)})
	}
	l.links = append(l.links, k)
	// Two ends of one link must not get the same address.
	for len(k.ends) == 2 && k.ends[0].ip == k.ends[1].ip {
		k.ends[1].ip = l.freeIP(r)
	}
	return k.ends[0].node + ":" + k.ends[0].iface
}

// anyLink returns one of the links, or nil.
func (l *chaosLab) anyLink(r *rand.Rand) *chaosLink {
	if len(l.links) == 0 {
		return nil
	}
	return l.links[r.IntN(len(l.links))]
}

func (l *chaosLab) has(node, iface string) bool {
	for _, k := range l.links {
		for _, e := range k.ends {
			if e.node == node && e.iface == iface {
				return true
			}
		}
	}
	return false
}

func (l *chaosLab) freeIP(r *rand.Rand) int {
	for {
		ip := 1 + r.IntN(65000)
		if ip&255 == 0 || ip&255 == 255 {
			continue
		}
		taken := false
		for _, k := range l.links {
			taken = taken || slices.ContainsFunc(k.ends, func(e chaosEnd) bool { return e.ip == ip })
		}
		if !taken {
			return ip
		}
	}
}
