//go:build kernel

package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	netmap "github.com/valelab/valelab/netmap/module"
	"github.com/valelab/valelab/runtime/agent"
	"github.com/valelab/valelab/runtime/keeper"
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
	client := l.client()
	defer client.Close()
	lab, err := client.Lab(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	for _, n := range lab.Nodes {
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

func parameter(t *testing.T, name string) int {
	t.Helper()
	params, err := netmap.Read(os.DirFS(netmap.Dir))
	if err != nil {
		t.Fatal(err)
	}
	n, ok := params.Value(name)
	if !ok {
		t.Fatalf("the module has no parameter %s", name)
	}
	return n
}

// setParameter sets a parameter until the test ends.
func setParameter(t *testing.T, name string, value int) {
	t.Helper()
	file := filepath.Join(netmap.Dir, "parameters", name)
	before := parameter(t, name)
	t.Cleanup(func() {
		if err := os.WriteFile(file, []byte(strconv.Itoa(before)), 0); err != nil {
			t.Error(err)
		}
	})
	if err := os.WriteFile(file, []byte(strconv.Itoa(value)), 0); err != nil {
		t.Fatal(err)
	}
}

// A program of a node is killed, the agent and a whole node: devices of the machine whose numbers are those of the
// lab's keep their qdiscs, and the endpoint has its sockets back.
func TestKernelKilledPrograms(t *testing.T) {
	l := deployText(t, "killedprograms", pairLab)
	twins(t, l)
	before := qdiscs(t)
	for _, port := range []string{"netmap:eth1", "netmap:eth1^"} {
		j := l.run("a", netprobe(t), "hold", port)
		l.awaitEndpoint("a", "eth1", agent.ModeNetmap)
		l.killAll("a", "hold")
		j.cmd.Wait()
		l.awaitSockets("a", "eth1")
		l.in("a", netprobe(t), "ping4", "10.8.0.2")
	}
	l.replaceAgent()
	l.in("a", netprobe(t), "ping4", "10.8.0.2")
	l.run("a", netprobe(t), "hold", "netmap:eth1")
	l.awaitEndpoint("a", "eth1", agent.ModeNetmap)
	if err := unix.Kill(l.initOf("a"), unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	await(t, func() string {
		if l.has("a", "eth1") || len(l.modulePorts()) != 1 {
			return fmt.Sprintf("ports: %q", l.modulePorts())
		}
		return ""
	})
	if after := qdiscs(t); after != before {
		t.Errorf("qdiscs of the machine:\n%s\nbefore:\n%s", after, before)
	}
}

// killAll kills the processes of a node that have a word in their arguments.
func (l *liveLab) killAll(node, word string) {
	l.t.Helper()
	l.in(node, "sh", "-c", `for p in /proc/[0-9]*; do
		tr '\0' ' ' < $p/cmdline 2>/dev/null | grep -q ' [`+word[:1]+`]`+word[1:]+` ' && kill -9 ${p#/proc/}
	done; true`) // the brackets keep it from itself
}

// twins gives the machine devices with the numbers of the lab's, each with a qdisc that is nobody else's.
func twins(t *testing.T, l *liveLab) {
	t.Helper()
	numbers := map[int]bool{}
	for _, pid := range []int{l.agent(), l.initOf("a")} {
		withinNamespace(t, fmt.Sprintf("/proc/%d/ns/net", pid), func() error {
			links, err := netlink.LinkList()
			for _, link := range links {
				if link.Attrs().Index > 1 {
					numbers[link.Attrs().Index] = true
				}
			}
			return err
		})
	}
	for passed := false; !passed; passed = passBy(t, slices.Max(slices.Collect(maps.Keys(numbers)))) {
	}
	for n := range numbers {
		dev, err := netlink.LinkByIndex(n)
		if err != nil {
			attrs := netlink.NewLinkAttrs()
			attrs.Name, attrs.Index = fmt.Sprintf("twin%d", n), n
			veth := &netlink.Veth{LinkAttrs: attrs, PeerName: fmt.Sprintf("twin%dp", n), PeerTxQLen: -1}
			if err := netlink.LinkAdd(veth); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := netlink.LinkDel(veth); err != nil {
					t.Error(err)
				}
			})
			if dev, err = netlink.LinkByIndex(n); err != nil {
				t.Fatal(err)
			}
		}
		err = netlink.QdiscAdd(&netlink.GenericQdisc{
			QdiscAttrs: netlink.QdiscAttrs{LinkIndex: n, Handle: netlink.MakeHandle(7, 0), Parent: netlink.HANDLE_ROOT}, QdiscType: "bfifo",
		})
		if err == nil {
			err = netlink.LinkSetUp(dev)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// passBy makes a device and removes it, and says whether its number was above n: the kernel gives each number once.
func passBy(t *testing.T, n int) bool {
	t.Helper()
	attrs := netlink.NewLinkAttrs()
	attrs.Name = "passing"
	veth := &netlink.Veth{LinkAttrs: attrs, PeerName: "by", PeerTxQLen: -1}
	err := netlink.LinkAdd(veth)
	if err == nil {
		err = netlink.LinkDel(veth)
	}
	if err != nil {
		t.Fatal(err)
	}
	return veth.Attrs().Index > n
}

func qdiscs(t *testing.T) string {
	t.Helper()
	all, err := netlink.QdiscList(nil)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, q := range all {
		lines = append(lines, fmt.Sprintf("%d: %s %x", q.Attrs().LinkIndex, q.Type(), q.Attrs().Handle))
	}
	slices.Sort(lines)
	if !strings.Contains(strings.Join(lines, "\n"), "bfifo") {
		t.Errorf("no qdisc is a bfifo: %q", lines)
	}
	return strings.Join(lines, "\n")
}

// The agent is killed while a program has a port: the port carries frames on, the next agent knows of it, and the
// sockets come back when the program ends.
func TestKernelAgentKilled(t *testing.T) {
	l := deployText(t, "agentkilled", pairLab)
	j := l.run("b", "valelab", "pktgen", "rx", "-i", "netmap:eth1", "--count", "1000", "--interval", "0")
	l.awaitEndpoint("b", "eth1", agent.ModeNetmap)
	for range 2 {
		l.replaceAgent()
		l.awaitEndpoint("b", "eth1", agent.ModeNetmap)
	}
	l.in("a", "valelab", "pktgen", "tx", "-i", "netmap:eth1", "--count", "1000", "--dst-mac", "02:00:00:00:08:02", "--interval", "0")
	j.ends()
	for _, node := range []string{"a", "b"} {
		l.awaitSockets(node, "eth1")
	}
	l.in("a", netprobe(t), "ping4", "10.8.0.2")
}

// killKeeperAndAgent leaves a lab without either.
func (l *liveLab) killKeeperAndAgent() {
	l.t.Helper()
	text, err := os.ReadFile(filepath.Join(l.root, l.name, keeper.PIDFile))
	if err != nil {
		l.t.Fatal(err)
	}
	var keeperPID int
	if _, err := fmt.Sscan(string(text), &keeperPID); err != nil {
		l.t.Fatal(err)
	}
	agentPID := l.agent()
	for _, pid := range []int{keeperPID, agentPID} {
		if err := unix.Kill(pid, unix.SIGKILL); err != nil {
			l.t.Fatal(err)
		}
	}
	await(l.t, func() string {
		for _, pid := range []int{keeperPID, agentPID} {
			if line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); err == nil && len(line) > 0 {
				return fmt.Sprintf("process %d has not ended", pid)
			}
		}
		return ""
	})
}

// Keeper and agent are killed at once: the lab's devices stay until the next deploy or destroy takes them off the
// module, which brings the lab up again or leaves nothing of it.
func TestKernelKeeperKilled(t *testing.T) {
	machineWire(t)
	before := wire(t)
	l := deployText(t, "keeperkilled", hostLab("take"))
	l.in("a", netprobe(t), "ping4", "10.7.0.2")
	l.killKeeperAndAgent()
	l.valelab("deploy", l.write(hostLab("take")))
	l.in("a", netprobe(t), "ping4", "10.7.0.2")
	l.killKeeperAndAgent()
	l.valelab("destroy", l.name)
	givenBack(t, before)
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

// refusal is the command of the hint that a refused deploy prints.
func refusal(t *testing.T, l *liveLab, file, why string) (command string) {
	t.Helper()
	out, err := l.command("deploy", file).CombinedOutput()
	if err == nil || !strings.Contains(string(out), why) {
		t.Fatalf("deploy: %v\n%s", err, out)
	}
	_, hint, ok := strings.Cut(string(out), "hint: ")
	command, _, _ = strings.Cut(hint, " (as root")
	if !ok || command == "" {
		t.Fatalf("no hint in:\n%s", out)
	}
	return command
}

// A lab with more links than the module has memory for is refused, and fits when the hint was followed.
func TestKernelRoom(t *testing.T) {
	setParameter(t, "buf_num", parameter(t, "buf_num"))
	var text strings.Builder
	text.WriteString("netmap: kernel\nswitches: {s: {}}\nnodes: {a: {}}\nlinks:\n")
	links := maxVeths(t) + 1
	for i := range links {
		fmt.Fprintf(&text, "  - [a:eth%d, s]\n", i)
	}
	l := newLab(t, "room.yml")
	file := l.write(text.String())
	hint := refusal(t, l, file, fmt.Sprintf("%d links on switches of the netmap module", links))
	if out, err := exec.Command("sh", "-c", hint).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", hint, err, out)
	}
	l.valelab("deploy", file)
	if n := len(l.modulePorts()); n != links {
		t.Errorf("%d ports, want %d", n, links)
	}
}

func maxVeths(t *testing.T) int {
	t.Helper()
	params, err := netmap.Read(os.DirFS(netmap.Dir))
	if err != nil {
		t.Fatal(err)
	}
	return params.MaxVeths()
}

// Frames that are larger than a buffer are refused, and carried when the hint was followed.
func TestKernelLargeFrames(t *testing.T) {
	for _, name := range []string{"buf_size", "priv_buf_size"} {
		setParameter(t, name, parameter(t, name))
	}
	setParameter(t, "buf_num", 30_000) // the machine has not that much memory
	l := newLab(t, "frames.yml")
	file := l.write(strings.ReplaceAll(pairLab, ", mac:", ", mtu: 9000, mac:"))
	hint := refusal(t, l, file, "mtu 9000: a buffer of the netmap module takes frames of an mtu of 2030")
	if out, err := exec.Command("sh", "-c", hint).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", hint, err, out)
	}
	l.valelab("deploy", file)
	l.start("b", netprobe(t), "serve", ":8080")
	l.in("a", netprobe(t), "udp", "10.8.0.2:8080")
	fetch(t, l, "10.8.0.2:8080")
}
