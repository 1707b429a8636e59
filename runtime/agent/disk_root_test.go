package agent

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// A full disk does not keep a lab from getting its next agent.
func TestRootAgentRestartsOnFullDisk(t *testing.T) {
	l := startLab(t)
	n1, n2 := l.twoNodes()
	// Nothing can be written or made in the lab's folder any more.
	for _, mount := range []struct {
		source string
		flags  uintptr
	}{{l.dir, unix.MS_BIND}, {"", unix.MS_BIND | unix.MS_REMOUNT | unix.MS_RDONLY}} {
		if err := unix.Mount(mount.source, l.dir, "", mount.flags, ""); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if err := unix.Unmount(l.dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	if err := os.WriteFile(filepath.Join(l.dir, "probe"), nil, 0o600); err == nil {
		t.Fatal("the folder can be written")
	}
	l.kill()
	exchange(t, n1.openPort("netmap:eth1"), n2.openPort("netmap:eth1"), 1)
}
