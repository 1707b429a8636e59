package runtimetest

import (
	"context"
	"fmt"
	"slices"

	"github.com/valelab/valelab/runtime/node"
	"github.com/valelab/valelab/runtime/state"
	"github.com/valelab/valelab/topology"
)

// StartNode implements runtime.Machine. A node with a CPU limit gets a note.
func (m *Machine) StartNode(ctx context.Context, dir state.Dir, n *topology.Node) (state.PID, string, error) {
	if err := m.begin(ctx, "StartNode %s", n.Name); err != nil {
		return state.PID{}, "", err
	}
	defer m.mu.Unlock()
	l := m.lab(dir)
	old, ok := l.nodes[n.Name]
	switch {
	case ok && (n.Image == "" || !old.container):
		return state.PID{}, "", fmt.Errorf("node %s: runs already", n.Name)
	case ok && !old.ended: // a container that somebody has left is taken over
		return old.init.PID, "", nil
	}
	init := m.newProcess(dir, state.Init, n.Name)
	l.nodes[n.Name] = &process{init: init, node: *n, container: n.Image != ""}
	return init.PID, limitNote(n), nil
}

func limitNote(n *topology.Node) string {
	if n.CPU > 0 {
		return "cpu limit not applied"
	}
	return ""
}

// UpdateNode implements runtime.Machine.
func (m *Machine) UpdateNode(ctx context.Context, dir state.Dir, n *topology.Node) (string, error) {
	if err := m.begin(ctx, "UpdateNode %s", n.Name); err != nil {
		return "", err
	}
	defer m.mu.Unlock()
	p := m.lab(dir).nodes[n.Name]
	if p == nil {
		return "", fmt.Errorf("node %s: %w", n.Name, state.ErrGone)
	}
	p.node.CPU, p.node.Memory, p.node.Hosts = n.CPU, n.Memory, n.Hosts
	p.node.Labels, p.node.StartupDelay = n.Labels, n.StartupDelay
	return limitNote(n), nil
}

// Nodes implements runtime.Machine.
func (m *Machine) Nodes(ctx context.Context, dir state.Dir) (map[string]state.PID, error) {
	if err := m.begin(ctx, "Nodes"); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	nodes := make(map[string]state.PID)
	for name, n := range m.lab(dir).nodes {
		nodes[name] = n.init.PID
		if n.ended {
			nodes[name] = state.PID{}
		}
	}
	return nodes, nil
}

// FindNode implements runtime.Machine.
func (m *Machine) FindNode(dir state.Dir, name string) (state.PID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.lab(dir).nodes[name]
	if n == nil || n.ended {
		return state.PID{}, fmt.Errorf("node %s: %w", name, state.ErrGone)
	}
	return n.init.PID, nil
}

// NodeStatus implements runtime.Machine: a command runs from its release on.
func (m *Machine) NodeStatus(dir state.Dir, name string) (node.Status, error) {
	waits, err := m.Waits(dir, name)
	if err != nil {
		return node.Status{}, err
	}
	if waits {
		return node.Status{State: node.Waiting}, nil
	}
	return node.Status{State: node.Running, PID: 2}, nil
}

// Waits implements runtime.Machine.
func (m *Machine) Waits(dir state.Dir, name string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.lab(dir).nodes[name]
	if n == nil {
		return false, fmt.Errorf("node %s: %w", name, state.ErrGone)
	}
	return !n.released, nil
}

// ReleaseNode implements runtime.Machine. A node whose devices are not all
// known to the agent must not be released.
func (m *Machine) ReleaseNode(dir state.Dir, name string) error {
	if err := m.begin(context.Background(), "ReleaseNode %s", name); err != nil {
		return err
	}
	defer m.mu.Unlock()
	l := m.lab(dir)
	n := l.nodes[name]
	if n == nil {
		return fmt.Errorf("node %s: %w", name, state.ErrGone)
	}
	for key, pair := range l.pairs {
		if _, ok := l.held.endpoints[key]; !ok && pair.endpoint.Node == name {
			return fmt.Errorf("node %s: released before %s is a port", name, key)
		}
	}
	n.released = true
	return nil
}

// AwaitNode implements runtime.Machine. What runs comes to every condition.
func (m *Machine) AwaitNode(ctx context.Context, dir state.Dir, name string, condition topology.Condition) error {
	if err := m.begin(ctx, "AwaitNode %s %s", name, condition); err != nil {
		return err
	}
	defer m.mu.Unlock()
	if n := m.lab(dir).nodes[name]; n == nil || !n.released {
		return fmt.Errorf("node %s: awaited before it was released", name)
	}
	return nil
}

// Ready implements runtime.Machine. The machine has everything.
func (m *Machine) Ready(ctx context.Context, _ *topology.Plan) error {
	if err := m.begin(ctx, "Ready"); err != nil {
		return err
	}
	m.mu.Unlock()
	return nil
}

// RunInNode implements runtime.Machine.
func (m *Machine) RunInNode(ctx context.Context, dir state.Dir, name string, argv []string) (string, error) {
	if err := m.begin(ctx, "RunInNode %s", name); err != nil {
		return "", err
	}
	defer m.mu.Unlock()
	n := m.lab(dir).nodes[name]
	if n == nil || !n.container || !n.released {
		return "", fmt.Errorf("node %s: runs no command of a container", name)
	}
	if argv[0] == "false" {
		return "node " + name + ": exec false: ended with status 1", nil
	}
	return "", nil
}

// HasContainers implements runtime.Machine.
func (m *Machine) HasContainers(dir state.Dir) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, n := range m.lab(dir).nodes {
		if n.container {
			return true, nil
		}
	}
	return false, nil
}

// RemoveContainers implements runtime.Machine.
func (m *Machine) RemoveContainers(ctx context.Context, dir state.Dir, keep []string) error {
	if err := m.begin(ctx, "RemoveContainers"); err != nil {
		return err
	}
	defer m.mu.Unlock()
	l := m.lab(dir)
	for name, n := range l.nodes {
		if n.container && !slices.Contains(keep, name) {
			m.end(l, n.init)
			delete(l.nodes, name)
		}
	}
	return nil
}

// StopNode implements runtime.Machine.
func (m *Machine) StopNode(ctx context.Context, dir state.Dir, name string) error {
	if err := m.begin(ctx, "StopNode %s", name); err != nil {
		return err
	}
	defer m.mu.Unlock()
	l := m.lab(dir)
	if n := l.nodes[name]; n != nil {
		m.end(l, n.init)
		delete(l.nodes, name)
	}
	return nil
}
