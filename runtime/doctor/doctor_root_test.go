package doctor

import (
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/runtime/docker"
)

// The real machine: where labs are tested, they can run, and nothing is left of having looked.
func TestRootLocal(t *testing.T) {
	p := Local(docker.New())
	if err := p.Namespaces(); errors.Is(err, unix.EPERM) {
		t.Skip("making namespaces is not permitted: run the test as root")
	}
	before := devices(t)
	lines := Look(t.Context(), p)
	if !CanRun(lines) {
		t.Errorf("labs can't run: %+v", lines)
	}
	names := map[string]bool{}
	for _, l := range lines {
		names[l.Name] = true
		if l.Name == "eBPF" && l.State != OK { // where the tests of uplinks run
			t.Errorf("%+v", l)
		}
		if l.Text == "" || l.State != OK && l.Hint == "" && l.Name != "memory" {
			t.Errorf("%+v says too little", l)
		}
	}
	for _, name := range []string{"root", "kernel", "namespaces", "veth", "user-space switch", "memory", "control groups",
		"netmap programs", "static programs", "eBPF", "engine", "plugins", "netmap module"} {
		if !names[name] {
			t.Errorf("there is no line %q", name)
		}
	}
	if after := devices(t); after != before {
		t.Errorf("%d network devices, %d before", after, before)
	}
}

func devices(t *testing.T) int {
	t.Helper()
	files, err := os.ReadDir("/sys/class/net")
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}
