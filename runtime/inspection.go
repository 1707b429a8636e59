package runtime

import "time"

// LabState sums up how a lab is.
type LabState string

// The states of a lab.
const (
	LabRunning LabState = "running" // everything that the plan names is there
	LabPartial LabState = "partial" // something is missing; deploying again makes it
	LabDown    LabState = "down"    // there is no agent: a deploy was killed, or the agent without a keeper
)

// Inspection is what there is of a lab, next to what its plan names.
type Inspection struct {
	Lab       string               `json:"lab"`
	Folder    string               `json:"folder"` // its state folder
	State     LabState             `json:"state"`
	Keeper    int                  `json:"keeper,omitempty"` // process number of its keeper
	Agent     *AgentInspection     `json:"agent,omitempty"`
	Nodes     []NodeInspection     `json:"nodes"`
	Switches  []SwitchInspection   `json:"switches"`
	Endpoints []EndpointInspection `json:"endpoints"`
	Accesses  []AccessInspection   `json:"accesses"`
	Trunks    []TrunkInspection    `json:"trunks"`
	Uplinks   []UplinkInspection   `json:"uplinks"`
}

// AgentInspection is the agent that answers.
type AgentInspection struct {
	PID      int       `json:"pid"`
	Started  time.Time `json:"started"`
	Restarts int       `json:"restarts"` // agents that had to be replaced
}

// NodeInspection is one node of the plan.
type NodeInspection struct {
	Name     string    `json:"name"`
	State    string    `json:"state"`          // waiting, running, backoff, exited, or missing
	Init     int       `json:"init,omitempty"` // process number of its init
	PID      int       `json:"pid,omitempty"`  // of its command, as the node sees it
	ExitCode int       `json:"exit-code"`      // of the command's last end
	Signal   int       `json:"signal,omitempty"`
	Restarts int       `json:"restarts"`
	Since    time.Time `json:"since,omitzero"`
}

// SwitchInspection is one switch of the plan.
type SwitchInspection struct {
	Name  string `json:"name"`
	Wire  bool   `json:"wire,omitempty"` // the wire of a node-to-node link
	State string `json:"state"`          // running or missing
	Ports int    `json:"ports"`
}

// EndpointInspection is one endpoint of the plan.
type EndpointInspection struct {
	Node      string   `json:"node"`
	Interface string   `json:"interface"`
	Switch    string   `json:"switch"`
	State     string   `json:"state"`           // socket, netmap or missing
	Fault     string   `json:"fault,omitempty"` // what went wrong with it last
	MAC       string   `json:"mac"`
	IPv4      []string `json:"ipv4,omitempty"`
	IPv6      []string `json:"ipv6,omitempty"`
	MTU       int      `json:"mtu"`
	Rings     int      `json:"rings"`
	Slots     int      `json:"slots"`
}

// AccessInspection is a switch of the plan that the programs of a node may open.
type AccessInspection struct {
	Node   string `json:"node"`
	Switch string `json:"switch"`
	As     string `json:"as"`              // what programs call the switch
	Ports  int    `json:"ports,omitempty"` // that they have there now
	State  string `json:"state"`           // running or missing
}

// TrunkInspection is one trunk of the plan.
type TrunkInspection struct {
	A     string `json:"a"`
	B     string `json:"b"`
	State string `json:"state"` // running or missing
}

// UplinkInspection is one uplink of the plan.
type UplinkInspection struct {
	Interface string `json:"interface"`
	Switch    string `json:"switch"`
	Host      string `json:"host"`  // keep or take
	State     string `json:"state"` // running, faulty or missing
	Fault     string `json:"fault,omitempty"`
}

// States of the parts of a lab, besides those of nodes and endpoints.
const (
	StateRunning = "running"
	StateFaulty  = "faulty"
	StateMissing = "missing"
)
