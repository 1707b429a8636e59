package state

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"syscall"
)

// DefaultRoot is where labs are kept when the environment does not say.
const DefaultRoot = "/run/valelab"

// RootEnv is the environment variable that names another root.
const RootEnv = "VALELAB_RUN"

// labName is what topology accepts as a lab's name. It is checked here again
// because the name becomes part of a path that is removed recursively.
var labName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$`)

// FindRoot returns the root that the environment names, or [DefaultRoot].
func FindRoot() string {
	if root := os.Getenv(RootEnv); root != "" {
		return root
	}
	return DefaultRoot
}

// Root is the folder of all labs. It is a value without open files and may be
// used concurrently.
type Root struct{ path string }

// Open returns the root at path, which need not exist yet. The path is made
// absolute and freed of symbolic links, because processes are found again by
// the path in their arguments.
func Open(path string) (Root, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return Root{}, fmt.Errorf("state folder %s: %w", path, err)
	}
	// Resolve the part that exists; the rest is made by us and holds no links.
	rest := ""
	for dir := abs; ; dir = filepath.Dir(dir) {
		real, err := filepath.EvalSymlinks(dir)
		if err == nil {
			return Root{filepath.Join(real, rest)}, nil
		}
		if !errors.Is(err, fs.ErrNotExist) || dir == "/" {
			return Root{}, fmt.Errorf("state folder %s: %w", path, err)
		}
		rest = filepath.Join(filepath.Base(dir), rest)
	}
}

// OpenLab returns the folder of the named lab under the root at path. Neither need
// exist.
func OpenLab(path, name string) (Dir, error) {
	r, err := Open(path)
	if err != nil {
		return Dir{}, err
	}
	return r.Lab(name)
}

// Path returns the root's absolute path.
func (r Root) Path() string { return r.path }

// Lab returns the folder of the named lab, which need not exist.
func (r Root) Lab(name string) (Dir, error) {
	if !labName.MatchString(name) {
		return Dir{}, fmt.Errorf("%.60q %w", name, ErrBadName)
	}
	return Dir{root: r, name: name}, nil
}

// Labs returns the labs that have a folder, sorted by name, half-made ones
// included. A root that does not exist has no labs.
func (r Root) Labs() ([]Dir, error) {
	entries, err := os.ReadDir(r.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list labs: %w", err)
	}
	var labs []Dir
	for _, e := range entries {
		lab, err := r.Lab(e.Name())
		if err != nil {
			continue // not a lab: not ours to report
		}
		if ok, err := lab.Exists(); err == nil && ok {
			labs = append(labs, lab)
		}
	}
	sort.Slice(labs, func(i, j int) bool { return labs[i].name < labs[j].name })
	return labs, nil
}

// Trim removes the root if it is empty.
func (r Root) Trim() error {
	err := os.Remove(r.path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTEMPTY) || errors.Is(err, syscall.EEXIST) {
		return nil
	}
	return err
}

// Lasting returns the names of the labs that have a lasting folder.
func (r Root) Lasting() ([]string, error) {
	entries, err := os.ReadDir(r.LastingRoot())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list labs: %w", err)
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() && labName.MatchString(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// LastingRoot returns the folder of the lasting folders of the root's labs, see
// [Dir.Lasting].
func (r Root) LastingRoot() string {
	if r.path == DefaultRoot {
		return lastingRoot
	}
	sum := sha256.Sum256([]byte(r.path))
	return lastingRoot + "-" + hex.EncodeToString(sum[:4])
}
