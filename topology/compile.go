package topology

import (
	"cmp"
	"slices"
	"strings"
)

// Compile returns the plan of the lab. The plan shares slices with the lab.
func (l *Lab) Compile() *Plan {
	hosts := l.hosts()
	c := compiler{starts: make(map[string][]string)}
	for _, name := range l.Switches {
		c.switches = append(c.switches, Switch{Name: name})
	}
	for _, link := range l.Links {
		c.link(link)
	}
	slices.SortFunc(c.switches, func(a, b Switch) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(c.endpoints, func(a, b Endpoint) int {
		return cmp.Or(strings.Compare(a.Node, b.Node), strings.Compare(a.Interface, b.Interface))
	})
	slices.SortFunc(c.trunks, func(a, b Trunk) int {
		return cmp.Or(strings.Compare(a.A, b.A), strings.Compare(a.B, b.B))
	})
	slices.SortFunc(c.uplinks, func(a, b Uplink) int { return strings.Compare(a.Interface, b.Interface) })
	nodes := slices.Clone(l.Nodes)
	slices.SortFunc(nodes, func(a, b Node) int { return strings.Compare(a.Name, b.Name) })

	p := &Plan{Lab: l.Name, Netmap: l.Netmap}
	add := func(s Step) {
		s.Kind = s.kind()
		s.ID = s.id()
		s.Needs = s.needs(c.starts)
		p.Steps = append(p.Steps, s)
	}
	add(Step{Lab: &LabStep{Name: l.Name, Hosts: hosts}})
	for i := range c.switches {
		add(Step{Switch: &c.switches[i]})
	}
	for i := range nodes {
		nodes[i].Hosts = hosts
		add(Step{Node: &nodes[i]})
	}
	for i := range c.endpoints {
		e := &c.endpoints[i]
		c.starts[e.Node] = append(c.starts[e.Node], endpointID(e.Node, e.Interface))
		add(Step{Endpoint: e})
	}
	for i := range nodes {
		for _, on := range nodes[i].Vale {
			a := &Access{Node: nodes[i].Name, Switch: on}
			c.starts[a.Node] = append(c.starts[a.Node], accessID(a.Node, on))
			add(Step{Access: a})
		}
	}
	for i := range c.trunks {
		add(Step{Trunk: &c.trunks[i]})
	}
	for i := range c.uplinks {
		add(Step{Uplink: &c.uplinks[i]})
	}
	for _, i := range startOrder(nodes) {
		add(Step{Start: &Start{Node: nodes[i].Name, After: nodes[i].DependsOn}})
	}
	return p
}

// startOrder returns the nodes, which are sorted by name, so that each comes after
// those that it depends on, and otherwise in the order that they have. They depend
// on each other in no circle.
func startOrder(nodes []Node) []int {
	index := make(map[string]int, len(nodes))
	for i := range nodes {
		index[nodes[i].Name] = i
	}
	order := make([]int, 0, len(nodes))
	placed := make([]bool, len(nodes))
	var place func(int)
	place = func(i int) {
		if placed[i] {
			return
		}
		placed[i] = true
		for _, d := range nodes[i].DependsOn {
			place(index[d.Node])
		}
		order = append(order, i)
	}
	for i := range nodes {
		place(i)
	}
	return order
}

// compiler sorts the links of a lab into what they make.
type compiler struct {
	switches  []Switch
	endpoints []Endpoint
	trunks    []Trunk
	uplinks   []Uplink
	starts    map[string][]string // IDs of what the start of a node waits for, in order
}

// link takes one link. Its ends change places where needed, so that the order in
// which the file names them does not matter.
func (c *compiler) link(l Link) {
	a, b := l.Ends[0], l.Ends[1]
	if strings.Compare(a.String(), b.String()) > 0 {
		a, b = b, a
	}
	switch {
	case a.Node != "" && b.Node != "":
		wire := a.String() + "--" + b.String()
		c.switches = append(c.switches, Switch{Name: wire, Wire: true})
		c.endpoints = append(c.endpoints, l.endpoint(a, wire), l.endpoint(b, wire))
	case a.Node != "":
		c.endpoints = append(c.endpoints, l.endpoint(a, b.Switch))
	case b.Node != "":
		c.endpoints = append(c.endpoints, l.endpoint(b, a.Switch))
	case a.Host != "":
		c.uplinks = append(c.uplinks, Uplink{Switch: b.Switch, Interface: a.Host, Host: l.Host})
	case b.Host != "":
		c.uplinks = append(c.uplinks, Uplink{Switch: a.Switch, Interface: b.Host, Host: l.Host})
	default:
		c.trunks = append(c.trunks, Trunk{A: a.Switch, B: b.Switch})
	}
}

// endpoint returns the endpoint that an end of the link makes on a switch.
func (l Link) endpoint(e End, on string) Endpoint {
	return Endpoint{
		Node: e.Node, Interface: e.Interface, Switch: on,
		MAC: e.MAC, IPv4: e.IPv4, IPv6: e.IPv6,
		MTU: l.MTU, Rings: l.Rings, Slots: l.Slots,
	}
}

// hosts returns the names of the lab: for each address NODE-INTERFACE, and for the
// first IPv4 and the first IPv6 one of a node NODE too. A name that is a node's own
// is not given to the interface of another.
func (l *Lab) hosts() []Host {
	ends := make(map[string][]End)
	for _, link := range l.Links {
		for _, e := range link.Ends {
			if e.Node != "" {
				ends[e.Node] = append(ends[e.Node], e)
			}
		}
	}
	nodes := make(map[string]bool, len(l.Nodes))
	var order []string
	for _, n := range l.Nodes {
		nodes[n.Name] = true
		order = append(order, n.Name)
	}
	slices.Sort(order)

	var hosts []Host
	for _, node := range order {
		own := ends[node]
		slices.SortFunc(own, func(a, b End) int { return strings.Compare(a.Interface, b.Interface) })
		var named4, named6 bool
		for _, e := range own {
			for _, address := range slices.Concat(e.IPv4, e.IPv6) {
				ip, _, _ := strings.Cut(address, "/")
				named := &named4
				if strings.Contains(ip, ":") {
					named = &named6
				}
				if !*named {
					*named = true
					hosts = append(hosts, Host{IP: ip, Name: node})
				}
				if name := node + "-" + e.Interface; !nodes[name] {
					hosts = append(hosts, Host{IP: ip, Name: name})
				}
			}
		}
	}
	return hosts
}
