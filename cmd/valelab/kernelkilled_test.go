//go:build kernel

package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/runtime/agent"
	"github.com/valelab/valelab/runtime/keeper"
)

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
	init := l.initOf("a")
	l.killKeeperAndAgent()
	// Nobody is there to take the device of a node that ends off its switch, and who removes it waits for that.
	if err := unix.Kill(init, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	await(t, func() string {
		if _, err := os.Stat(fmt.Sprintf("/proc/%d/ns/net", init)); err == nil {
			return "the node's init has not ended"
		}
		return ""
	})
	l.valelab("destroy", l.name)
	givenBack(t, before)
}
