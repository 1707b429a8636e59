package diagram

import (
	"cmp"
	"slices"

	"github.com/valelab/valelab/topology"
)

// A Graph is a lab as a drawing has it. Its JSON is for programs that draw by
// themselves.
type Graph struct {
	Lab      string   `json:"lab"`
	Nodes    []Node   `json:"nodes"`    // sorted by name
	Switches []Switch `json:"switches"` // sorted by name
	Links    []Link   `json:"links"`    // sorted by kind, then by ends
}

// Node is a node of the lab.
type Node struct {
	Name   string        `json:"name"`
	Image  string        `json:"image,omitempty"` // of a container; "" for a process
	Labels []topology.KV `json:"labels,omitempty"`
}

// Switch is a VALE switch that has a name in the lab file, that is no wire.
type Switch struct {
	Name string `json:"name"`
}

// Kind says what a link joins.
type Kind string

// The kinds of links, in the order that a graph has them in.
const (
	Trunk  Kind = "trunk"  // a switch and a switch
	Port   Kind = "port"   // a node's interface and a switch
	Wire   Kind = "wire"   // two nodes' interfaces
	Access Kind = "access" // a node and a switch that its programs may open
	Uplink Kind = "uplink" // an interface of the machine and a switch
)

var kinds = []Kind{Trunk, Port, Wire, Access, Uplink}

// Link joins two ends. A wire's and a trunk's sort before each other, of others B
// is the switch.
type Link struct {
	Kind Kind   `json:"kind"`
	A    End    `json:"a"`
	B    End    `json:"b"`
	MTU  int    `json:"mtu,omitempty"`  // bytes; of ports and wires
	As   string `json:"as,omitempty"`   // of an access: what programs call the switch
	Host string `json:"host,omitempty"` // of an uplink: topology.HostKeep or HostTake
}

// End is one end of a link: an interface of a node, the node itself of an access,
// a switch, or an interface of the machine.
type End struct {
	Node      string   `json:"node,omitempty"`
	Interface string   `json:"interface,omitempty"`
	MAC       string   `json:"mac,omitempty"`
	IPv4      []string `json:"ipv4,omitempty"` // with prefix length
	IPv6      []string `json:"ipv6,omitempty"` // with prefix length
	Switch    string   `json:"switch,omitempty"`
	Host      string   `json:"host,omitempty"`
}

// String returns the end as a lab file spells it.
func (e End) String() string {
	switch {
	case e.Interface != "":
		return e.Node + ":" + e.Interface
	case e.Host != "":
		return "host:" + e.Host
	}
	return e.Node + e.Switch // one of them is empty
}

// addresses are those that the end has, IPv4 first.
func (e End) addresses() []string { return slices.Concat(e.IPv4, e.IPv6) }

// Of returns the graph that a plan describes.
func Of(plan *topology.Plan) *Graph {
	g := &Graph{Lab: plan.Lab, Nodes: []Node{}, Switches: []Switch{}, Links: []Link{}}
	wires := make(map[string]*End) // nil before the first end is known
	for i := range plan.Steps {
		switch s := &plan.Steps[i]; {
		case s.Switch != nil && s.Switch.Wire:
			wires[s.Switch.Name] = nil
		case s.Switch != nil:
			g.Switches = append(g.Switches, Switch{s.Switch.Name})
		case s.Node != nil:
			g.Nodes = append(g.Nodes, Node{s.Node.Name, s.Node.Image, s.Node.Labels})
		case s.Endpoint != nil:
			e := s.Endpoint
			end := End{Node: e.Node, Interface: e.Interface, MAC: e.MAC, IPv4: e.IPv4, IPv6: e.IPv6}
			switch first, isWire := wires[e.Switch]; {
			case !isWire:
				g.join(Link{Kind: Port, A: end, B: End{Switch: e.Switch}, MTU: e.MTU})
			case first == nil:
				wires[e.Switch] = &end
			default:
				g.join(Link{Kind: Wire, A: *first, B: end, MTU: e.MTU})
			}
		case s.Access != nil:
			g.join(Link{Kind: Access, A: End{Node: s.Access.Node}, B: End{Switch: s.Access.Switch}, As: s.Access.As()})
		case s.Trunk != nil:
			g.join(Link{Kind: Trunk, A: End{Switch: s.Trunk.A}, B: End{Switch: s.Trunk.B}})
		case s.Uplink != nil:
			g.join(Link{Kind: Uplink, A: End{Host: s.Uplink.Interface}, B: End{Switch: s.Uplink.Switch}, Host: s.Uplink.Host})
		}
	}
	g.sort()
	return g
}

func (g *Graph) join(l Link) { g.Links = append(g.Links, l) }

func (g *Graph) sort() {
	slices.SortFunc(g.Nodes, func(a, b Node) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(g.Switches, func(a, b Switch) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(g.Links, func(a, b Link) int {
		return cmp.Or(
			cmp.Compare(slices.Index(kinds, a.Kind), slices.Index(kinds, b.Kind)),
			cmp.Compare(a.A.String(), b.A.String()),
			cmp.Compare(a.B.String(), b.B.String()),
		)
	})
}
