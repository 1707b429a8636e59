//go:build kernel

package agent

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"github.com/valelab/valelab/netmap/counting"
	"github.com/valelab/valelab/netmap/vale"
	"github.com/valelab/valelab/runtime/pcapng"
)

// A port that a node's program has made on the lab's switch is seen as the node's, with where its rings stand, as long
// as the program has it.
func TestKernelProgramPorts(t *testing.T) {
	l := startLab(t)
	a, _ := l.moduleNodes()
	l.must(l.PutAccess(t.Context(), "a", "lan"))
	t.Cleanup(func() {
		if err := l.DeleteAccess(context.Background(), "a", "lan"); err != nil {
			t.Error(err)
		}
	})
	port := a.openPort("valelan:x")
	send(t, port, frame("02:00:00:00:00:02", "02:00:00:00:00:09", 1))
	made := func() (seen int) {
		s, err := l.Stats(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range s.Rings {
			if !strings.HasPrefix(r.Interface, "valelan:") {
				continue
			}
			seen++
			if r.Node != "a" || r.Switch != "lan" || r.Counts != nil || r.Positions == nil || r.Dir == "tx" && (r.Head != 1 || r.Cur != 1 || r.Tail != 0) {
				t.Errorf("%+v %+v", r, r.Positions)
			}
		}
		return seen
	}
	if n := made(); n != 2 {
		t.Errorf("%d rings, want one each way", n)
	}
	if err := port.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "end of the port", func() bool { return made() == 0 })
}

// An interface of the machine that is on a switch of the module has counters, and can be captured at, both ways.
func TestKernelUplinkSeen(t *testing.T) {
	u := &uplinkLab{machine: newNamespace(t), outside: newNamespace(t)}
	u.testLab = startLabOn(t, u.machine)
	u.plug(t)
	a, _ := u.moduleNodes()
	u.must(u.PutUplink(t.Context(), "eth3", UplinkSpec{Switch: "lan"}))
	t.Cleanup(func() {
		if err := u.DeleteUplink(context.Background(), "eth3"); err != nil {
			t.Error(err)
		}
	})
	if _, err := u.Capture(t.Context(), CaptureSpec{Ports: []string{"host:eth3^"}}); err == nil {
		t.Error("host rings of an interface of the machine can be captured at")
	}
	stream, err := u.Capture(t.Context(), CaptureSpec{Ports: []string{"host:eth3"}})
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	f := startFlow(t, a.udp(t, "10.0.0.1:0"), u.outside.udp(t, "10.0.0.9:9000"), "10.0.0.9:9000")
	eventually(t, "datagrams", func() bool { return f.received.Load() >= 20 })
	for _, dir := range []string{"tx", "rx"} {
		r := u.ring("eth3", dir+"0")
		if r == nil || r.Mode != vale.ModeUplink || r.Counts == nil || r.Packets == 0 || r.Drops != nil || r.Switch != "lan" {
			t.Fatalf("%s: %+v", dir, r)
		}
	}
	blocks, seen := pcapng.NewReader(stream), map[pcapng.Direction]int{}
	for seen[pcapng.Inbound] < 20 || seen[pcapng.Outbound] < 1 { // datagrams out of the switch; an ARP reply into it
		kind, block, err := blocks.Next()
		if err != nil {
			t.Fatalf("%v: %v", seen, err)
		}
		if p, err := pcapng.ParsePacket(block); kind == pcapng.EnhancedPacket && err == nil {
			seen[p.Direction]++
		}
	}
}

// Whoever is root in a node may remove its interface, also when the other end of the pair is on the module, where it
// would stay and keep the module: it is taken off at once, and the endpoint can be made anew.
func TestKernelRemovedDevice(t *testing.T) {
	l := startLab(t)
	a, b := l.moduleNodes()
	to := b.udp(t, "10.0.0.2:9000")
	got := make([]byte, 64)
	for range 3 {
		a.do(t, func() error { // does not return as long as the port is there
			eth1, err := netlink.LinkByName("eth1")
			if err != nil {
				return err
			}
			return netlink.LinkDel(eth1)
		})
		eventually(t, "loss of the endpoint", func() bool {
			e := l.inventory().Endpoints[0]
			return e.Node == "a" && e.Lost
		})
		a.addEndpoint("lan", 1)
		from := a.udp(t, "10.0.0.1:0")
		eventually(t, "a datagram", func() bool {
			_, _ = from.WriteToUDP([]byte("anew"), to.LocalAddr().(*net.UDPAddr))
			_ = to.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
			n, _, err := to.ReadFromUDP(got)
			return err == nil && string(got[:n]) == "anew"
		})
	}
}

// When it is asked for, and the module has its types, the slots that a program moves are counted since it has the port
// open. A module without types is no fault of the lab's: that is said, and counters stay unknown.
func TestKernelMoved(t *testing.T) {
	l := startLab(t)
	a, _ := l.moduleNodes()
	_, err := l.Count(t.Context())
	if _, has := os.Stat(counting.Types); has != nil {
		var refused *StatusError
		if !errors.As(err, &refused) || refused.Status != 409 || !strings.Contains(refused.Problem.Error, "BTF") || refused.Problem.Hint == "" {
			t.Errorf("a module without types: %v", err)
		}
		port := a.openPort("netmap:eth1")
		if r := l.ring("a:eth1", "tx0"); r.Moved != nil {
			t.Errorf("%+v", r)
		}
		_ = port.Close()
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{3, 5} {
		port := a.openPort("netmap:eth1")
		for i := range n {
			send(t, port, frame("02:00:00:00:00:02", "02:00:00:00:00:01", uint32(i)))
		}
		tx, rx := l.ring("a:eth1", "tx0"), l.ring("a:eth1", "rx0")
		if tx.Moved == nil || rx.Moved == nil || *tx.Moved != uint64(n) || *rx.Moved != 0 || tx.Counts != nil {
			t.Errorf("%d frames sent: %+v, %+v", n, tx, rx)
		}
		if err := port.Close(); err != nil {
			t.Fatal(err)
		}
		l.awaitSocket("a:eth1")
		if r := l.ring("a:eth1", "tx0"); r.Moved != nil {
			t.Errorf("in socket mode: %+v", r)
		}
	}
	if created, err := l.Count(t.Context()); created || err != nil {
		t.Errorf("asked again: %t, %v", created, err)
	}
}

// A trunk between two switches of the module has a port on each, with what the kernel counts at the ends of its cable: what
// goes out of the one switch comes into the other.
func TestKernelTrunkSeen(t *testing.T) {
	l := startLab(t)
	a, b := l.moduleNodes()
	l.must(l.PutSwitch(t.Context(), "other", SwitchSpec{Kernel: true}))
	l.must(l.PutTrunk(t.Context(), "lan", "other"))
	t.Cleanup(func() {
		if err := l.DeleteTrunk(context.Background(), "lan", "other"); err != nil {
			t.Error(err)
		}
	})
	f := startFlow(t, a.udp(t, "10.0.0.1:0"), b.udp(t, "10.0.0.2:9000"), "10.0.0.2:9000")
	eventually(t, "a broadcast that went through the trunk", func() bool { // an ARP request
		s, err := l.Stats(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		counted := map[string]uint64{}
		for _, r := range s.Rings {
			if r.Mode == vale.ModeTrunk {
				if r.Counts == nil || r.Drops != nil || r.Positions != nil || r.Node != "" || r.Port != trunkKey("lan", "other") {
					t.Fatalf("%+v", r)
				}
				counted[r.Switch+" "+r.Name()] = r.Packets
			}
		}
		if len(counted) != 4 {
			t.Fatalf("rings of the trunk: %v", counted)
		}
		return counted["lan rx0"] > 0 && counted["other tx0"] == counted["lan rx0"] && f.received.Load() > 0
	})
}

// A program keeps the port that it has when its endpoint comes to another switch, and that is said until it opens the
// endpoint anew.
func TestKernelStalePort(t *testing.T) {
	l := startLab(t)
	a, _ := l.moduleNodes()
	l.must(l.PutSwitch(t.Context(), "other", SwitchSpec{Kernel: true}))
	fault := func() string { return l.inventory().Endpoints[0].Fault }
	port := a.openPort("netmap:eth1")
	spec := l.inventory().Endpoints[0].EndpointSpec
	spec.Switch = "other"
	if err := l.DeleteEndpoint(t.Context(), "a", "eth1"); err != nil {
		t.Fatal(err)
	}
	l.must(l.PutEndpoint(t.Context(), "a", "eth1", spec))
	if got := fault(); !strings.Contains(got, "opened on lan") || !strings.Contains(got, "valelab restart a") {
		t.Errorf("a program with the port of before: %q", got)
	}
	if err := port.Close(); err != nil {
		t.Fatal(err)
	}
	a.openPort("netmap:eth1")
	if got := fault(); got != "" {
		t.Errorf("opened anew: %q", got)
	}
	if r := l.ring("a:eth1", "tx0"); r.Switch != "other" || r.Mode != ModeNetmap {
		t.Errorf("%+v", r)
	}
}
