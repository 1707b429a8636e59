package link

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// ID names the namespace for as long as it exists, as in "net:[4026531840]".
func (n *Namespace) ID() (string, error) { return identity(n.file) }

func identity(file *os.File) (string, error) {
	var st unix.Stat_t
	if err := unix.Fstat(int(file.Fd()), &st); err != nil {
		return "", fmt.Errorf("network namespace: %w", err)
	}
	return fmt.Sprintf("net:[%d]", st.Ino), nil
}

// Find opens the network namespace that ID has named, wherever it is: the
// caller's, one of another process, or one that is mounted. If there is none
// any more it fails with [ErrNoNamespace].
func Find(id string) (*Namespace, error) {
	for _, places := range []func(string) []string{own, ofProcesses, mounted} {
		for _, path := range places(id) {
			file, err := os.Open(path)
			if err != nil {
				continue // it has just gone
			}
			if have, err := identity(file); err == nil && have == id {
				return Open(file)
			}
			file.Close()
		}
	}
	return nil, fmt.Errorf("%s: %w", id, ErrNoNamespace)
}

func own(string) []string { return []string{"/proc/thread-self/ns/net"} }

func ofProcesses(id string) []string {
	all, _ := filepath.Glob("/proc/[0-9]*/ns/net") // fails for a bad pattern only
	return slices.DeleteFunc(all, func(path string) bool {
		target, err := os.Readlink(path)
		return err != nil || target != id
	})
}

// mounted returns where `ip netns add` and its like have mounted the namespace.
func mounted(id string) []string {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil
	}
	var paths []string
	for line := range strings.Lines(string(mounts)) {
		// The fourth field is what is mounted, the fifth where.
		if f := strings.Fields(line); len(f) > 4 && f[3] == id {
			paths = append(paths, f[4])
		}
	}
	return paths
}
