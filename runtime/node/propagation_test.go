package node

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestRootMountsStayInside: on most machines (systemd) mounts are shared, and
// what a node mounts in its copies of them must not appear on the machine.
func TestRootMountsStayInside(t *testing.T) {
	dir := labDir(t)
	run(t, Config{LabDir: dir}) // skips when namespaces are not permitted
	shared := labDir(t)
	if err := os.Mkdir(shared, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, mount := range []struct {
		source string
		flags  uintptr
	}{{"lab", 0}, {"", unix.MS_SHARED}} {
		if err := unix.Mount(mount.source, shared, "tmpfs", mount.flags, ""); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if err := unix.Unmount(shared, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	run(t, Config{LabDir: shared})
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mounts)) {
		if strings.Contains(line, shared+"/") {
			t.Errorf("the node's mount is the machine's too: %s", line)
		}
	}
	inside, err := inNode(t, shared, "cat", "/proc/self/mountinfo").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(inside)) {
		if strings.Contains(line, " shared:") {
			t.Errorf("shared in the node: %s", line)
		}
	}
}
