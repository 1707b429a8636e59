package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// Node is the group of one node, ready for processes. Close it when the node
// has started; the group itself stays until it is removed.
type Node struct {
	// Missing says, one line each, which limits this machine can't apply.
	Missing []string

	dir    *os.File // the cgroup2 folder; nil on a machine without cgroup2
	legacy []string // the version 1 folders
}

// Node makes the group of a node, or takes over the one that is there, and
// sets its limits. A limit that the machine has no controller for is no
// error: Missing names it.
func (l *Lab) Node(name string, limits Limits) (*Node, error) {
	n := &Node{}
	if l.mounts.unified != "" {
		path := filepath.Join(l.mounts.unified, l.base, l.name, name)
		if err := makeFolder(path); err != nil {
			return nil, fmt.Errorf("cgroup of node %s: %w", name, err)
		}
		dir, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("cgroup of node %s: %w", name, err)
		}
		n.dir = dir
	}
	if err := errors.Join(l.limitCPU(n, name, limits.CPU), l.limitMemory(n, name, limits.Memory)); err != nil {
		n.Close()
		return nil, fmt.Errorf("cgroup of node %s: %w", name, err)
	}
	return n, nil
}

// Update sets the limits of a node that runs, and takes those away that it no
// longer has. It returns what Missing says. A node that has had no limit is in
// no version 1 group; its processes are found by the cgroup2 one.
func (l *Lab) Update(name string, limits Limits) (missing []string, err error) {
	n, err := l.Node(name, limits)
	if err != nil {
		return nil, err
	}
	defer n.Close()
	if err := errors.Join(l.unlimit(name, limits), l.gather(n)); err != nil {
		return nil, fmt.Errorf("cgroup of node %s: %w", name, err)
	}
	return n.Missing, nil
}

// gather moves the node's processes into its version 1 groups, again until
// all are there: a process that is being born follows its parent.
func (l *Lab) gather(n *Node) error {
	if n.dir == nil {
		return nil
	}
	for _, folder := range n.legacy {
		for missing := true; missing; {
			missing = false
			all, err := procs(n.dir.Name())
			if err != nil {
				return err
			}
			there, err := procs(folder)
			if err != nil {
				return err
			}
			for _, pid := range all {
				if slices.Contains(there, pid) {
					continue
				}
				missing = true
				if err := write(folder, "cgroup.procs", strconv.Itoa(pid)); err != nil && !errors.Is(err, unix.ESRCH) {
					return err
				}
			}
		}
	}
	return nil
}

// Dir is the cgroup2 folder, to start the node's first process in
// (CLONE_INTO_CGROUP). It is nil on a machine without cgroup2 and valid until
// Close.
func (n *Node) Dir() *os.File { return n.dir }

// Add moves the process pid into the node's version 1 groups, and into the
// cgroup2 one unless it was started there.
func (n *Node) Add(pid int, started bool) error {
	folders := n.legacy
	if n.dir != nil && !started {
		folders = append([]string{n.dir.Name()}, folders...)
	}
	for _, folder := range folders {
		if err := write(folder, "cgroup.procs", strconv.Itoa(pid)); err != nil {
			return err
		}
	}
	return nil
}

// Folders returns every folder of the node's group, the cgroup2 one first.
func (n *Node) Folders() []string {
	if n.dir == nil {
		return n.legacy
	}
	return append([]string{n.dir.Name()}, n.legacy...)
}

// Close gives the descriptor back; closing twice is fine.
func (n *Node) Close() error {
	if n.dir == nil {
		return nil
	}
	err := n.dir.Close()
	n.dir = nil
	return err
}

// makeFolder makes a group and those above it. The end of another lab may take
// the common one away in between.
func makeFolder(folder string) error {
	var err error
	for range 10 {
		if err = os.MkdirAll(folder, 0o755); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return err
}

// write puts a value into a file of a group, which the kernel has made.
func write(folder, file, value string) error {
	f, err := os.OpenFile(filepath.Join(folder, file), os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value)
	return errors.Join(err, f.Close())
}
