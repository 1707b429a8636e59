package cgroup

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"

	"github.com/valelab/valelab/runtime/state"
)

// Limits are what a node may use. A zero field sets no limit.
type Limits struct {
	CPU    float64 // processors, 0.5 is half of one
	Memory int64   // bytes
}

// Lab names the control groups of one lab. It holds no descriptors and makes
// nothing by itself; its methods may be called from several goroutines, for
// different nodes.
type Lab struct {
	mounts mounts
	base   string // path below each mount of the folder of all labs of this root
	name   string
}

// Open finds the machine's cgroup hierarchies for the lab of the state root
// (its absolute path). A machine without any is no error: the nodes then have
// no groups, and Node says which limits are missing.
func Open(root, lab string) (*Lab, error) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m, err := findMounts(f)
	if err != nil {
		return nil, err
	}
	return open(m, root, lab), nil
}

// open is Open with known hierarchies. Labs of the default root have groups
// below plain "valelab".
func open(m mounts, root, lab string) *Lab {
	base := "valelab"
	if clean := filepath.Clean(root); clean != state.DefaultRoot {
		sum := sha256.Sum256([]byte(clean))
		base += "-" + hex.EncodeToString(sum[:4])
	}
	return &Lab{mounts: m, base: base, name: lab}
}

// folders returns the lab's folder in every hierarchy, made or not.
func (l *Lab) folders() []string {
	var all []string
	for _, mount := range l.mounts.all() {
		all = append(all, filepath.Join(mount, l.base, l.name))
	}
	return all
}
