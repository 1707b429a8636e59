package agent

import (
	"time"

	"github.com/valelab/valelab/runtime/node"
)

// APIVersion is the version of the API, the "v1" of its paths.
const APIVersion = 1

// Version answers GET /v1/version. An agent that answers it has rebuilt every
// switch, port and open of the agent before it.
type Version struct {
	API      int       `json:"api"`
	Build    string    `json:"build"`    // of the agent's program; see [Build]
	Lab      string    `json:"lab"`      // the lab's name
	Keeper   bool      `json:"keeper"`   // there is a keeper, so that the lab survives this agent
	PID      int       `json:"pid"`      // of the agent
	Started  time.Time `json:"started"`  // when this agent began to answer
	Restarts int       `json:"restarts"` // agents that the keeper had to replace
}

// SwitchSpec is the body of PUT /v1/switches/{name}.
type SwitchSpec struct {
	// Wire makes the switch a plain wire between two ports: nothing is learned.
	Wire bool `json:"wire,omitempty"`
	// Kernel makes it one of netmap's module, with everything that is on it.
	Kernel bool `json:"kernel,omitempty"`
}

// EndpointSpec is the body of PUT /v1/endpoints/{node}/{interface}.
type EndpointSpec struct {
	Switch string `json:"switch"`
	Device string `json:"device"` // the netdev in the lab's network namespace
	MTU    int    `json:"mtu"`
	MAC    string `json:"mac"`   // of the interface in the node
	Rings  int    `json:"rings"` // NIC rings each way
	Slots  int    `json:"slots"` // per ring
}

// AccessSpec is the body of PUT /v1/accesses/{node}/{switch}.
type AccessSpec struct{}

// TrunkSpec is the body of PUT /v1/trunks/{a}/{b}.
type TrunkSpec struct{}

// UplinkSpec is the body of PUT /v1/uplinks/{interface}. The interface is one
// of the machine's network namespace.
type UplinkSpec struct {
	Switch string `json:"switch"`
	// Stack makes the machine's stack behind the interface a port, too, on a
	// switch of netmap's module.
	Stack bool `json:"stack,omitempty"`
}

// NodeSpec is the body of PUT /v1/nodes/{node}: the init process to watch.
type NodeSpec struct {
	PID       int    `json:"pid"`
	StartTime uint64 `json:"starttime"` // field 22 of /proc/PID/stat, in clock ticks
}

// GuestSpec is the body of PUT /v1/guests/{node}: what people see of a container
// that others look after.
type GuestSpec struct {
	Title string            `json:"title,omitempty"` // its name
	Names map[string]string `json:"names,omitempty"` // what its endpoints' interfaces are called inside
	// Namespace is the path of its network namespace, for one with endpoints on
	// netmap's module: it is held as long as it has any.
	Namespace string `json:"namespace,omitempty"`
}

// DoorSpec is the body of PUT /v1/door.
type DoorSpec struct {
	Folder string `json:"folder"` // absolute; gets netmap.sock
}

// Lab answers GET /v1/lab: everything that the agent holds, each list sorted.
type Lab struct {
	Lab       string          `json:"lab"`
	Switches  []SwitchState   `json:"switches"`
	Endpoints []EndpointState `json:"endpoints"`
	Accesses  []AccessState   `json:"accesses"`
	Trunks    []TrunkState    `json:"trunks"`
	Uplinks   []UplinkState   `json:"uplinks"`
	Nodes     []NodeState     `json:"nodes"`
}

// SwitchState is one switch of the lab.
type SwitchState struct {
	Name string `json:"name"`
	SwitchSpec
	Ports int `json:"ports"` // endpoints, uplinks, ends of trunks, and what programs have opened
}

// The modes of an endpoint.
const (
	ModeSocket = "socket" // the node's kernel stack has the port
	ModeNetmap = "netmap" // a program has it open
)

// EndpointState is one endpoint of the lab.
type EndpointState struct {
	Node      string `json:"node"`
	Interface string `json:"interface"`
	EndpointSpec
	Shown string `json:"shown,omitempty"` // of a guest: what people see in the place of NODE:INTERFACE
	Mode  string `json:"mode"`            // ModeSocket or ModeNetmap
	Lost  bool   `json:"lost,omitempty"`  // its device is gone, or was made anew: it has to be put again
	Fault string `json:"fault,omitempty"` // why its last open was detached, or why its device is gone
}

// AccessState lets the programs of a node open ports of their own on a switch.
type AccessState struct {
	Node   string `json:"node"`
	Switch string `json:"switch"`
	Ports  int    `json:"ports"` // that they have there
}

// TrunkState is one trunk between two switches.
type TrunkState struct {
	A string `json:"a"`
	B string `json:"b"`
}

// UplinkState is one interface of the machine that is a port of a switch.
type UplinkState struct {
	Interface string `json:"interface"`
	UplinkSpec
	Fault string `json:"fault,omitempty"`
}

// StateGone is the state of a node whose init is no more.
const StateGone node.State = "gone"

// NodeState is one node of the lab as the agent sees it: what its init wrote
// down last, or StateGone.
type NodeState struct {
	Node string   `json:"node"`
	Init NodeSpec `json:"init"`
	node.Status
}

// The kinds of events.
const (
	EventKeeper = "keeper" // State is "gone": the next agent that dies is the last one
	EventAgent  = "agent"  // an agent began to answer; State is "started" or "restarted"
	EventNode   = "node"   // a node's state changed; State is its new one
	EventPort   = "port"   // an endpoint changed its mode; State is the new one
	EventDetach = "detach" // an open was closed by force; Message says why
	EventDrops  = "drops"  // a ring drops frames, or not any more; State is "started" or "ended"
	EventStep   = "step"   // what a deploy or destroy did; State is its phase
	EventLost   = "lost"   // the reader was too slow; the stream ends here
)

// Event is one line of GET /v1/events.
type Event struct {
	Time      time.Time `json:"time"`
	Kind      string    `json:"kind"`
	Node      string    `json:"node,omitempty"`
	Interface string    `json:"interface,omitempty"`
	Switch    string    `json:"switch,omitempty"`
	State     string    `json:"state,omitempty"`
	Message   string    `json:"message,omitempty"`
}

// Problem is the body of every reply whose status is 400 or above.
type Problem struct {
	Error string `json:"error"`
	Hint  string `json:"hint,omitempty"`
}
