package runtime_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/valelab/valelab/runtime/state"
)

// snapshot is everything on a machine that a lab could leave behind: lines
// that say what there is.
func snapshot(t testing.TB, root string) []string {
	t.Helper()
	var all []string
	r, err := state.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	processes, err := r.Processes()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range processes {
		all = append(all, p.String())
	}
	// A process of ours that has no mark yet, or lost it, runs this binary.
	exes, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Readlink("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	for _, exe := range exes {
		if target, err := os.Readlink(exe); err == nil && target == self {
			all = append(all, "process "+filepath.Base(filepath.Dir(exe)))
		}
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mounts)) {
		// An engine's own come and go with anybody's containers.
		if path := strings.Fields(line)[4]; !strings.HasPrefix(path, "/var/lib/docker/") && !strings.HasPrefix(path, "/run/docker/") {
			all = append(all, "mount "+path)
		}
	}
	links, err := netlink.LinkList()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range links {
		all = append(all, "netdev "+l.Attrs().Name+" "+l.Attrs().Flags.String())
	}
	// Control groups carry the root's mark; those of other tests do not matter.
	sum := sha256.Sum256([]byte(r.Path()))
	mark := "valelab-" + hex.EncodeToString(sum[:4])
	for _, mount := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/*"} {
		groups, err := filepath.Glob(filepath.Join(mount, mark))
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range groups {
			all = append(all, "cgroup "+g)
		}
	}
	err = filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
		if err == nil {
			all = append(all, "file "+path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

// settled is the snapshot of a machine on which nodes have just been started:
// it waits until their commands run, which for a moment look like their inits.
func settled(t testing.TB, root string) []string {
	t.Helper()
	last := snapshot(t, root)
	for range 100 {
		time.Sleep(100 * time.Millisecond)
		next := snapshot(t, root)
		if slices.Equal(next, last) {
			return next
		}
		last = next
	}
	t.Fatal("the machine does not settle")
	return nil
}

// unchanged fails the test unless the machine is as it was. Processes that
// were told to end get a moment to do so.
func unchanged(t testing.TB, root string, before []string) {
	t.Helper()
	var after []string
	for range 1000 {
		if after = snapshot(t, root); slices.Equal(after, before) {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	var added, removed []string
	for _, line := range after {
		if !slices.Contains(before, line) {
			added = append(added, line)
		}
	}
	for _, line := range before {
		if !slices.Contains(after, line) {
			removed = append(removed, line)
		}
	}
	t.Errorf("the machine has changed: more\n%s\nless\n%s", strings.Join(added, "\n"), strings.Join(removed, "\n"))
}
