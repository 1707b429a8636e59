package runtime

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/valelab/valelab/runtime/link"
	"github.com/valelab/valelab/runtime/state"
	"github.com/valelab/valelab/runtime/wiring"
	"github.com/valelab/valelab/topology"
)

// netMark is what the lab's network namespace carries as the alias of its lo.
func netMark(lab state.Dir) string { return "valelab:" + lab.Path() }

func (*local) Network(_ context.Context, lab state.Dir) (Network, error) {
	ns, err := OpenNetwork(lab)
	if err != nil {
		return nil, err
	}
	return &localNetwork{ns}, nil
}

// OpenNetwork opens the network namespace of a lab of this machine; without one
// it fails with state.ErrGone. It is found through the lab's processes: the agent
// is in it, the keeper holds it open. The mark decides.
func OpenNetwork(lab state.Dir) (*link.Namespace, error) {
	processes, err := lab.Processes()
	if err != nil {
		return nil, err
	}
	for _, role := range []state.Role{state.Agent, state.Keeper} {
		for _, p := range processes {
			if p.Role != role {
				continue
			}
			for _, path := range namespaces(p) {
				if ns := openMarked(path, netMark(lab)); ns != nil {
					return ns, nil
				}
			}
		}
	}
	return nil, fmt.Errorf("lab %s: network namespace: %w", lab.Name(), state.ErrGone)
}

// namespaces returns where a process may have the lab's network namespace: its
// own, or one that it holds open.
func namespaces(p state.Process) []string {
	dir := fmt.Sprintf("/proc/%d/", p.Number)
	if p.Role == state.Agent {
		return []string{dir + "ns/net"}
	}
	var paths []string
	files, err := os.ReadDir(dir + "fd")
	if err != nil {
		return nil // it has just ended
	}
	for _, f := range files {
		path := dir + "fd/" + f.Name()
		if target, err := os.Readlink(path); err == nil && strings.HasPrefix(target, "net:[") {
			paths = append(paths, path)
		}
	}
	return paths
}

// openMarked opens a network namespace if it carries the mark, else it returns
// nil.
func openMarked(path, mark string) *link.Namespace {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	ns, err := link.Open(f)
	if err != nil {
		return nil
	}
	if have, err := ns.Mark(); err != nil || have != mark {
		ns.Close()
		return nil
	}
	return ns
}

// localNetwork is a lab's network namespace on this machine.
type localNetwork struct{ ns *link.Namespace }

func (n *localNetwork) Quiet() error { return n.ns.Quiet() }

func (n *localNetwork) Endpoints(context.Context) ([]string, error) { return n.ns.Pairs() }

func (n *localNetwork) Sweep(context.Context) error { return n.ns.SweepPairs() }

func (n *localNetwork) AddEndpoint(_ context.Context, e *topology.Endpoint, former []string, node state.PID) (bool, error) {
	return withPair(e, former, node, n.ns.AddPair)
}

func (n *localNetwork) HasEndpoint(_ context.Context, e *topology.Endpoint, former []string, node state.PID) (bool, error) {
	return withPair(e, former, node, n.ns.HasPair)
}

// withPair calls do with the endpoint's devices and the namespace of its node.
func withPair(e *topology.Endpoint, former []string, node state.PID, do func(link.Pair, *os.File) (bool, error)) (bool, error) {
	p, err := wiring.Pair(e, former)
	if err != nil {
		return false, err
	}
	ns, err := nodeNamespace(e.Node, node)
	if err != nil {
		return false, err
	}
	defer ns.Close()
	return do(p, ns)
}

func (n *localNetwork) RemoveEndpoint(_ context.Context, e *topology.Endpoint) error {
	return n.ns.RemovePair(wiring.Device(e.Node, e.Interface))
}

func (n *localNetwork) Detach(context.Context) error { return n.ns.DetachAll() }

func (n *localNetwork) Clear(context.Context) error { return n.ns.ClearPairs() }

func (n *localNetwork) Close() error { return n.ns.Close() }

// nodeNamespace opens the network namespace of a node's init.
func nodeNamespace(name string, init state.PID) (*os.File, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", init.Number))
	if err != nil {
		return nil, fmt.Errorf("node %s: %w", name, state.ErrGone)
	}
	// Checked after opening, the number can't have come to mean another process.
	if start, err := state.StartTime(init.Number); err != nil || start != init.Start {
		f.Close()
		return nil, fmt.Errorf("node %s: %w", name, state.ErrGone)
	}
	return f, nil
}
