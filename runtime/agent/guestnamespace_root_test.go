package agent

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// TestRootGuestNamespace holds the namespace of a guest from when it is there, for
// the next agent too, until the guest is gone.
func TestRootGuestNamespace(t *testing.T) {
	l := startLab(t)
	ns := newNamespace(t)
	own, err := ns.file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	held := func() bool {
		files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", l.version().PID))
		return slices.ContainsFunc(files, func(file string) bool {
			other, err := os.Stat(file)
			return err == nil && os.SameFile(own, other)
		})
	}
	path := filepath.Join(t.TempDir(), "ns")
	spec := GuestSpec{Title: "web", Namespace: path}
	put := func(spec GuestSpec) {
		t.Helper()
		if _, err := l.PutGuest(t.Context(), "c1", spec); err != nil {
			t.Fatal(err)
		}
	}
	put(spec) // engines make it later
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	put(spec)
	if held() {
		t.Error("it is held before it is there")
	}
	if err := unix.Mount(procFD(ns.file), path, "", unix.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Unmount(path, unix.MNT_DETACH) })
	put(spec)
	if !held() {
		t.Error("it is not held")
	}
	before := l.version().PID
	if err := unix.Kill(before, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(l, "another agent", func() bool { return l.version().PID != before })
	if !held() {
		t.Error("another agent does not hold it")
	}
	if err := l.DeleteGuest(t.Context(), "c1"); err != nil {
		t.Fatal(err)
	}
	if held() {
		t.Error("it is held though the guest is gone")
	}
}

func procFD(f *os.File) string { return fmt.Sprintf("/proc/self/fd/%d", f.Fd()) }
