package state

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// Dir names the folder of one lab and everything in it. It is a value without
// open files and may be used concurrently.
type Dir struct {
	root Root
	name string
}

// Name returns the lab's name.
func (d Dir) Name() string { return d.name }

// Root returns the root that the lab is in.
func (d Dir) Root() Root { return d.root }

// Path returns the folder's absolute path: the lab's mark.
func (d Dir) Path() string { return filepath.Join(d.root.path, d.name) }

// Lock returns the path of the lock file.
func (d Dir) Lock() string { return filepath.Join(d.Path(), "lock") }

// Plan returns the path of the plan that the lab was deployed from.
func (d Dir) Plan() string { return filepath.Join(d.Path(), "plan.json") }

// Next returns the path of the plans that deploys have begun since then.
func (d Dir) Next() string { return filepath.Join(d.Path(), "next.json") }

// Boot returns the path of the file that names the machine's boot in which the
// lab was made.
func (d Dir) Boot() string { return filepath.Join(d.Path(), "boot") }

// Plugin returns the path of the file that says that the lab is one of the Docker
// plugin's, whose networks no lab file describes.
func (d Dir) Plugin() string { return filepath.Join(d.Path(), "plugin.json") }

// IsPlugin says whether the lab is one of the Docker plugin's. It fails for who
// may not look into the folder.
func (d Dir) IsPlugin() (bool, error) {
	switch _, err := os.Lstat(d.Plugin()); {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR): // what lies there is no folder
		return false, nil
	case err != nil:
		return false, fmt.Errorf("lab %s: %w", d.name, err)
	}
	return true, nil
}

// Made returns the path of what a node was made from.
func (d Dir) Made(node string) string { return filepath.Join(d.Path(), "made", node+".json") }

// AgentLog returns the path of the output of keeper and agent.
func (d Dir) AgentLog() string { return filepath.Join(d.Path(), "agent.log") }

// Node returns the folder that a node sees as /run/valelab.
func (d Dir) Node(node string) string { return filepath.Join(d.Path(), "nodes", node) }

// NodeState returns the node's private folder.
func (d Dir) NodeState(node string) string { return filepath.Join(d.Path(), "state", node) }

// Released returns the path of the file that says that the node's command was
// let go. It goes with the node's private folder.
func (d Dir) Released(node string) string { return filepath.Join(d.NodeState(node), "released") }

// Intents returns the folder of the lab's intents.
func (d Dir) Intents() string { return filepath.Join(d.Path(), "intents") }

// Lasting returns the folder of what the lab's containers are given, which
// outlives a reboot. Labs of a root other than the default have theirs below a
// name that comes from the root, so that labs of different roots never meet.
func (d Dir) Lasting() string { return filepath.Join(d.LastingRoot(), d.name) }

// LastingRoot returns the folder of the lasting folders of the root's labs.
func (d Dir) LastingRoot() string { return d.root.LastingRoot() }

// lastingRoot is where the lasting folders of the default root's labs are.
const lastingRoot = "/var/lib/valelab"

// Exists says whether the folder is there and is a lab's: a real folder of
// this user that holds a lock, or nothing at all, which is what a deploy
// leaves that was killed between making the folder and the lock. Something
// else at its place is [ErrForeign].
func (d Dir) Exists() (bool, error) {
	fi, err := os.Lstat(d.Path())
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("lab %s: %w", d.name, err)
	}
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok || !fi.IsDir() || int(st.Uid) != os.Geteuid() {
		return false, fmt.Errorf("%s %w", d.Path(), ErrForeign)
	}
	switch entries, err := os.ReadDir(d.Path()); {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("lab %s: %w", d.name, err)
	case len(entries) == 0 || slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == "lock" }):
		return true, nil
	}
	return false, fmt.Errorf("%s %w", d.Path(), ErrForeign)
}
