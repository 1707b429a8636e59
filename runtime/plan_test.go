package runtime_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/valelab/valelab/runtime/state"
	"github.com/valelab/valelab/topology"
)

// labFile is a lab with one of everything.
const labFile = `
name: all
switches:
  left: {}
  right: {}
nodes:
  a: {cmd: sleep infinity}
  b: {cmd: sleep infinity}
links:
  - endpoints: [a:eth1, left]
    ipv4: 10.0.0.1/24
    ipv6: fd00::1/64
  - endpoints: [b:eth1, right]
    ipv4: 10.0.0.2/24
    mtu: 9000
  - [a:eth2, b:eth2]
  - [left, right]
  - endpoints: [right, host:up0]
    host: take
`

// mixedFile is labFile with a container, which waits for a process node and has
// a command declared.
var mixedFile = strings.NewReplacer(
	"links:\n", "  c: {image: demo, exec: [true, false], depends_on: {a: exited}}\nlinks:\n  - [c:eth1, left]\n",
).Replace(labFile)

// compile returns the plan of a lab file.
func compile(t testing.TB, text string) *topology.Plan {
	t.Helper()
	lab, err := topology.Parse("lab.yml", []byte(text), topology.Env{})
	if err != nil {
		t.Fatal(err)
	}
	return lab.Compile()
}

// bigPlan returns a plan of n nodes on 8 switches, each with a command.
func bigPlan(t testing.TB, name string, n int) *topology.Plan {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "name: %s\nswitches:\n", name)
	for s := range 8 {
		fmt.Fprintf(&b, "  s%d: {}\n", s)
	}
	b.WriteString("nodes:\n")
	for i := range n {
		fmt.Fprintf(&b, "  n%d: {cmd: sleep infinity}\n", i)
	}
	b.WriteString("links:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - endpoints: [n%d:eth1, s%d]\n    ipv4: 10.%d.%d.%d/16\n", i, i%8, i%8, i/8/250, 1+i/8%250)
	}
	return compile(t, b.String())
}

// labDir returns the state folder of a lab under root.
func labDir(t testing.TB, root, name string) state.Dir {
	t.Helper()
	dir, err := state.OpenLab(root, name)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// tempRoot returns a state root of the test's own, which does not exist yet.
func tempRoot(t testing.TB) string { return filepath.Join(t.TempDir(), "run") }
