package conformance

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/valelab/valelab/netmap/bench/standalone"
	"github.com/valelab/valelab/netmap/preload"
)

// TestSwitch runs the suite in the preload library against a switch of this process, with no privilege and no
// network device. A lab's node has both; its test is valelab's own.
func TestSwitch(t *testing.T) {
	dir := t.TempDir()
	library := filepath.Join(dir, preload.Name)
	if out, err := exec.Command("../preload/build.sh", library).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	socket := filepath.Join(dir, "netmap.sock")
	server, err := standalone.Start(standalone.Config{Socket: socket})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-b", "user")
	cmd.Env = append(os.Environ(), "LD_PRELOAD="+library, "VALELAB_NETMAP="+socket)
	out, err := cmd.Output()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	results, err := Parse(string(out))
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range Faults(results, Unserved()) {
		t.Error(fault)
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
}
