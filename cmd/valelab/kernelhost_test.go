//go:build kernel

package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/safchain/ethtool"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/kernel"
)

// The tests of this file join interfaces of the machine with labs on netmap's module: make test-kernel runs them.

// machineWire gives the machine an interface, wire0 with an address, at whose other end is far0, and far0 to a node of
// a lab with the user-space switch: somebody else on the wire, 10.7.0.2, who answers HTTP.
func machineWire(t *testing.T) (far *liveLab) {
	t.Helper()
	attrs := netlink.NewLinkAttrs()
	attrs.Name = "wire0"
	wire := &netlink.Veth{LinkAttrs: attrs, PeerName: "far0", PeerTxQLen: -1}
	if err := netlink.LinkAdd(wire); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // after the labs, which the test deploys later
		if err := netlink.LinkDel(wire); err != nil {
			t.Error(err)
		}
	})
	address, err := netlink.ParseAddr("10.7.0.3/24")
	if err == nil {
		err = netlink.AddrAdd(wire, address)
	}
	if err == nil {
		err = netlink.LinkSetUp(wire)
	}
	if err != nil {
		t.Fatal(err)
	}
	// What comes from a wire has its checksums.
	setFeature(t, "far0", "tx-checksum-ip-generic", false)
	far = deployText(t, "far", `
netmap: user
switches: {s: {}}
nodes: {f: {}}
links:
  - {endpoints: [f:eth1, s], ipv4: 10.7.0.2/24}
  - {endpoints: [s, host:far0], host: take}
`)
	far.start("f", netprobe(t), "serve", ":8080")
	return far
}

// deployText brings up a lab whose file is name.yml with this text.
func deployText(t *testing.T, name, text string) *liveLab {
	t.Helper()
	l := newLab(t, name+".yml")
	l.valelab("deploy", l.write(text))
	return l
}

// write writes the lab's file.
func (l *liveLab) write(text string) string {
	l.t.Helper()
	file := filepath.Join(l.t.TempDir(), l.name+".yml")
	if err := os.WriteFile(file, []byte("name: "+l.name+"\n"+text), 0o600); err != nil {
		l.t.Fatal(err)
	}
	return file
}

// hostLab is a lab on the module with a node at 10.7.0.1 and the machine's interface wire0.
func hostLab(host string) string {
	return `
netmap: kernel
switches: {s: {}}
nodes: {a: {}}
links:
  - {endpoints: [a:eth1, s], ipv4: 10.7.0.1/24}
  - {endpoints: [s, host:wire0], host: ` + host + `}
`
}

func netprobe(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("netprobe")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func features(t *testing.T, device string) map[string]bool {
	t.Helper()
	tool, err := ethtool.NewEthtool()
	if err != nil {
		t.Fatal(err)
	}
	defer tool.Close()
	all, err := tool.Features(device)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func setFeature(t *testing.T, device, feature string, on bool) {
	t.Helper()
	tool, err := ethtool.NewEthtool()
	if err != nil {
		t.Fatal(err)
	}
	defer tool.Close()
	if err := tool.Change(device, map[string]bool{feature: on}); err != nil {
		t.Fatal(err)
	}
}

// machinePorts are the ports of the module's switches in the machine's namespace.
func machinePorts(t *testing.T) (names []string) {
	t.Helper()
	d, err := kernel.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	ports, err := d.List()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range ports {
		names = append(names, p.Name)
	}
	return names
}

// wire is how wire0 is: its flags, offloads and addresses.
func wire(t *testing.T) string {
	t.Helper()
	dev, err := netlink.LinkByName("wire0")
	if err != nil {
		t.Fatal(err)
	}
	addrs, err := netlink.AddrList(dev, netlink.FAMILY_V4)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(dev.Attrs().Flags, addrs, features(t, "wire0"))
}

// givenBack checks that an interface is as it was and that nothing is left of a lab in the machine's namespace.
func givenBack(t *testing.T, before string) {
	t.Helper()
	if got := machinePorts(t); len(got) > 0 {
		t.Errorf("ports are left: %q", got)
	}
	if after := wire(t); after != before {
		t.Errorf("wire0 is\n%s\nand was\n%s", after, before)
	}
	links, err := netlink.LinkList()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range links {
		if strings.HasPrefix(l.Attrs().Name, "u") {
			t.Errorf("device %s is left", l.Attrs().Name)
		}
	}
}

// A taken interface joins the lab, its stack hears nothing, and it is given back as it was.
func TestKernelHostTake(t *testing.T) {
	far := machineWire(t)
	before := wire(t)
	far.in("f", netprobe(t), "ping4", "10.7.0.3") // the machine, while it has its interface
	l := deployText(t, "taken", hostLab("take"))
	l.in("a", netprobe(t), "ping4", "10.7.0.2")
	fetch(t, l, "10.7.0.2:8080")
	if out, err := far.command("exec", "--lab", far.name, "f", "--", netprobe(t), "ping4", "10.7.0.3").CombinedOutput(); err == nil {
		t.Errorf("the machine answers on an interface that was taken: %s", out)
	}
	if out := l.valelab("deploy", l.write(hostLab("take"))); strings.Contains(out, "host:wire0") {
		t.Errorf("deploying again: %s", out)
	}
	l.valelab("destroy", l.name)
	givenBack(t, before)
	far.in("f", netprobe(t), "ping4", "10.7.0.3")
}

// fetch has node a load a megabyte from an HTTP server, over TCP, byte for byte.
func fetch(t *testing.T, l *liveLab, server string) {
	t.Helper()
	const size = 1 << 20
	hash := sha256.New()
	if _, err := io.Copy(hash, io.LimitReader(body(), size)); err != nil {
		t.Fatal(err)
	}
	got := l.in("a", netprobe(t), "get", fmt.Sprintf("%s/?bytes=%d", server, size))
	if want := fmt.Sprintf("%x\n", hash.Sum(nil)); got != want {
		t.Errorf("what %s serves has hash %swant %s", server, got, want)
	}
}

// With `host: keep` the machine's stack is a port of the switch, too: the far end and the nodes reach it.
func TestKernelHostKeep(t *testing.T) {
	far := machineWire(t)
	before := wire(t)
	l := deployText(t, "kept", hostLab("keep"))
	l.in("a", netprobe(t), "ping4", "10.7.0.2")
	l.in("a", netprobe(t), "ping4", "10.7.0.3")
	far.in("f", netprobe(t), "ping4", "10.7.0.3")
	serve := exec.Command(netprobe(t), "serve", "10.7.0.3:8081") // with the machine's own stack
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = serve.Process.Kill()
		_ = serve.Wait()
	}()
	fetch(t, l, "10.7.0.3:8081")

	// From keep to take, while it runs.
	l.valelab("deploy", l.write(hostLab("take")))
	if out, err := far.command("exec", "--lab", far.name, "f", "--", netprobe(t), "ping4", "10.7.0.3").CombinedOutput(); err == nil {
		t.Errorf("the machine answers on an interface that was taken: %s", out)
	}
	l.in("a", netprobe(t), "ping4", "10.7.0.2")
	l.valelab("destroy", l.name)
	givenBack(t, before)
}

// The next agent has the interface, and a destroy gives it back, however the agent and a deploy have ended.
func TestKernelHostKilled(t *testing.T) {
	machineWire(t)
	before := wire(t)
	l := deployText(t, "killed", hostLab("keep"))
	for range 2 {
		l.replaceAgent()
		l.in("a", netprobe(t), "ping4", "10.7.0.2")
		l.in("a", netprobe(t), "ping4", "10.7.0.3")
	}
	if out := l.valelab("inspect", l.name, "-f", "json"); !strings.Contains(out, `"wire0"`) || strings.Contains(out, "no port of the module") {
		t.Errorf("after the agent was replaced:\n%s", out)
	}
	l.valelab("destroy", l.name)
	givenBack(t, before)

	// A deploy that waits for a node for ever is killed when the interface is on its switch.
	waits := strings.Replace(hostLab("take"), "nodes: {a: {}}", "nodes: {a: {}, b: {cmd: sleep infinity}, c: {cmd: 'true', depends_on: {b: exited}}}", 1)
	deploy := l.command("deploy", l.write(waits))
	var out bytes.Buffer
	deploy.Stdout, deploy.Stderr = &out, &out
	if err := deploy.Start(); err != nil {
		t.Fatal(err)
	}
	await(t, func() string {
		if !slices.ContainsFunc(machinePorts(t), func(p string) bool { return strings.HasSuffix(p, ":wire0") }) {
			return "wire0 does not come to its switch"
		}
		return ""
	})
	if err := deploy.Process.Signal(unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = deploy.Wait() // killed
	l.valelab("destroy", l.name)
	givenBack(t, before)
	if t.Failed() {
		t.Logf("deploy: %s", out.Bytes())
	}
}

// replaceAgent kills the agent and waits for the next.
func (l *liveLab) replaceAgent() {
	l.t.Helper()
	before := l.agent()
	if err := unix.Kill(before, unix.SIGKILL); err != nil {
		l.t.Fatal(err)
	}
	await(l.t, func() string {
		client := l.client()
		defer client.Close()
		if v, err := client.Version(l.t.Context()); err != nil || v.PID == before {
			return fmt.Sprintf("no next agent: %v", err)
		}
		return ""
	})
}
