package node

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A node that runs sees other lines in /etc/hosts, longer or shorter ones; what
// lies at the file's place and is none is not written to.
func TestRootWriteHosts(t *testing.T) {
	dir := labDir(t)
	run(t, Config{LabDir: dir, Hosts: []byte("10.1.2.3\tother\n")})
	for _, line := range []string{"10.1.2.4\tother\n10.1.2.5\tone-more\n", "10.1.2.6\to\n"} {
		if err := WriteHosts(dir, "n", "n", []byte(line)); err != nil {
			t.Fatal(err)
		}
		got, err := inNode(t, dir, "cat", "/etc/hosts").Output()
		if want := localhost + line + "127.0.1.1\tn\n"; err != nil || string(got) != want {
			t.Errorf("/etc/hosts is %q, %v, want %q", got, err, want)
		}
	}
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(publicDir(dir, "n"), "hosts")
	for _, replace := range []func() error{
		func() error { return os.Symlink(secret, path) },
		func() error { return os.Mkdir(path, 0o700) },
	} {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := replace(); err != nil {
			t.Fatal(err)
		}
		if err := WriteHosts(dir, "n", "n", nil); !errors.Is(err, ErrHosts) {
			t.Errorf("error %v", err)
		}
	}
	if text, err := os.ReadFile(secret); err != nil || string(text) != "mine" {
		t.Errorf("the file behind the link holds %q, %v", text, err)
	}
}

// A machine without /etc/hosts runs nodes all the same; the node's log says what they lack. The test runs itself
// again, with mounts of its own.
func TestRootNoHosts(t *testing.T) {
	const mark = "VALELAB_TEST_NO_HOSTS"
	if os.Getenv(mark) == "" {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), self, "-test.run=^TestRootNoHosts$", "-test.v")
		cmd.Env = append(os.Environ(), mark+"=1")
		cmd.SysProcAttr = &unix.SysProcAttr{Unshareflags: unix.CLONE_NEWNS}
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS") {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	if err := unix.Mount("bare", "/etc", "tmpfs", 0, ""); err != nil {
		t.Fatal(err)
	}
	dir := labDir(t)
	run(t, Config{LabDir: dir, Argv: []string{"/bin/sh", "-c", "echo up; exec sleep 60"}})
	await(t, dir, "its start", func(Status) bool { return strings.Contains(readLog(t, dir), "up\n") })
	if log := readLog(t, dir); !strings.Contains(log, "no /etc/hosts") {
		t.Errorf("the log is %q", log)
	}
}
