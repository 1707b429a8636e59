package main

import (
	"errors"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/valelab/valelab/netmap/conformance"
	"github.com/valelab/valelab/netmap/preload"
)

// TestRootConformance holds what a program in a node finds at /dev/netmap against the conformance suite: VALE
// ports of the node's own, and the endpoint with its host rings.
func TestRootConformance(t *testing.T) {
	needRoot(t)
	dir := t.TempDir()
	program, err := conformance.Build(dir)
	if err != nil {
		t.Fatal(err)
	}
	library := filepath.Join(dir, preload.Name) // that of this source, which a test's valelab does not carry
	if out, err := exec.Command("../../netmap/preload/build.sh", library).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	l := deploy(t, "testdata/conformance.yml")
	out, err := l.command("exec", "--lab", l.name, "a", "--",
		"env", "LD_PRELOAD="+library, program, "-b", "user", "-e", "eth1").Output()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	results, err := conformance.Parse(string(out))
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range conformance.Faults(results, conformance.Unserved()) {
		t.Error(fault)
	}
}
