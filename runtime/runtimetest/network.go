package runtimetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/runtime/state"
	"github.com/valelab/valelab/topology"
)

// network is the open network namespace of a lab.
type network struct {
	machine *Machine
	dir     state.Dir
	agent   state.PID // who was in the namespace when it was opened
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
	return &network{m, dir, l.agent.PID}, nil
}

// begin locks the machine for work in the namespace.
func (n *network) begin(ctx context.Context, operation, object string) (*lab, error) {
	if err := n.machine.begin(ctx, "%s %s", operation, object); err != nil {
		return nil, err
	}
	l := n.machine.lab(n.dir)
	if l.agent == nil || l.agent.PID != n.agent {
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

// AddEndpoint implements runtime.Network.
func (n *network) AddEndpoint(ctx context.Context, e *topology.Endpoint, init state.PID) (bool, error) {
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
	l.pairs[key] = pair{*e, init}
	return !ok || old.init != init, nil
}

// HasEndpoint implements runtime.Network.
func (n *network) HasEndpoint(ctx context.Context, e *topology.Endpoint, init state.PID) (bool, error) {
	key := e.Node + ":" + e.Interface
	l, err := n.begin(ctx, "HasEndpoint", key)
	if err != nil {
		return false, err
	}
	defer n.machine.mu.Unlock()
	have, ok := l.pairs[key]
	return ok && have.init == init && reflect.DeepEqual(have.endpoint, *e), nil
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
