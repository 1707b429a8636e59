//go:build kernel

package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/kernel"
	"github.com/valelab/valelab/runtime/agent"
)

// accessLab has a node that may open ports on a switch of the lab, and two that may not.
const accessLab = `
netmap: kernel
switches: {left: {}, right: {}}
nodes:
  in: {vale: [left]}
  out: {}
  sock: {}
links:
  - [out:eth1, left]
  - {endpoints: [sock:eth1, left], mac: "02:00:00:00:00:09"}
`

// portsOn is how many ports a node's programs have on a switch of the lab, as `inspect` says.
func (l *liveLab) portsOn(node, on string) int {
	l.t.Helper()
	for _, a := range l.inventory().Accesses {
		if a.Node == node && a.Switch == on {
			return a.Ports
		}
	}
	return -1
}

// awaitEndpoint waits until an endpoint is in a mode, as the agent says.
func (l *liveLab) awaitEndpoint(node, iface, mode string) {
	l.t.Helper()
	client := l.client()
	defer client.Close()
	await(l.t, func() string {
		lab, err := client.Lab(l.t.Context())
		if err != nil {
			return err.Error()
		}
		for _, e := range lab.Endpoints {
			if e.Node == node && e.Interface == iface && e.Mode == mode {
				return ""
			}
		}
		return fmt.Sprintf("%s:%s is not in mode %s: %+v", node, iface, mode, lab.Endpoints)
	})
}

// awaitSockets waits until an endpoint's device is on its switch: its node's stack has it.
func (l *liveLab) awaitSockets(node, iface string) {
	l.t.Helper()
	await(l.t, func() string {
		if !l.has(node, iface) {
			return fmt.Sprintf("%s:%s is not on its switch: %q", node, iface, l.modulePorts())
		}
		return ""
	})
}

// A program of a node with `vale: [left]` has a port on the lab's switch, which is the module's: its frames come to
// netmap programs and sockets there. Others can't open one, nor can it on another switch.
func TestKernelAccess(t *testing.T) {
	l := deployText(t, "access", accessLab)
	received := l.run("out", "valelab", "pktgen", "rx", "-i", "netmap:eth1", "--count", "1000", "--interval", "0")
	l.awaitEndpoint("out", "eth1", agent.ModeNetmap)
	hold := l.run("in", netprobe(t), "hold", "valeleft:held")
	await(t, func() string {
		if n := l.portsOn("in", "left"); n != 1 {
			return fmt.Sprintf("%d ports of node in on switch left, want 1", n)
		}
		return ""
	})
	l.in("in", "valelab", "pktgen", "tx", "-i", "valeleft:x", "--count", "1000", "--dst-mac", "ff:ff:ff:ff:ff:ff", "--interval", "0")
	received.ends()

	// As the module has it, a port is not called like a device of the node.
	if out, err := l.command("exec", "--lab", l.name, "in", "--", "valelab", "pktgen", "tx", "-i", "valeleft:lo", "--count", "1").CombinedOutput(); err == nil || !strings.Contains(string(out), "no such port") {
		t.Errorf("a port called lo: %v, %s", err, out)
	}

	// What others open by these names are switches of their own.
	other := l.run("out", netprobe(t), "hold", "valeleft:held")
	strange := l.run("in", netprobe(t), "hold", "valeright:held")
	await(t, func() string {
		stats := l.valelab("stats", l.name, "-f", "json")
		for _, own := range []string{`"valeleft:held"`, `"valeright:held"`} {
			if !strings.Contains(stats, own) {
				return own + " is not open:\n" + stats
			}
		}
		return ""
	})
	if n := l.portsOn("in", "left"); n != 1 {
		t.Errorf("%d ports of node in on switch left, want 1", n)
	}

	// The next agent knows whose the port is, though the keeper holds nothing of it.
	l.replaceAgent()
	if n := l.portsOn("in", "left"); n != 1 {
		t.Errorf("%d ports of node in on switch left after the agent was replaced, want 1", n)
	}
	for _, j := range []*job{hold, other, strange} {
		if err := j.cmd.Process.Signal(unix.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	await(t, func() string {
		if n := l.portsOn("in", "left"); n != 0 {
			return fmt.Sprintf("%d ports of node in on switch left, want 0", n)
		}
		return ""
	})
}

// Access comes and goes while the node runs; a port that a program has is the program's.
func TestKernelAccessChanges(t *testing.T) {
	l := deployText(t, "changes", accessLab)
	l.run("in", netprobe(t), "hold", "valeleft:held")
	await(t, func() string {
		if n := l.portsOn("in", "left"); n != 1 {
			return fmt.Sprintf("%d ports, want 1", n)
		}
		return ""
	})
	l.valelab("deploy", l.write(strings.Replace(accessLab, "{vale: [left]}", "{vale: [right]}", 1)))
	if l.portsOn("in", "left") != -1 || l.portsOn("in", "right") != 0 {
		t.Error("the accesses are not those of the new file")
	}
	if out, err := l.command("exec", "--lab", l.name, "in", "--", "valelab", "pktgen", "tx", "-i", "valeright:x", "--count", "10", "--interval", "0").CombinedOutput(); err != nil {
		t.Errorf("a port on the other switch: %v\n%s", err, out)
	}
}

// A node can't fill a switch of the lab.
func TestKernelAccessIsBounded(t *testing.T) {
	l := deployText(t, "bounded", accessLab)
	var names []string
	for i := range 32 {
		names = append(names, fmt.Sprintf("valeleft:p%d", i))
	}
	l.run("in", netprobe(t), "hold", strings.Join(names, ","))
	await(t, func() string {
		if n := l.portsOn("in", "left"); n != 32 {
			return fmt.Sprintf("%d ports, want 32", n)
		}
		return ""
	})
	out, err := l.command("exec", "--lab", l.name, "in", "--", "valelab", "pktgen", "tx", "-i", "valeleft:more", "--count", "1").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "cannot allocate memory") {
		t.Errorf("one more: %v, %s", err, out)
	}
	out, err = l.command("exec", "--lab", l.name, "in", "--", "valelab", "pktgen", "tx", "-i", "valeleft:p7", "--count", "1").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "port is in use") {
		t.Errorf("one of them, once more: %v, %s", err, out)
	}
}

// A program that makes its system calls itself has the module's descriptor, and what it asks by that is answered by
// the lab: the module looks nothing up in the node's namespace, and tells of no port of others.
func TestKernelControlIsFiltered(t *testing.T) {
	l := deployText(t, "filtered", accessLab)
	l.run("out", "valelab", "netmap-exec", "--", netprobe(t), "control", "eth1").says("0 ports")
	l.awaitEndpoint("out", "eth1", agent.ModeNetmap)
}

// Pipes may lie in the memory of a port of the node's own, by its number, as those of netmap's lb do; in that of
// another node they may not.
func TestKernelSharedMemory(t *testing.T) {
	l := deployText(t, "shared", pairLab)
	l.run("b", netprobe(t), "hold", "netmap:eth1")
	l.awaitEndpoint("b", "eth1", agent.ModeNetmap)
	var foreign uint16
	withinNamespace(t, fmt.Sprintf("/proc/%d/ns/net", l.agent()), func() error {
		d, err := kernel.Open()
		if err != nil {
			return err
		}
		defer d.Close()
		info, err := d.Info(machinePorts(t)[slices.IndexFunc(machinePorts(t), func(p string) bool { return strings.Contains(p, ":n") })])
		foreign = info.MemID
		return err
	})
	l.run("a", "valelab", "netmap-exec", "--", netprobe(t), "share", fmt.Sprintf("eth1,%d", foreign)).says("shared")
	l.killAll("a", "share")
	l.killAll("b", "hold")
	l.awaitSockets("a", "eth1")
	l.awaitSockets("b", "eth1")
	l.in("a", netprobe(t), "ping4", "10.8.0.2")
}
