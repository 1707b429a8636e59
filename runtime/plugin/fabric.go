package plugin

import (
	"context"
	"net/netip"

	"github.com/valelab/valelab/netmap/module"
)

// fabric is what networks are made of. lab is the real one. Its methods are
// idempotent and may be called concurrently, for one endpoint one at a time.
type fabric interface {
	// Start returns when there is an agent, and a keeper. anew says that it has
	// nothing yet: that it is the first one, or that one was lost with all that it
	// had. It says so in spite of an error.
	Start(ctx context.Context) (anew bool, err error)
	// Watch has lost called whenever keeper or agent ends. It is called once,
	// before anything else.
	Watch(lost func())
	// Stop ends the agent and removes what is left of the lab.
	Stop(ctx context.Context) error

	// ModuleHere says whether netmap's module answers, ModuleRoom what it has room
	// for, and in others what labs have of it and the memory that the machine has.
	ModuleHere() bool
	ModuleRoom() (params *module.Params, others module.Demand, err error)

	// PutSwitch makes a switch; with kernel it is one of netmap's module.
	PutSwitch(ctx context.Context, name string, kernel bool) error
	DeleteSwitch(ctx context.Context, name string) error
	// PutUplink makes an interface of the machine a port of a switch; kernel says
	// that it is one of netmap's module.
	PutUplink(ctx context.Context, iface, on string, kernel bool) error
	DeleteUplink(ctx context.Context, iface string) error

	// Plug makes a pair of devices and a port of the lab's end. The other end is
	// the machine's, or in the namespace behind a path.
	Plug(ctx context.Context, p plug) error
	// Replug makes the port of a pair that is there.
	Replug(ctx context.Context, p plug) error
	// Plugged says whether the lab's end of the pair is there.
	Plugged(p plug) (bool, error)
	// Unplug removes both.
	Unplug(ctx context.Context, p plug) error
	// Label says what people see of a port's node and its interfaces. path is
	// that of its namespace, if that is to be held for ports on netmap's module.
	Label(ctx context.Context, node, title, path string, inside map[string]string) error
	// Inside returns what the interface of a plugged endpoint is called in the
	// namespace behind a path; empty: it is not there.
	Inside(path string, p plug) (string, error)
	// Alive says whether there still is a namespace behind a path: of one that was
	// removed a file may be left.
	Alive(path string) bool
	// Sweep removes devices of this plugin that are no endpoint's.
	Sweep(keep func(endpoint string) bool) error
}

// plug is an interface on a switch.
type plug struct {
	ID string // of the endpoint, or of the network for the machine's own port

	Node, Interface string // at the agent
	Switch          string
	Kernel          bool   // the switch is one of netmap's module
	Device          string // in the lab's namespace
	MTU             int
	MAC             string
	Rings, Slots    int

	Far       string         // the other end's name
	Path      string         // of the namespace that the other end is in; empty: the machine's
	Parked    bool           // the engine takes the other end from there
	Addresses []netip.Prefix // of the other end, unless it is parked
	Gateways  []netip.Addr   // that the other end sends everything else to, one of each family
}
