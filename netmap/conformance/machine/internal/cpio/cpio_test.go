package cpio

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// What is written is what another program unpacks: busybox, which CI has for its images.
func TestUnpacked(t *testing.T) {
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		t.Fatal("busybox is missing: apt-get install busybox-static")
	}
	var archive bytes.Buffer
	w := NewWriter(&archive)
	big := bytes.Repeat([]byte("0123456789abcde"), 1000)
	w.File("/bin/tool", 0o755, big)
	w.File("bin/empty", 0o600, nil)
	w.Link("/bin/other", "tool")
	w.Folder("/a/b/")
	w.Folder("a/b")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}

	dir := t.TempDir()
	cmd := exec.Command(busybox, "cpio", "-i", "-d")
	cmd.Dir, cmd.Stdin = dir, &archive
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "bin/tool")); err != nil || !bytes.Equal(got, big) {
		t.Errorf("bin/tool: %d bytes, %v", len(got), err)
	}
	if got, err := os.Readlink(filepath.Join(dir, "bin/other")); err != nil || got != "tool" {
		t.Errorf("bin/other: %q, %v", got, err)
	}
	for name, want := range map[string]os.FileMode{"bin/tool": 0o755, "bin/empty": 0o600, "a/b": os.ModeDir | 0o755} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}

// A device's header has its numbers; making one needs root.
func TestDevice(t *testing.T) {
	var archive bytes.Buffer
	w := NewWriter(&archive)
	w.Device("console", 0o600, 5, 1)
	if !bytes.Contains(archive.Bytes(), []byte("00002180")) || !bytes.Contains(archive.Bytes(), []byte("0000000500000001")) {
		t.Errorf("%q", archive.Bytes())
	}
}

func TestFirstErrorIsKept(t *testing.T) {
	full := errors.New("full")
	w := NewWriter(failing{full})
	w.File("a", 0o644, nil)
	w.File("b", 0o644, nil)
	if err := w.Close(); err != full {
		t.Errorf("%v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
