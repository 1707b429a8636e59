package topology

import (
	"maps"
	"slices"
	"strings"
)

// maxPorts is the number of ports of a switch: what the netmap module really takes.
const maxPorts = 252

// checker finds what is wrong between links.
type checker struct {
	*reader
	endpoints map[string]pos      // by NODE:INTERFACE
	uplinks   map[string]pos      // by interface of the machine
	ports     map[string]int      // by switch
	parent    map[string]string   // of a switch, towards one that stands for all it is trunked with
	segments  map[string][]member // by wire or switch
	mgmt      map[string]bool     // nodes with a management network
}

// mgmtInterface is what the engine calls a container's interface on its bridge.
const mgmtInterface = "eth0"

// member is an interface that hears the others of its segment.
type member struct {
	End
	at pos
}

func newChecker(r *reader, lab *Lab, names *names) *checker {
	c := &checker{
		reader:    r,
		endpoints: make(map[string]pos),
		uplinks:   make(map[string]pos),
		ports:     make(map[string]int),
		parent:    make(map[string]string),
		segments:  make(map[string][]member),
		mgmt:      make(map[string]bool),
	}
	for i := range lab.Nodes {
		c.mgmt[lab.Nodes[i].Name] = lab.Nodes[i].Mgmt
	}
	for name := range names.switches {
		c.parent[name] = name
	}
	return c
}

// add takes a link into account.
func (c *checker) add(l readLink) {
	a, b := l.Ends[0], l.Ends[1]
	for i, e := range l.Ends {
		switch {
		case e.Node != "":
			if e.Interface == mgmtInterface && c.mgmt[e.Node] {
				c.fault(l.ends[i], "call it eth1, or take mgmt away",
					"endpoint %s: %s is the management network's interface", e, mgmtInterface)
			}
			if !c.once(c.endpoints, e, l.ends[i], "endpoint") {
				continue
			}
			segment := a.Switch + b.Switch // one of them is empty
			if segment == "" {
				segment = a.String() + "--" + b.String()
			}
			c.segments[segment] = append(c.segments[segment], member{e, l.ends[i]})
		case e.Host != "":
			c.once(c.uplinks, e, l.ends[i], "interface of the machine")
		default:
			if c.ports[e.Switch]++; c.ports[e.Switch] == maxPorts+1 {
				c.fault(l.ends[i], "spread the links over several switches and join those: [left, right]",
					"switch %s has more than %d ports", quote(e.Switch), maxPorts)
			}
		}
	}
	if a.Switch != "" && b.Switch != "" {
		c.trunk(l, a.Switch, b.Switch)
	}
}

// once reports an end that is used already; it returns whether it is not.
func (c *checker) once(used map[string]pos, e End, p pos, what string) bool {
	if first, there := used[e.String()]; there {
		c.fault(p, "each link needs an interface of its own", "%s %s is used twice, first on line %d", what, e, first.line)
		return false
	}
	used[e.String()] = p
	return true
}

// root returns the switch that stands for all those that name is trunked with.
func (c *checker) root(name string) string {
	for c.parent[name] != name {
		c.parent[name] = c.parent[c.parent[name]]
		name = c.parent[name]
	}
	return name
}

// trunk joins two switches. VALE has no spanning tree, so that a frame would go
// round a loop for ever.
func (c *checker) trunk(l readLink, a, b string) {
	ra, rb := c.root(a), c.root(b)
	if ra == rb {
		c.fault(l.at, "take one link of the loop away: a VALE switch has no spanning tree",
			"link of switches %s and %s closes a loop", quote(a), quote(b))
		return
	}
	c.parent[ra] = rb
}

// finish checks what needs all links: that no address is on one network twice.
func (c *checker) finish() {
	networks := make(map[string][]member)
	for segment, members := range c.segments {
		if !strings.Contains(segment, ":") {
			segment = c.root(segment)
		}
		networks[segment] = append(networks[segment], members...)
	}
	for _, network := range slices.Sorted(maps.Keys(networks)) {
		members := networks[network]
		slices.SortStableFunc(members, func(a, b member) int {
			return (a.at.line-b.at.line)*maxSize + a.at.column - b.at.column
		})
		macs, ips := make(map[string]member), make(map[string]member)
		for _, m := range members {
			c.unique(macs, m.MAC, m, "MAC address")
			for _, address := range slices.Concat(m.IPv4, m.IPv6) {
				ip, _, _ := strings.Cut(address, "/")
				c.unique(ips, ip, m, "address")
			}
		}
	}
}

func (c *checker) unique(seen map[string]member, address string, m member, what string) {
	if first, there := seen[address]; there {
		c.fault(m.at, "give one of them another", "%s %s of %s is that of %s on line %d too", what, address, m.End, first.End, first.at.line)
		return
	}
	seen[address] = m
}
