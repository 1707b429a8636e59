package topology

// Plan is what has to exist for a lab to run: a graph of small steps, each of
// which can be done, undone and observed. Steps are ordered so that a step comes
// after all that it needs; within a kind they are sorted by name (starts as far as
// what they depend on lets them), so that moving things about in a lab file does not
// change its plan.
type Plan struct {
	Lab    string `json:"lab"`
	Netmap string `json:"netmap"` // as the file says; NetmapAuto is resolved by runtime
	Steps  []Step `json:"steps"`
}

// Kind says what a step makes.
type Kind string

// The kinds of steps, in the order in which a plan lists them.
const (
	KindLab      Kind = "lab"      // the lab's network namespace, its keeper and its agent
	KindSwitch   Kind = "switch"   // a VALE switch, or the wire of a node-to-node link
	KindNode     Kind = "node"     // a node with its namespaces, its command not yet started
	KindEndpoint Kind = "endpoint" // an interface of a node, as a port of a switch
	KindAccess   Kind = "access"   // leave for a node's programs to open ports on a switch of the lab
	KindTrunk    Kind = "trunk"    // a link between two switches
	KindUplink   Kind = "uplink"   // an interface of the machine, as a port of a switch
	KindStart    Kind = "start"    // the node's command, started
)

// Step is one vertex of the graph. Exactly one of the pointers is set: the one
// that Kind names. A Step's payload is read only.
//
//	ID                        Needs
//	lab
//	switch/NAME               lab
//	node/NAME                 lab
//	endpoint/NODE:INTERFACE   its node, its switch
//	access/NODE:SWITCH        its node, its switch
//	trunk/A--B                both switches
//	uplink/INTERFACE          its switch
//	start/NODE                its node, all endpoints and accesses of it, the starts that it depends on
type Step struct {
	ID    string   `json:"id"`
	Kind  Kind     `json:"kind"`
	Needs []string `json:"needs,omitempty"`

	Lab      *LabStep  `json:"lab,omitempty"`
	Switch   *Switch   `json:"switch,omitempty"`
	Node     *Node     `json:"node,omitempty"`
	Endpoint *Endpoint `json:"endpoint,omitempty"`
	Access   *Access   `json:"access,omitempty"`
	Trunk    *Trunk    `json:"trunk,omitempty"`
	Uplink   *Uplink   `json:"uplink,omitempty"`
	Start    *Start    `json:"start,omitempty"`
}

// LabStep is the payload of the step that everything else needs.
type LabStep struct {
	Name  string `json:"name"`
	Hosts []Host `json:"hosts,omitempty"` // the lab's names; the same slice is in every Node
}

// Switch is a VALE switch. The wire of a node-to-node link is a switch too, one
// with two ports that learns nothing; it is named "NODE:INTERFACE--NODE:INTERFACE".
type Switch struct {
	Name string `json:"name"`
	Wire bool   `json:"wire,omitempty"`
}

// Endpoint is an interface of a node that is a port of a switch.
type Endpoint struct {
	Node      string   `json:"node"`
	Interface string   `json:"interface"`
	Switch    string   `json:"switch"`
	MAC       string   `json:"mac"`            // lower case, with colons
	IPv4      []string `json:"ipv4,omitempty"` // with prefix length
	IPv6      []string `json:"ipv6,omitempty"` // with prefix length
	MTU       int      `json:"mtu"`            // bytes
	Rings     int      `json:"rings"`          // ring pairs
	Slots     int      `json:"slots"`          // slots of each ring
}

// Trunk links two switches; A sorts before B.
type Trunk struct {
	A string `json:"a"`
	B string `json:"b"`
}

// Uplink makes an interface of the machine a port of a switch.
type Uplink struct {
	Switch    string `json:"switch"`
	Interface string `json:"interface"`
	Host      string `json:"host"` // HostKeep or HostTake
}

// Start starts the command of a node, once the nodes that it depends on have come
// to their conditions.
type Start struct {
	Node  string       `json:"node"`
	After []Dependency `json:"after,omitempty"` // sorted by node
}

// Host is a line of /etc/hosts.
type Host struct {
	IP   string `json:"ip"`
	Name string `json:"name"`
}
