package plugin

import (
	"time"
)

// Network is what is written down about a network.
type Network struct {
	ID      string    `json:"id"`
	Name    string    `json:"name,omitempty"` // as the engine has told; empty: it has not yet
	Options Options   `json:"options"`
	Kernel  bool      `json:"kernel,omitempty"` // its switch is one of netmap's module
	Subnets []Subnet  `json:"subnets,omitempty"`
	Made    time.Time `json:"made"`
}

// Subnet is one of a network's.
type Subnet struct {
	Pool    string `json:"pool"`              // with prefix length
	Gateway string `json:"gateway,omitempty"` // with prefix length
}

// Endpoint is what is written down about a container's interface.
type Endpoint struct {
	ID      string    `json:"id"`
	Network string    `json:"network"`
	MAC     string    `json:"mac"`
	IPv4    string    `json:"ipv4,omitempty"` // with prefix length
	IPv6    string    `json:"ipv6,omitempty"` // with prefix length
	Name    string    `json:"name,omitempty"` // that the interface is to have
	Port    string    `json:"port,omitempty"` // see EndpointOptions
	Made    time.Time `json:"made"`

	Sandbox string `json:"sandbox,omitempty"` // path of the container's namespace; empty: it has not joined
	Inside  string `json:"inside,omitempty"`  // what the interface is called there; empty: not known yet

	Container string `json:"container,omitempty"` // the container's name, as the engine has told
	Listed    bool   `json:"listed,omitempty"`    // the engine has told of it
}

// title is what people see of the endpoint's container.
func (e *Endpoint) title() string {
	if e.Port != "" {
		return e.Port
	}
	return e.Container
}
