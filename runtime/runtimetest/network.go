package runtimetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/runtime/state"
	"github.com/valelab/valelab/topology"
)

// network is the open network namespace of a lab.
type network struct {
	machine *Machine
	dir     state.Dir
	number  int // of the namespace: each keeper makes a new one
}

// Network implements runtime.Machine.
func (m *Machine) Network(ctx context.Context, dir state.Dir) (runtime.Network, error) {
	if err := m.begin(ctx, "Network"); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	l := m.lab(dir)
	if l.agent == nil {
		return nil, fmt.Errorf("lab %s: network namespace: %w", dir.Name(), state.ErrGone)
	}
	return &network{m, dir, l.network}, nil
}

// begin locks the machine for work in the namespace.
func (n *network) begin(ctx context.Context, operation, object string) (*lab, error) {
	if err := n.machine.begin(ctx, "%s %s", operation, object); err != nil {
		return nil, err
	}
	l := n.machine.lab(n.dir)
	if l.agent == nil || l.network != n.number {
		n.machine.mu.Unlock()
		return nil, errors.New("this is the network namespace of an agent that is gone")
	}
	return l, nil
}

// Quiet implements runtime.Network.
func (n *network) Quiet() error {
	_, err := n.begin(context.Background(), "Quiet", "")
	if err == nil {
		n.machine.mu.Unlock()
	}
	return err
}

// Detach implements runtime.Network. There is no module to be on.
func (n *network) Detach(ctx context.Context) error {
	_, err := n.begin(ctx, "Detach", "")
	if err == nil {
		n.machine.mu.Unlock()
	}
	return err
}

// HoldNetwork implements runtime.Machine.
func (m *Machine) HoldNetwork(ctx context.Context, _ state.Dir) error {
	err := m.begin(ctx, "HoldNetwork")
	if err == nil {
		m.mu.Unlock()
	}
	return err
}

// DropNetwork implements runtime.Machine.
func (m *Machine) DropNetwork(ctx context.Context, _ state.Dir) error {
	err := m.begin(ctx, "DropNetwork")
	if err == nil {
		m.mu.Unlock()
	}
	return err
}

// Sweep implements runtime.Network.
func (n *network) Sweep(ctx context.Context) error {
	_, err := n.begin(ctx, "Sweep", "")
	if err == nil {
		n.machine.mu.Unlock()
	}
	return err
}

// Endpoints implements runtime.Network.
func (n *network) Endpoints(ctx context.Context) ([]string, error) {
	l, err := n.begin(ctx, "Endpoints", "")
	if err != nil {
		return nil, err
	}
	defer n.machine.mu.Unlock()
	return slices.Collect(maps.Keys(l.pairs)), nil
}

// AddEndpoint implements runtime.Network.
func (n *network) AddEndpoint(ctx context.Context, e *topology.Endpoint, former []string, init state.PID) (bool, error) {
	key := e.Node + ":" + e.Interface
	l, err := n.begin(ctx, "AddEndpoint", key)
	if err != nil {
		return false, err
	}
	defer n.machine.mu.Unlock()
	if node := l.nodes[e.Node]; node == nil || node.init.PID != init {
		return false, fmt.Errorf("node %s: %w", e.Node, state.ErrGone)
	}
	old, ok := l.pairs[key]
	kept := ok && old.init == init
	p := pair{endpoint: *e, init: init, addresses: make(map[string]bool)}
	if kept {
		p.addresses = old.addresses
	}
	for _, a := range former {
		delete(p.addresses, a)
	}
	for _, a := range slices.Concat(e.IPv4, e.IPv6) {
		p.addresses[a] = true
	}
	l.pairs[key] = p
	return !kept, nil
}

// HasEndpoint implements runtime.Network.
func (n *network) HasEndpoint(ctx context.Context, e *topology.Endpoint, former []string, init state.PID) (bool, error) {
	key := e.Node + ":" + e.Interface
	l, err := n.begin(ctx, "HasEndpoint", key)
	if err != nil {
		return false, err
	}
	defer n.machine.mu.Unlock()
	have, ok := l.pairs[key]
	if !ok || have.init != init || have.endpoint.MTU != e.MTU || have.endpoint.MAC != e.MAC {
		return false, nil
	}
	wanted := slices.Concat(e.IPv4, e.IPv6)
	for _, a := range slices.Concat(former, wanted) {
		if have.addresses[a] != slices.Contains(wanted, a) {
			return false, nil
		}
	}
	return true, nil
}

// RemoveEndpoint implements runtime.Network.
func (n *network) RemoveEndpoint(ctx context.Context, e *topology.Endpoint) error {
	key := e.Node + ":" + e.Interface
	l, err := n.begin(ctx, "RemoveEndpoint", key)
	if err != nil {
		return err
	}
	defer n.machine.mu.Unlock()
	delete(l.pairs, key)
	return nil
}

// Clear implements runtime.Network.
func (n *network) Clear(ctx context.Context) error {
	l, err := n.begin(ctx, "Clear", "")
	if err != nil {
		return err
	}
	defer n.machine.mu.Unlock()
	clear(l.pairs)
	return nil
}

// Close implements runtime.Network.
func (n *network) Close() error { return nil }
