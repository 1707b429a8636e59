package protocol

import (
	"fmt"
	"regexp"
)

// id is what an engine calls a network or an endpoint: 64 hexadecimal digits, or
// 25 other letters in a swarm.
var id = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$`)

// Nothing is the request or the answer of a method that has nothing to say.
type Nothing struct{}

// Capabilities answers NetworkDriver.GetCapabilities.
type Capabilities struct {
	Scope             string // ScopeLocal
	ConnectivityScope string // ScopeLocal
	GwAllocChecker    bool   // engines from 28 on: ask GwAllocCheck before CreateNetwork
}

// The scopes: of networks that are one machine's, and that span machines.
const (
	ScopeLocal  = "local"
	ScopeGlobal = "global"
)

// AllocateNetworkRequest is that of NetworkDriver.AllocateNetwork, which only
// managers of a swarm send, and only for networks that span machines.
type AllocateNetworkRequest struct {
	NetworkID string
	Options   map[string]string
	IPv4Data  []IPAMData
	IPv6Data  []IPAMData
}

// AllocateNetworkReply answers it: options for CreateNetwork on each machine.
type AllocateNetworkReply struct{ Options map[string]string }

// GatewayRequest asks whether a network needs an address for a gateway.
type GatewayRequest struct{ Options map[string]any }

// GatewayReply says which address is not needed.
type GatewayReply struct{ SkipIPv4, SkipIPv6 bool }

// IPAMData is a subnet of a network.
type IPAMData struct {
	AddressSpace string
	Pool         string // as in 10.9.0.0/24
	Gateway      string // with prefix length; empty if there is none
	AuxAddresses map[string]string
}

// CreateNetworkRequest is that of NetworkDriver.CreateNetwork.
type CreateNetworkRequest struct {
	NetworkID string
	Options   map[string]any
	IPv4Data  []IPAMData
	IPv6Data  []IPAMData
}

// NetworkRequest names a network.
type NetworkRequest struct{ NetworkID string }

// Interface is the addresses of an endpoint. In an answer, only what the
// request left empty.
type Interface struct {
	Address     string `json:",omitempty"` // with prefix length
	AddressIPv6 string `json:",omitempty"` // with prefix length
	MacAddress  string `json:",omitempty"`
}

// CreateEndpointRequest is that of NetworkDriver.CreateEndpoint.
type CreateEndpointRequest struct {
	NetworkID, EndpointID string
	Interface             *Interface
	Options               map[string]any
}

// CreateEndpointReply answers it.
type CreateEndpointReply struct {
	Interface *Interface `json:",omitempty"`
}

// EndpointRequest names an endpoint.
type EndpointRequest struct{ NetworkID, EndpointID string }

// EndpointInfo answers NetworkDriver.EndpointOperInfo.
type EndpointInfo struct{ Value map[string]any }

// JoinRequest is that of NetworkDriver.Join.
type JoinRequest struct {
	NetworkID, EndpointID string
	SandboxKey            string // path of the container's network namespace; before engine 28 it is not there yet
	Options               map[string]any
}

// JoinReply answers it. SrcName is a device in the engine's own namespace, which
// the engine moves into the container and calls DstPrefix with a number, or
// DstName if it is new enough.
type JoinReply struct {
	InterfaceName         InterfaceName
	Gateway               string `json:",omitempty"`
	GatewayIPv6           string `json:",omitempty"`
	StaticRoutes          []StaticRoute
	DisableGatewayService bool
}

// InterfaceName is a part of JoinReply.
type InterfaceName struct {
	SrcName   string
	DstPrefix string
	DstName   string `json:",omitempty"`
}

// StaticRoute is a part of JoinReply.
type StaticRoute struct {
	Destination string
	RouteType   int // 0: by NextHop, 1: it is on the link
	NextHop     string
}

// A subject is a request that is about something.
type subject interface {
	// about returns the ids; the endpoint's is empty in a request about a network.
	about() (network, endpoint string)
	check() error
}

func (q *CreateNetworkRequest) about() (string, string) { return q.NetworkID, "" }
func (q *NetworkRequest) about() (string, string)       { return q.NetworkID, "" }
func (q *AllocateNetworkRequest) about() (string, string) {
	return q.NetworkID, ""
}
func (q *CreateEndpointRequest) about() (string, string) {
	return q.NetworkID, q.EndpointID
}
func (q *EndpointRequest) about() (string, string) { return q.NetworkID, q.EndpointID }
func (q *JoinRequest) about() (string, string)     { return q.NetworkID, q.EndpointID }

func (q *CreateNetworkRequest) check() error { return checkID("NetworkID", q.NetworkID) }
func (q *NetworkRequest) check() error       { return checkID("NetworkID", q.NetworkID) }
func (q *AllocateNetworkRequest) check() error {
	return checkID("NetworkID", q.NetworkID)
}
func (q *CreateEndpointRequest) check() error { return checkIDs(q.NetworkID, q.EndpointID) }
func (q *EndpointRequest) check() error       { return checkIDs(q.NetworkID, q.EndpointID) }
func (q *JoinRequest) check() error           { return checkIDs(q.NetworkID, q.EndpointID) }

func checkIDs(network, endpoint string) error {
	if err := checkID("NetworkID", network); err != nil {
		return err
	}
	return checkID("EndpointID", endpoint)
}

func checkID(field, value string) error {
	if value == "" {
		return fmt.Errorf("%s is missing", field)
	}
	if !id.MatchString(value) {
		return fmt.Errorf("%s: %.150q is not an id", field, value)
	}
	return nil
}
