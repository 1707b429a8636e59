package runtime

import (
	"context"

	"github.com/valelab/valelab/runtime/agent"
	"github.com/valelab/valelab/runtime/node"
	"github.com/valelab/valelab/runtime/state"
	"github.com/valelab/valelab/topology"
)

// Machine is where plans are carried out: [Local] is this machine, package
// runtimetest has one in memory. All methods may be called concurrently.
//
// State folders are not behind it: they are real files on every machine.
// Whatever a method makes, it marks or writes down before it can be lost, so
// that Processes, Network and the lab's intents find it again.
type Machine interface {
	// Ready says whether the machine has what the plan needs, before anything
	// is made.
	Ready(ctx context.Context, plan *topology.Plan) error
	// Module is the machine's netmap module, be it there or not.
	Module() Module
	// StartAgent starts the lab's keeper, and through it the agent, and
	// returns when the agent answers. What it began it ends when it fails.
	StartAgent(ctx context.Context, lab state.Dir) error
	// Agent returns a client of the lab's agent, which need not run.
	Agent(lab state.Dir) Agent
	// Network opens the lab's network namespace for work with its devices. It
	// fails with state.ErrGone when the lab has none, and must be closed.
	Network(ctx context.Context, lab state.Dir) (Network, error)

	// HoldNetwork keeps the lab's network namespace there until DropNetwork, which
	// takes its devices off netmap's module and away; what is not held is no error.
	HoldNetwork(ctx context.Context, lab state.Dir) error
	DropNetwork(ctx context.Context, lab state.Dir) error

	// StartNode starts a node's init, which then waits: that of a process node,
	// or process 1 of a container. A note says which of the node's limits this
	// machine can't keep and what it lacks, or is empty.
	StartNode(ctx context.Context, lab state.Dir, node *topology.Node) (pid state.PID, note string, err error)
	// Nodes returns the inits of all nodes of which there is anything, by
	// name; a zero one where none runs.
	Nodes(ctx context.Context, lab state.Dir) (map[string]state.PID, error)
	// UpdateNode gives a node that runs the settings that change in place (see
	// inPlace). A note is one as of StartNode.
	UpdateNode(ctx context.Context, lab state.Dir, node *topology.Node) (note string, err error)
	// FindNode returns the node's init, or state.ErrGone.
	FindNode(lab state.Dir, node string) (state.PID, error)
	// NodeStatus returns what the node's init has written down last.
	NodeStatus(lab state.Dir, name string) (node.Status, error)
	// Waits says whether the node's command has never been let go.
	Waits(lab state.Dir, node string) (bool, error)
	// ReleaseNode lets the node's command start. Twice is fine.
	ReleaseNode(lab state.Dir, node string) error
	// AwaitNode returns when a released node has come to a condition, and fails
	// when it can't come to it any more.
	AwaitNode(ctx context.Context, lab state.Dir, node string, condition topology.Condition) error
	// RunInNode runs a command in a container whose own command has started.
	// What went wrong with it is a note, for the user to know.
	RunInNode(ctx context.Context, lab state.Dir, node string, argv []string) (note string, err error)
	// StopNode kills the node and returns when its processes, control groups
	// and folders, or its container, are gone. One that is not there is no error.
	StopNode(ctx context.Context, lab state.Dir, node string) error
	// HasContainers says whether the lab may have containers. RemoveContainers
	// removes all of them but those of some nodes; without any to be kept, the
	// lab's lasting folder too.
	HasContainers(lab state.Dir) (bool, error)
	RemoveContainers(ctx context.Context, lab state.Dir, keep []string) error

	// TakeUplink makes an interface of the machine ready to be a port of a
	// switch, having written down how it was. It refuses one that can't be.
	// One that the lab has taken before it completes: then taken is false.
	// onModule says that the switch is one of netmap's module.
	TakeUplink(ctx context.Context, lab state.Dir, uplink *topology.Uplink, onModule bool) (taken bool, err error)
	// HasUplink says whether the interface is as TakeUplink made it.
	HasUplink(ctx context.Context, lab state.Dir, uplink *topology.Uplink) (bool, error)
	// GiveBackUplink puts the interface back as it was and forgets it. One
	// that was not taken is no error.
	GiveBackUplink(ctx context.Context, lab state.Dir, iface string) error
	// DetachUplinks takes everything of the lab's off the switches that netmap's
	// module has in the machine's namespace.
	DetachUplinks(ctx context.Context, lab state.Dir) error
	// FreeUplinks lets the machine's stack have every interface again that
	// carries the lab's mark, though nothing may be written down about it.
	FreeUplinks(ctx context.Context, lab state.Dir) error

	// Processes returns all processes that carry the lab's mark.
	Processes(lab state.Dir) ([]state.Process, error)
	// Terminate asks processes to end and returns when they have.
	Terminate(ctx context.Context, processes []state.Process) error
	// Kill kills processes and returns when they have ended.
	Kill(ctx context.Context, processes []state.Process) error
	// RemoveGroups removes the lab's control groups, which must be empty.
	RemoveGroups(ctx context.Context, lab state.Dir) error
}

// Network is a lab's network namespace, open.
type Network interface {
	// Quiet keeps the devices that are made from now on from sending anything
	// of their own accord.
	Quiet() error
	// Endpoints returns the endpoints that have a device in the namespace, as
	// "node:interface".
	Endpoints(ctx context.Context) ([]string, error)
	// Sweep removes what a killed deploy has left in the namespace that
	// Endpoints does not tell of.
	Sweep(ctx context.Context) error
	// AddEndpoint makes the device pair of an endpoint, whose one end is in
	// the namespace of the node with the given init, and configures it. What
	// is there already and right it leaves: then made is false. Of the former
	// addresses, which other plans gave it, it keeps only the endpoint's own.
	AddEndpoint(ctx context.Context, e *topology.Endpoint, former []string, node state.PID) (made bool, err error)
	// HasEndpoint says whether AddEndpoint would leave everything as it is.
	HasEndpoint(ctx context.Context, e *topology.Endpoint, former []string, node state.PID) (bool, error)
	// RemoveEndpoint removes the device pair; one that is not there is no error.
	RemoveEndpoint(ctx context.Context, e *topology.Endpoint) error
	// Detach takes all devices off the switches of netmap's module.
	Detach(ctx context.Context) error
	// Clear removes the device pairs of all endpoints at once, and returns
	// when they are gone.
	Clear(ctx context.Context) error
	// Close gives the namespace back; it may be called twice.
	Close() error
}

// Agent is what runtime asks of a lab's agent. *[agent.Client] is one.
type Agent interface {
	Version(ctx context.Context) (*agent.Version, error)
	Lab(ctx context.Context) (*agent.Lab, error)
	PutSwitch(ctx context.Context, name string, spec agent.SwitchSpec) (created bool, err error)
	DeleteSwitch(ctx context.Context, name string) error
	PutNode(ctx context.Context, node string, spec agent.NodeSpec) (created bool, err error)
	DeleteNode(ctx context.Context, node string) error
	PutEndpoint(ctx context.Context, node, iface string, spec agent.EndpointSpec) (created bool, err error)
	DeleteEndpoint(ctx context.Context, node, iface string) error
	PutAccess(ctx context.Context, node, on string) (created bool, err error)
	DeleteAccess(ctx context.Context, node, on string) error
	PutTrunk(ctx context.Context, a, b string) (created bool, err error)
	DeleteTrunk(ctx context.Context, a, b string) error
	PutUplink(ctx context.Context, iface string, spec agent.UplinkSpec) (created bool, err error)
	DeleteUplink(ctx context.Context, iface string) error
	Upgrade(ctx context.Context) error
	Close()
}

var _ Agent = (*agent.Client)(nil)
