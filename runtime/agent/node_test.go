package agent

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/valelab/valelab/runtime/state"
)

// testNode is a node of a test: a process that stands for its init, and what
// an init writes down.
type testNode struct {
	namespace
	*testLab
	name string
	init *exec.Cmd
	spec NodeSpec
}

// addNode makes a node with an init and a namespace, and puts it.
func (l *testLab) addNode(name string) *testNode {
	l.Helper()
	n := &testNode{namespace: newNamespace(l), testLab: l, name: name}
	if err := os.MkdirAll(filepath.Join(l.dir, "state", name), 0o700); err != nil {
		l.Fatal(err)
	}
	n.write("running 2 0 0 0")
	n.startInit()
	l.must(l.PutNode(l.Context(), name, n.spec))
	return n
}

// oneNode makes a switch "lan" and a node with eth1 on it.
func (l *testLab) oneNode() (n1 *testNode) {
	l.Helper()
	l.must(l.PutSwitch(l.Context(), "lan", SwitchSpec{}))
	n1 = l.addNode("n1")
	n1.addEndpoint("lan", 1)
	return n1
}

// twoNodes is oneNode with a second one.
func (l *testLab) twoNodes() (n1, n2 *testNode) {
	l.Helper()
	n1, n2 = l.oneNode(), l.addNode("n2")
	n2.addEndpoint("lan", 2)
	return n1, n2
}

// startInit starts the process that stands for init, in the node's namespace.
func (n *testNode) startInit() {
	n.Helper()
	n.init = exec.Command("sleep", "1000")
	n.do(n, n.init.Start)
	n.Cleanup(n.stopInit)
	start, err := state.StartTime(n.init.Process.Pid)
	if err != nil {
		n.Fatal(err)
	}
	n.spec = NodeSpec{PID: n.init.Process.Pid, StartTime: start}
}

func (n *testNode) stopInit() {
	_ = n.init.Process.Kill() // twice is fine
	_ = n.init.Wait()
}

// write writes a status as an init does: state, pid, code, signal, restarts.
func (n *testNode) write(status string) {
	n.Helper()
	path := filepath.Join(n.dir, "state", n.name, "status")
	if err := state.WriteFile(path, fmt.Appendf(nil, "%s %d\n", status, time.Now().Unix()), 0o600); err != nil {
		n.Fatal(err)
	}
}

// addEndpoint makes eth1 of the node a port of a switch.
func (n *testNode) addEndpoint(lan string, number int) EndpointSpec {
	n.Helper()
	spec := EndpointSpec{
		Switch: lan, Device: "v-" + n.name, MTU: 1500, MAC: fmt.Sprintf("02:00:00:00:00:%02x", number), Rings: 1, Slots: 128,
	}
	n.lab.addPair(n, spec.Device, n.namespace, "eth1", spec.MAC, fmt.Sprintf("10.0.0.%d/24", number))
	n.must(n.PutEndpoint(n.Context(), n.name, "eth1", spec))
	return spec
}

// socket is where the node's programs find the switch.
func (n *testNode) socket() string { return filepath.Join(n.dir, "nodes", n.name, netmapSocket) }
