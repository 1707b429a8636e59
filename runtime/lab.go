package runtime

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/valelab/valelab/runtime/agent"
	"github.com/valelab/valelab/runtime/docker"
	"github.com/valelab/valelab/runtime/node"
	"github.com/valelab/valelab/runtime/state"
	"github.com/valelab/valelab/topology"
)

// Lab is a deployed lab, for those who look something up in it. It holds no
// open files and may be used concurrently.
type Lab struct {
	Name string
	Dir  string // absolute state folder: what node.Exec and agent.Dial take
	Plan *topology.Plan
}

// Labs returns the names of all labs under root, sorted: those that have a
// folder, and those of which only processes are left.
func Labs(root string) ([]string, error) {
	r, err := state.Open(root)
	if err != nil {
		return nil, err
	}
	labs, err := r.Labs()
	if err != nil {
		return nil, err
	}
	processes, err := r.Processes()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, lab := range labs {
		names = append(names, lab.Name())
	}
	lasting, err := r.Lasting() // of labs that a reboot has left only this of
	if err != nil {
		return nil, err
	}
	names = append(names, lasting...)
	for _, p := range processes {
		names = append(names, filepath.Base(p.LabDir))
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// Open looks up a deployed lab. It fails with [ErrNotFound] when there is no
// such lab, or when a deploy was killed before it wrote the plan down.
func Open(root, name string) (*Lab, error) {
	dir, err := state.OpenLab(root, name)
	if err != nil {
		return nil, err
	}
	plan, err := planOf(dir)
	if err != nil {
		return nil, err
	}
	return &Lab{Name: name, Dir: dir.Path(), Plan: plan}, nil
}

// planOf returns the plan of a lab. One of the Docker plugin's has a bare one.
func planOf(dir state.Dir) (*topology.Plan, error) {
	switch plugin, err := dir.IsPlugin(); {
	case err != nil:
		return nil, err
	case plugin:
		return bare(dir.Name()), nil
	}
	return readPlan(dir)
}

// bare is the plan of a lab whose parts no plan has: one of the Docker plugin.
func bare(name string) *topology.Plan {
	return &topology.Plan{Lab: name, Netmap: topology.NetmapUser, Steps: []topology.Step{{
		ID: string(topology.KindLab), Kind: topology.KindLab, Lab: &topology.LabStep{Name: name},
	}}}
}

// Agent returns a client of the lab's agent.
func (l *Lab) Agent() *agent.Client { return agent.Dial(l.Dir) }

// Node returns the named node of the lab's plan.
func (l *Lab) Node(name string) (*topology.Node, error) {
	var names []string
	for i := range l.Plan.Steps {
		n := l.Plan.Steps[i].Node
		switch {
		case n == nil:
		case n.Name == name:
			return n, nil
		default:
			names = append(names, n.Name)
		}
	}
	return nil, &HintError{
		Err:  fmt.Errorf("lab %s has no node %q", l.Name, name),
		Hint: topology.DidYouMean(name, names, "valelab inspect "+l.Name),
	}
}

// Logs returns the files that hold the output of a node's command, oldest
// first. They need not exist.
func (l *Lab) Logs(name string) []string { return node.LogFiles(l.Dir, name) }

// IsContainer says whether the named node of the lab's plan is a container.
func (l *Lab) IsContainer(name string) bool {
	n, err := l.Node(name)
	return err == nil && n.Image != ""
}

// Exec runs a command in a node and returns its exit status. For a process node
// it replaces the calling process and returns only when it fails.
func (l *Lab) Exec(ctx context.Context, name string, argv []string, in *os.File, out, fault io.Writer) (status int, err error) {
	if !l.IsContainer(name) {
		return 0, node.Exec(l.Dir, name, argv, nil)
	}
	dir, err := l.folder()
	if err != nil {
		return 0, err
	}
	engine := docker.New()
	defer engine.Close()
	status, err = engine.Exec(ctx, dir, name, argv, in, out, fault)
	return status, hinted(err)
}

// ContainerLogs copies what a container's command printed to w: the last tail
// lines of it, all if tail is negative. With follow it goes on until ctx or the
// container ends.
func (l *Lab) ContainerLogs(ctx context.Context, name string, follow bool, tail int, w io.Writer) error {
	dir, err := l.folder()
	if err != nil {
		return err
	}
	engine := docker.New()
	defer engine.Close()
	return hinted(engine.Logs(ctx, dir, name, follow, tail, w))
}

func (l *Lab) folder() (state.Dir, error) { return state.OpenLab(filepath.Dir(l.Dir), l.Name) }

// readPlan reads the plan that a lab was deployed from.
func readPlan(dir state.Dir) (*topology.Plan, error) {
	data, err := os.ReadFile(dir.Plan())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &HintError{
			Err:  fmt.Errorf("lab %s %w", dir.Name(), ErrNotFound),
			Hint: "valelab deploy LAB-FILE",
		}
	}
	if err != nil {
		return nil, fmt.Errorf("lab %s: %w", dir.Name(), err)
	}
	plan, err := topology.ParsePlan(data)
	if err != nil {
		return nil, &HintError{
			Err:  fmt.Errorf("lab %s: plan that it was deployed from: %w", dir.Name(), err),
			Hint: "valelab destroy " + dir.Name(),
		}
	}
	return plan, nil
}
