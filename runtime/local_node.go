package runtime

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/valelab/valelab/netmap/preload"
	"github.com/valelab/valelab/runtime/cgroup"
	"github.com/valelab/valelab/runtime/docker"
	"github.com/valelab/valelab/runtime/node"
	"github.com/valelab/valelab/runtime/state"
	"github.com/valelab/valelab/topology"
)

func (m *local) StartNode(ctx context.Context, lab state.Dir, n *topology.Node) (state.PID, string, error) {
	if n.Image != "" {
		pid, err := m.engine.Start(ctx, lab, n)
		return pid, "", hinted(err)
	}
	groups, err := cgroup.Open(lab.Root().Path(), lab.Name())
	if err != nil {
		return state.PID{}, "", fmt.Errorf("node %s: %w", n.Name, err)
	}
	group, err := groups.Node(n.Name, cgroup.Limits{CPU: n.CPU, Memory: n.Memory})
	if err != nil {
		return state.PID{}, "", err
	}
	defer group.Close()
	config, notes := nodeConfig(lab, n, group), group.Missing
	if !n.NoNetmap {
		if config.Preload, err = preload.Library(); err != nil {
			notes = append(notes, "node "+n.Name+": programs find no /dev/netmap: this valelab was "+err.Error())
		}
	}
	// What a node waits for may make its program.
	if program := config.Missing(); program != "" && len(n.DependsOn) == 0 {
		notes = append(notes, fmt.Sprintf("node %s: this machine has no program %s; hint: install it, or change its cmd", n.Name, program))
	}
	p, err := node.Start(ctx, config)
	if err != nil {
		return state.PID{}, "", err
	}
	defer p.Close()
	return state.PID{Number: p.PID(), Start: p.StartTime()}, strings.Join(notes, "; "), nil
}

// nodeConfig translates a plan's node for package node.
func nodeConfig(lab state.Dir, n *topology.Node, group *cgroup.Node) node.Config {
	c := node.Config{
		LabDir: lab.Path(), Name: n.Name, Hostname: n.Hostname,
		Argv: n.Cmd, Env: n.Env, User: n.User,
		CapAdd: n.CapAdd, CPUSet: n.CPUSet,
		Restart: node.RestartPolicy(n.Restart.Name), RestartMax: n.Restart.Max,
		StartupDelay: n.StartupDelay,
		Hosts:        hostsFile(n.Hosts), Cgroup: group,
	}
	for _, s := range n.Sysctls {
		c.Sysctls = append(c.Sysctls, node.Sysctl{Name: s.Key, Value: s.Value})
	}
	return c
}

// hostsFile returns the lines of /etc/hosts for the lab's names.
func hostsFile(hosts []topology.Host) []byte {
	var b bytes.Buffer
	for _, h := range hosts {
		b.WriteString(h.IP + "\t" + h.Name + "\n")
	}
	return b.Bytes()
}

// UpdateNode also lets the node know the lab's names as they are now.
func (m *local) UpdateNode(ctx context.Context, lab state.Dir, n *topology.Node) (string, error) {
	if n.Image != "" {
		return "", hinted(m.engine.Update(ctx, lab, n))
	}
	groups, err := cgroup.Open(lab.Root().Path(), lab.Name())
	if err != nil {
		return "", fmt.Errorf("node %s: %w", n.Name, err)
	}
	missing, err := groups.Update(n.Name, cgroup.Limits{CPU: n.CPU, Memory: n.Memory})
	if err != nil {
		return "", err
	}
	err = node.WriteHosts(lab.Path(), n.Name, n.Hostname, hostsFile(n.Hosts))
	if errors.Is(err, node.ErrHosts) { // its own doing: no reason to stop here
		missing, err = append(missing, err.Error()), nil
	}
	return strings.Join(missing, "; "), err
}

// Nodes goes by the nodes' private folders, which are made before anything
// else of a node.
func (m *local) Nodes(_ context.Context, lab state.Dir) (map[string]state.PID, error) {
	nodes := make(map[string]state.PID)
	folders, err := os.ReadDir(filepath.Dir(lab.NodeState("x")))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("lab %s: nodes: %w", lab.Name(), err)
	}
	for _, f := range folders {
		pid, err := m.FindNode(lab, f.Name())
		if err != nil && !errors.Is(err, state.ErrGone) {
			return nil, err
		}
		nodes[f.Name()] = pid
	}
	return nodes, nil
}

func (*local) FindNode(lab state.Dir, name string) (state.PID, error) {
	if pid, err := docker.Find(lab, name); !errors.Is(err, docker.ErrNotFound) {
		return pid, err
	}
	p, err := node.Find(lab.Path(), name)
	if errors.Is(err, node.ErrGone) {
		return state.PID{}, fmt.Errorf("node %s: %w", name, state.ErrGone)
	}
	if err != nil {
		return state.PID{}, err
	}
	defer p.Close()
	return state.PID{Number: p.PID(), Start: p.StartTime()}, nil
}

func (*local) NodeStatus(lab state.Dir, name string) (node.Status, error) {
	return node.ReadStatus(lab.Path(), name)
}

func (*local) Waits(lab state.Dir, name string) (bool, error) {
	_, err := os.Stat(lab.Released(name))
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	return false, err
}

// ReleaseNode writes down that it has done so, because init's own word for a
// node that has just been released is still that it waits.
func (*local) ReleaseNode(lab state.Dir, name string) error {
	if isContainer(lab, name) { // the agent, which watches for the file, does the rest
		return state.WriteFile(lab.Released(name), nil, 0o600)
	}
	if err := node.Release(lab.Path(), name); err != nil {
		return err
	}
	return os.WriteFile(lab.Released(name), nil, 0o600)
}

func (m *local) StopNode(ctx context.Context, lab state.Dir, name string) error {
	if isContainer(lab, name) {
		return hinted(m.engine.Stop(ctx, lab, name))
	}
	p, err := node.Find(lab.Path(), name)
	switch {
	case errors.Is(err, node.ErrGone):
		err = m.killMarked(ctx, lab, name)
	case err == nil:
		err = p.Kill(ctx)
		p.Close()
	}
	if err != nil {
		return err
	}
	groups, err := cgroup.Open(lab.Root().Path(), lab.Name())
	if err != nil {
		return err
	}
	patient, cancel := context.WithTimeout(ctx, killPatience)
	defer cancel()
	return errors.Join(groups.RemoveNode(patient, name), node.Remove(lab.Path(), name))
}

// killMarked kills the inits of a node whose pid file was lost: they carry its
// mark all the same.
func (m *local) killMarked(ctx context.Context, lab state.Dir, name string) error {
	inits, err := withRole(m, lab, state.Init)
	if err != nil {
		return err
	}
	inits = slices.DeleteFunc(inits, func(p state.Process) bool { return p.Node != name })
	if len(inits) == 0 {
		return nil
	}
	return m.Kill(ctx, inits)
}
