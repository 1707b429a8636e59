package runtimetest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"

	netmap "github.com/valelab/valelab/netmap/module"
	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/runtime/state"
	"github.com/valelab/valelab/topology"
)

// Machine is a machine in memory; New makes one. It may be used concurrently.
type Machine struct {
	// Hook is called before each operation, with its name and its object, as
	// in "StartNode a" or "PutSwitch left". An error of it is the operation's,
	// which then does nothing. It may block, and may kill what it likes. Set
	// it before the machine is used.
	Hook func(ctx context.Context, operation string) error

	// NetmapModule says that the machine has netmap's module. Set it before the
	// machine is used.
	NetmapModule bool
	// ModuleParams are the module's parameters, and ModuleMemory the memory that
	// the machine has to give, in bytes; 0: not known. Set them before the machine
	// is used. Without them the module is as if loaded without any.
	ModuleParams *netmap.Params
	ModuleMemory int

	mu         sync.Mutex
	labs       map[string]*lab // by state folder
	interfaces map[string]*Interface
	lastPID    int
}

var _ runtime.Machine = (*Machine)(nil)

// Module implements runtime.Machine.
func (m *Machine) Module() runtime.Module { return module{m} }

// module is that of the machine, be there one or not.
type module struct{ machine *Machine }

func (m module) Here() bool               { return m.machine.NetmapModule }
func (m module) Prepare() (string, error) { return "the module was prepared", nil }

func (m module) Room() (*netmap.Params, int, error) {
	params := m.machine.ModuleParams
	if params == nil {
		params = &netmap.Params{}
	}
	return params, m.machine.ModuleMemory, nil
}

// lab is what the machine has of one lab.
type lab struct {
	keeper, agent *state.Process
	build         string // of the agent's program
	network       int    // number of the network namespace
	held          held   // what the agent has
	nodes         map[string]*process
	pairs         map[string]pair // by "node:interface"
}

// process is a node. A container stays when its process has ended, and its
// process carries no mark of the lab's.
type process struct {
	init      state.Process
	node      topology.Node // its settings
	released  bool
	container bool
	ended     bool
}

// pair is the device pair of an endpoint.
type pair struct {
	endpoint  topology.Endpoint
	addresses map[string]bool
	init      state.PID // whose namespace the node's end is in
}

// New returns a machine that has the given interfaces, all up, and nothing
// else.
func New(interfaces ...string) *Machine {
	m := &Machine{labs: make(map[string]*lab), interfaces: make(map[string]*Interface)}
	for _, name := range interfaces {
		m.interfaces[name] = &Interface{Up: true}
	}
	return m
}

// Objects returns a line for everything that exists on the machine, sorted:
// what a destroyed lab must have left as it was.
func (m *Machine) Objects() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []string
	for dir, l := range m.labs {
		for _, p := range l.processes() {
			all = append(all, p.String()+" of "+dir)
		}
		for name, n := range l.nodes {
			if n.container {
				all = append(all, "container "+name+" of "+dir)
			}
		}
		for name := range l.pairs {
			all = append(all, "pair "+name+" of "+dir)
		}
	}
	for name, i := range m.interfaces {
		all = append(all, fmt.Sprintf("interface %s %+v", name, *i))
	}
	slices.Sort(all)
	return all
}

// State returns a line for everything that there is of a lab, with its
// settings but without process numbers, sorted: what two machines on which the
// same lab runs have in common.
func (m *Machine) State(dir state.Dir) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []string
	line := func(kind, name string, settings any) {
		text, err := json.Marshal(settings)
		if err != nil {
			panic(err) // they are all plain data
		}
		all = append(all, kind+" "+name+" "+string(text))
	}
	l := m.lab(dir)
	line("agent", "", l.agent != nil && l.keeper != nil)
	for name, n := range l.nodes {
		line("node", name, []any{&n.node, n.node.Hosts, n.released})
		line("watched", name, l.held.nodes[name].PID == n.init.Number)
	}
	for name := range l.held.nodes {
		line("watch", name, l.nodes[name] != nil)
	}
	for name, p := range l.pairs {
		e := p.endpoint
		line("pair", name, []any{e.MTU, e.MAC, slices.Sorted(maps.Keys(p.addresses))})
	}
	for name, spec := range l.held.switches {
		line("switch", name, spec)
	}
	for name, e := range l.held.endpoints {
		line("endpoint", name, e)
	}
	for a := range l.held.accesses {
		line("access", a.Node+":"+a.Switch, nil)
	}
	for t := range l.held.trunks {
		line("trunk", t[0]+"--"+t[1], nil)
	}
	for name, spec := range l.held.uplinks {
		line("uplink", name, spec)
	}
	for name, i := range m.interfaces {
		line("interface", name, i)
	}
	slices.Sort(all)
	return all
}

// Init returns the process of a node's init, the zero one if there is none.
func (m *Machine) Init(dir state.Dir, name string) state.PID {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := m.lab(dir).nodes[name]; n != nil {
		return n.init.PID
	}
	return state.PID{}
}

// KillNode kills a node's init, as a user might.
func (m *Machine) KillNode(dir state.Dir, name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := m.lab(dir).nodes[name]; n != nil {
		m.end(m.lab(dir), n.init)
	}
}

// AgeAgent makes the agent one of another program.
func (m *Machine) AgeAgent(dir state.Dir) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lab(dir).build = "another"
}

// KillKeeper kills a lab's keeper. The agent carries on, the last one.
func (m *Machine) KillKeeper(dir state.Dir) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if l := m.lab(dir); l.keeper != nil {
		m.end(l, *l.keeper)
	}
}

// KillLab kills a lab's keeper and agent, and with them its network namespace.
func (m *Machine) KillLab(dir state.Dir) {
	m.KillKeeper(dir)
	m.mu.Lock()
	defer m.mu.Unlock()
	if l := m.lab(dir); l.agent != nil {
		m.end(l, *l.agent)
	}
}

// LosePair removes the device pair of an endpoint, as a user might.
func (m *Machine) LosePair(dir state.Dir, name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.lab(dir).pairs, name)
}

// begin calls the hook, then locks the machine. The caller unlocks it.
func (m *Machine) begin(ctx context.Context, format string, args ...any) error {
	if m.Hook != nil {
		if err := m.Hook(ctx, fmt.Sprintf(format, args...)); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	m.mu.Lock()
	return nil
}

// lab returns what there is of a lab. The machine is locked.
func (m *Machine) lab(dir state.Dir) *lab {
	l, ok := m.labs[dir.Path()]
	if !ok {
		l = &lab{nodes: make(map[string]*process), pairs: make(map[string]pair)}
		m.labs[dir.Path()] = l
	}
	return l
}

// newProcess makes a marked process. The machine is locked.
func (m *Machine) newProcess(dir state.Dir, role state.Role, node string) state.Process {
	m.lastPID++
	return state.Process{
		PID:  state.PID{Number: m.lastPID, Start: uint64(m.lastPID)},
		Role: role, LabDir: dir.Path(), Node: node,
	}
}

func (l *lab) processes() []state.Process {
	var all []state.Process
	if l.keeper != nil {
		all = append(all, *l.keeper)
	}
	if l.agent != nil {
		all = append(all, *l.agent)
	}
	for _, n := range l.nodes {
		if !n.container {
			all = append(all, n.init)
		}
	}
	return all
}

// end is what the end of a process brings about. The machine is locked.
func (m *Machine) end(l *lab, p state.Process) {
	switch p.Role {
	case state.Keeper:
		l.keeper = nil
	case state.Agent:
		// The network namespace ends with the last who is in it or holds it.
		// (An agent that is killed under its keeper comes back with all that
		// it had: here it never went.)
		if l.keeper == nil {
			l.agent, l.held = nil, held{}
			clear(l.pairs)
		}
	case state.Init:
		if n := l.nodes[p.Node]; n != nil && n.container {
			n.ended = true
		} else {
			delete(l.nodes, p.Node)
		}
		for name, pair := range l.pairs {
			if pair.init == p.PID {
				delete(l.pairs, name)
			}
		}
	}
}

// Processes implements runtime.Machine.
func (m *Machine) Processes(dir state.Dir) ([]state.Process, error) {
	if err := m.begin(context.Background(), "Processes"); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	return m.lab(dir).processes(), nil
}

// Terminate implements runtime.Machine. A keeper that is asked to end ends its
// agent too.
func (m *Machine) Terminate(ctx context.Context, processes []state.Process) error {
	for _, p := range processes {
		if p.Role == state.Keeper {
			processes = append(slices.Clone(processes), m.agentsOf(p)...)
		}
	}
	return m.endAll(ctx, "Terminate", processes)
}

// agentsOf returns the agent of a keeper, if there is one.
func (m *Machine) agentsOf(keeper state.Process) []state.Process {
	m.mu.Lock()
	defer m.mu.Unlock()
	l, ok := m.labs[keeper.LabDir]
	if !ok || l.agent == nil {
		return nil
	}
	return []state.Process{*l.agent}
}

// Kill implements runtime.Machine.
func (m *Machine) Kill(ctx context.Context, processes []state.Process) error {
	return m.endAll(ctx, "Kill", processes)
}

func (m *Machine) endAll(ctx context.Context, operation string, processes []state.Process) error {
	if err := m.begin(ctx, "%s", operation); err != nil {
		return err
	}
	defer m.mu.Unlock()
	for _, p := range processes {
		for _, l := range m.labs {
			if slices.Contains(l.processes(), p) {
				m.end(l, p)
			}
		}
	}
	return nil
}

// RemoveGroups implements runtime.Machine. The machine has no control groups.
func (m *Machine) RemoveGroups(ctx context.Context, dir state.Dir) error {
	if err := m.begin(ctx, "RemoveGroups"); err != nil {
		return err
	}
	defer m.mu.Unlock()
	if l := m.lab(dir); len(l.processes()) > 0 {
		return fmt.Errorf("lab %s: control groups are busy", dir.Name())
	}
	return nil
}
