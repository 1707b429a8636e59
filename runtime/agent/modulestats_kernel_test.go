//go:build kernel

package agent

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/valelab/valelab/netmap"
	"github.com/valelab/valelab/netmap/module"
	"github.com/valelab/valelab/runtime/sample"
)

// The tests of this file need netmap's module and root: make test-kernel runs them.

// moduleNodes are two nodes on a switch of the module. Their devices are taken off it before they end, as a destroy does.
func (l *testLab) moduleNodes() (a, b *testNode) {
	l.Helper()
	if err := os.WriteFile(module.Dir+"/parameters/generic_mit", []byte("0"), 0); err != nil { // as a deploy asks for
		l.Fatal(err)
	}
	l.must(l.PutSwitch(l.Context(), "lan", SwitchSpec{Kernel: true}))
	a, b = l.addNode("a"), l.addNode("b")
	for i, n := range []*testNode{a, b} {
		n.addEndpoint("lan", i+1)
		l.Cleanup(func() {
			if err := l.DeleteEndpoint(context.Background(), n.name, "eth1"); err != nil {
				l.Error(err)
			}
		})
	}
	return a, b
}

// ring asks the agent for one ring.
func (l *testLab) ring(port, name string) *sample.Ring {
	l.Helper()
	s, err := l.Stats(l.Context())
	if err != nil {
		l.Fatal(err)
	}
	for i := range s.Rings {
		if s.Rings[i].Port == port && s.Rings[i].Name() == name {
			return &s.Rings[i]
		}
	}
	return nil
}

// awaitSocket waits until the endpoint is its device again.
func (l *testLab) awaitSocket(port string) {
	l.Helper()
	eventually(l, "socket mode of "+port, func() bool { return l.ring(port, "tx0").Mode == ModeSocket })
}

// Where the rings of a program stand is seen exactly, and of what is not known there is nothing.
func TestKernelPositions(t *testing.T) {
	l := startLab(t)
	a, b := l.moduleNodes()
	from, to := a.openPort("netmap:eth1"), b.openPort("netmap:eth1")
	const n = 70 // of 128 slots
	check := func(when, port, ring string, head, cur, tail, pending uint32) {
		t.Helper()
		r := l.ring(port, ring)
		if r == nil || r.Positions == nil {
			t.Fatalf("%s: %s %s: %+v", when, port, ring, r)
		}
		if want := (sample.Positions{Slots: 128, Head: head, Cur: cur, Tail: tail}); *r.Positions != want || r.Pending() != pending {
			t.Errorf("%s: %s %s: %+v with %d waiting, want %+v with %d", when, port, ring, *r.Positions, r.Pending(), want, pending)
		}
		if r.Counts != nil || r.Program != nil || r.Rates != nil || r.Mode != ModeNetmap || r.Node+":"+r.Interface != port {
			t.Errorf("%s: %s %s: %+v", when, port, ring, r)
		}
	}
	check("at first", "a:eth1", "tx0", 0, 0, 127, 0)
	check("at first", "b:eth1", "rx0", 0, 0, 0, 0)

	lend := from.TxRings()[0].Borrow(n)
	for i := range lend.Len() {
		lend.SetLen(i, copy(lend.Buf(i), frame("02:00:00:00:00:02", "02:00:00:00:00:01", uint32(i))))
	}
	lend.Commit(n)
	if err := from.TxSync(); err != nil {
		t.Fatal(err)
	}
	check("sent", "a:eth1", "tx0", n, n, n-1, 0)
	if found, err := to.Poll(netmap.In, time.Minute); found != netmap.In || err != nil {
		t.Fatal(found, err)
	}
	check("come", "b:eth1", "rx0", 0, 0, n, n)
	got := to.RxRings()[0].Borrow(n)
	got.Release(30)
	if err := to.RxSync(); err != nil {
		t.Fatal(err)
	}
	check("taken in part", "b:eth1", "rx0", 30, 30, n, n-30)
	if r := l.ring("b:eth1", "tx0^"); r != nil {
		t.Errorf("host rings that nobody has open: %+v", r)
	}

	// A port of the same name that is opened anew is another one.
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	to = b.openPort("netmap:eth1")
	check("opened anew", "b:eth1", "rx0", 0, 0, 0, 0)
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	l.awaitSocket("b:eth1")
}

// Host rings stand where the program has them, and the NIC rings beside them are open in nobody.
func TestKernelHostPositions(t *testing.T) {
	l := startLab(t)
	a, _ := l.moduleNodes()
	host := a.openPort("netmap:eth1^")
	r := l.ring("a:eth1", "tx0^")
	if r == nil || r.Positions == nil || r.Tail != 127 || !r.Host || r.Mode != ModeNetmap {
		t.Fatalf("%+v", r)
	}
	if r := l.ring("a:eth1", "tx0"); r == nil || r.Positions != nil || r.Counts != nil {
		t.Errorf("NIC ring: %+v", r)
	}
	if err := host.Close(); err != nil {
		t.Fatal(err)
	}
	l.awaitSocket("a:eth1")
}

// What the kernel counts at the device is what is known of an endpoint that sockets have; drops are not.
func TestKernelDeviceCounts(t *testing.T) {
	l := startLab(t)
	a, b := l.moduleNodes()
	before := [2]*sample.Ring{l.ring("a:eth1", "tx0"), l.ring("b:eth1", "rx0")}
	f := startFlow(t, a.udp(t, "10.0.0.1:0"), b.udp(t, "10.0.0.2:9000"), "10.0.0.2:9000")
	eventually(t, "datagrams", func() bool { return f.received.Load() >= 100 })
	for i, at := range []struct{ port, ring string }{{"a:eth1", "tx0"}, {"b:eth1", "rx0"}} {
		r := l.ring(at.port, at.ring)
		if r.Counts == nil || before[i].Counts == nil {
			t.Fatalf("%+v", r)
		}
		packets, bytes := r.Packets-before[i].Packets, r.Bytes-before[i].Bytes
		if packets < 100 || bytes < 42*packets || r.Drops != nil || r.Program != nil || r.Positions != nil || r.Mode != ModeSocket || !r.Exact {
			t.Errorf("%+v: %d packets, %d bytes", r, packets, bytes)
		}
	}
	var text strings.Builder
	s, err := l.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := sample.WriteMetrics(&text, s); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text.String(), `ring_packets_total{`) || strings.Contains(text.String(), "ring_drops_total{") {
		t.Errorf("metrics:\n%s", &text)
	}
}

// Looking does not hold the module: nothing is left of it when the programs and the lab are gone.
func TestKernelLookHoldsNothing(t *testing.T) {
	l := startLab(t)
	a, _ := l.moduleNodes()
	for range 3 {
		port := a.openPort("netmap:eth1")
		if r := l.ring("a:eth1", "rx0"); r.Positions == nil {
			t.Fatalf("%+v", r)
		}
		if err := port.Close(); err != nil {
			t.Fatal(err)
		}
		l.awaitSocket("a:eth1")
		eventually(t, "end of the look", func() bool {
			return openDevices(t, l.version().PID) == 3 // of the switch and two endpoints
		})
	}
}

// openDevices counts a process's descriptors of netmap's device.
func openDevices(t *testing.T, pid int) (n int) {
	t.Helper()
	for _, target := range descriptors(t, pid) {
		if target == "/dev/netmap" {
			n++
		}
	}
	return n
}

// descriptors are what a process has open.
func descriptors(t *testing.T, pid int) (targets []string) {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if target, err := os.Readlink(dir + "/" + f.Name()); err == nil {
			targets = append(targets, target)
		}
	}
	return targets
}
