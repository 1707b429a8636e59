//go:build kernel

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	netmap "github.com/valelab/valelab/netmap/module"
	"github.com/valelab/valelab/runtime/agent"
	"github.com/valelab/valelab/runtime/wiring"
)

// Each test of this file meets one of the traps of netmap's module: make test-kernel runs them, and unloads the module
// at the end, which a port that was left behind would not let it.

// pairLab is a lab of two nodes that can talk over sockets.
const pairLab = `
netmap: kernel
switches: {s: {}}
nodes: {a: {}, b: {}}
links:
  - {endpoints: [a:eth1, s], ipv4: 10.8.0.1/24, mac: "02:00:00:00:08:01"}
  - {endpoints: [b:eth1, s], ipv4: 10.8.0.2/24, mac: "02:00:00:00:08:02"}
`

// withinNamespace runs f in a network namespace, on a thread that is thrown away.
func withinNamespace(t *testing.T, path string, f func() error) {
	t.Helper()
	result := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		ns, err := os.Open(path)
		if err == nil {
			err = unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET)
			err = errors.Join(err, ns.Close())
		}
		if err == nil {
			err = f()
		}
		result <- err
	}()
	if err := <-result; err != nil {
		t.Fatal(err)
	}
}

// modulePorts are the ports of the module's switches in the lab's namespace.
func (l *liveLab) modulePorts() (names []string) {
	l.t.Helper()
	withinNamespace(l.t, fmt.Sprintf("/proc/%d/ns/net", l.agent()), func() error {
		names = machinePorts(l.t)
		return nil
	})
	return names
}

// has says whether an endpoint's device is a port.
func (l *liveLab) has(node, iface string) bool {
	l.t.Helper()
	device := wiring.Device(node, iface)
	return slices.ContainsFunc(l.modulePorts(), func(p string) bool { return strings.HasSuffix(p, ":"+device) })
}

// initOf is the number of a node's init.
func (l *liveLab) initOf(node string) int {
	l.t.Helper()
	for _, n := range l.inventory().Nodes {
		if n.Node == node {
			return n.Init.PID
		}
	}
	l.t.Fatalf("there is no node %s", node)
	return 0
}

// A node that dies takes its devices along, and the module does not get over a device that goes while it is on a
// switch. So the node's namespace is held until they are off it, however long that takes.
func TestKernelNodeKilled(t *testing.T) {
	l := deployText(t, "nodekilled", pairLab)
	l.in("a", netprobe(t), "ping4", "10.8.0.2")
	agentPID, init := l.agent(), l.initOf("a")
	namespace, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", init))
	if err != nil {
		t.Fatal(err)
	}
	holds := func() bool {
		files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", agentPID)) // fails for a bad pattern only
		return slices.ContainsFunc(files, func(file string) bool {
			target, err := os.Readlink(file)
			return err == nil && target == namespace
		})
	}
	device := func() (there bool) {
		withinNamespace(t, fmt.Sprintf("/proc/%d/ns/net", agentPID), func() error {
			_, err := netlink.LinkByName(wiring.Device("a", "eth1"))
			there = err == nil
			return nil
		})
		return there
	}

	// The agent can do nothing about it for now.
	if err := unix.Kill(agentPID, unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Kill(agentPID, unix.SIGCONT) }) // it may have ended
	if err := unix.Kill(init, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	await(t, func() string {
		if _, err := os.Stat(fmt.Sprintf("/proc/%d/ns/net", init)); err == nil {
			return "the node's init has not ended"
		}
		return ""
	})
	if !holds() || !device() {
		t.Errorf("namespace held: %v, device there: %v; want both, as long as the device is on the switch", holds(), device())
	}
	if err := unix.Kill(agentPID, unix.SIGCONT); err != nil {
		t.Fatal(err)
	}
	await(t, func() string {
		switch {
		case holds():
			return "the namespace of a node that has ended is held"
		case device():
			return "the device of a node that has ended is there"
		}
		return ""
	})
	if l.has("a", "eth1") || !l.has("b", "eth1") {
		t.Errorf("ports: %q", l.modulePorts())
	}
	l.valelab("deploy", l.write(pairLab))
	l.in("b", netprobe(t), "ping4", "10.8.0.1")
}

// The module hands frames on as they are: TCP moves nothing if the stacks leave checksums and segments to a device.
func TestKernelTCP(t *testing.T) {
	l := deployText(t, "tcp", pairLab)
	l.start("b", netprobe(t), "serve", ":8080")
	fetch(t, l, "10.8.0.2:8080")
	withinNamespace(t, fmt.Sprintf("/proc/%d/ns/net", l.initOf("a")), func() error {
		for feature, on := range features(t, "eth1") {
			if on && (feature == "tx-checksum-ip-generic" || feature == "tx-tcp-segmentation") {
				t.Errorf("%s is on", feature)
			}
		}
		return nil
	})
}

// With two adapters on a switch, the kernel complains of any other generic_mit than 0.
func TestKernelMitigation(t *testing.T) {
	setParameter(t, "generic_mit", 100_000)
	if out, _ := exec.Command("valelab", "doctor").CombinedOutput(); !strings.Contains(string(out), "echo 0 > /sys/module/netmap/parameters/generic_mit") { // it fails for other things
		t.Errorf("doctor:\n%s", out)
	}
	l := newLab(t, "mitigation.yml")
	out, err := l.command("deploy", l.write(pairLab)).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "generic_mit is 0 now; it was 100000") {
		t.Errorf("deploy: %v\n%s", err, out)
	}
	if n := parameter(t, "generic_mit"); n != 0 {
		t.Errorf("generic_mit is %d", n)
	}
	if out, _ := exec.Command("valelab", "doctor").CombinedOutput(); !strings.Contains(string(out), "0: frames of sockets are handed on at once") {
		t.Errorf("doctor:\n%s", out)
	}
	l.in("a", netprobe(t), "ping4", "10.8.0.2")
}

// Sockets get nothing of a veth whose driver was patched for netmap while it is on a switch, unless admode forces the
// generic adapter. Which driver is loaded decides what there is to see here, and the log says it.
func TestKernelNativeVeth(t *testing.T) {
	params, err := netmap.Read(os.DirFS(netmap.Dir))
	if err != nil {
		t.Fatal(err)
	}
	want := parameter(t, "admode")
	if params.NativeVeth() {
		want = netmap.ForceGeneric
	}
	t.Logf("the veth driver is patched for netmap: %v", params.NativeVeth())
	l := deployText(t, "nativeveth", pairLab)
	if n := parameter(t, "admode"); n != want {
		t.Errorf("admode is %d, want %d", n, want)
	}
	l.in("a", netprobe(t), "ping4", "10.8.0.2")
}

// A persistent port loses its switch's name once it is opened (netmap issue 882), and can't be removed any more. A lab
// makes none: a program's own are the lab's matter, and what is on the module goes with its descriptor.
func TestKernelPersistentPorts(t *testing.T) {
	l := deployText(t, "persistent", strings.Replace(pairLab, "a: {}", "a: {vale: [s]}", 1))
	l.run("a", netprobe(t), "hold", "vales:x,netmap:eth1")
	l.awaitEndpoint("a", "eth1", agent.ModeNetmap)
	for _, pid := range []int{l.agent(), l.initOf("a")} {
		withinNamespace(t, fmt.Sprintf("/proc/%d/ns/net", pid), func() error {
			links, err := netlink.LinkList()
			for _, link := range links {
				if link.Type() != "veth" && link.Attrs().Name != "lo" {
					t.Errorf("device %s (%s) is a port of the module's", link.Attrs().Name, link.Type())
				}
			}
			return err
		})
	}
	l.killAll("a", "hold")
	await(t, func() string {
		if ports := l.modulePorts(); len(ports) != 2 {
			return fmt.Sprintf("ports: %q, want those of the endpoints", ports)
		}
		return ""
	})
}
