package node

import (
	"testing"

	"golang.org/x/sys/unix"
)

// TestRootStrictUmask: what the node may see is for all of its users, whatever
// the one who deploys keeps to himself.
func TestRootStrictUmask(t *testing.T) {
	dir := labDir(t)
	defer unix.Umask(unix.Umask(0o077))
	run(t, Config{LabDir: dir, User: "1234", Argv: shell(`
		ls -d /run/valelab /run/valelab/hosts /run/valelab/bin/valelab
		cat /etc/hosts | head -n 1
		umask`)})
	await(t, dir, "exited", isState(Exited))
	const want = "/run/valelab\n/run/valelab/bin/valelab\n/run/valelab/hosts\n127.0.0.1\tlocalhost\n0022\n"
	if log := readLog(t, dir); log != want {
		t.Errorf("user 1234 saw %q, want %q", log, want)
	}
}
