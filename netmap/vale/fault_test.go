package vale

import (
	"os"
	"testing"
	"time"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// brokenPorts makes an engine with two open ports, and a function that has one of them break the rules.
func brokenPorts(t *testing.T, events func(Event)) (e *Engine, opens [2]*Open, breakRules func(o *Open)) {
	t.Helper()
	e = newEngine(Config{Workers: 1, Events: events})
	t.Cleanup(func() { e.Close() })
	s, err := e.NewSwitch("s", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	opens[0], _ = mustOpen(t, s, "a", abi.NR_REG_ALL_NIC, 1, 64)
	opens[1], _ = mustOpen(t, s, "b", abi.NR_REG_ALL_NIC, 1, 64)
	return e, opens, func(o *Open) {
		tx := find(t, o, true, false, 0)
		tx.head = 64
		tx.sync(t)
		e.settle()
	}
}

// next waits for an event.
func next(t *testing.T, events chan Event) Event {
	t.Helper()
	select {
	case ev := <-events:
		return ev
	case <-time.After(10 * time.Second):
		t.Fatal("no event")
	}
	return Event{}
}

// TestFaultOfThePast: a port whose program broke the rules, and that is in the hands of another one when its
// turn comes, is left alone.
func TestFaultOfThePast(t *testing.T) {
	events, busy := make(chan Event, 10), make(chan struct{})
	e, opens, breakRules := brokenPorts(t, func(ev Event) { <-busy; events <- ev })
	a, b := opens[0], opens[1]
	breakRules(a)
	for !a.port.isSocket() {
		time.Sleep(time.Millisecond)
	}
	breakRules(b)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := b.port.OpenRings(OpenConfig{Interface: "eth1", Mode: abi.NR_REG_ALL_NIC, Rings: 1, Slots: 64})
	if err != nil {
		t.Fatal(err)
	}
	close(busy)
	if ev := next(t, events); ev.Port != "a" {
		t.Errorf("event %v", ev)
	}
	if a, err = a.port.OpenRings(OpenConfig{Interface: "eth1", Mode: abi.NR_REG_ALL_NIC, Rings: 1, Slots: 64}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(20 * time.Millisecond) // the fault of b comes first
	breakRules(a)
	if ev := next(t, events); ev.Port != "a" {
		t.Errorf("event %v", ev)
	}
	if tail := find(t, again, true, false, 0).Ctl.Tail.Load(); tail == abi.NMU_DETACHED || b.port.isSocket() {
		t.Error("the new open was closed")
	}
	e.settle()
}

// TestFaultLeavesFiles: an open that the engine takes away keeps its descriptors until it is closed: its owner may
// be about to send them to somebody, and their numbers must not mean something else meanwhile.
func TestFaultLeavesFiles(t *testing.T) {
	events := make(chan Event, 1)
	_, opens, breakRules := brokenPorts(t, func(ev Event) { events <- ev })
	breakRules(opens[0])
	next(t, events)
	files := opens[0].Files()
	for name, f := range map[string]*os.File{"region": files.Region, "kick": files.Kick, "wake": files.Wake} {
		if err := onFD(f, func(int) error { return nil }); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := opens[0].Close(); err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]*os.File{"region": files.Region, "kick": files.Kick, "wake": files.Wake} {
		if err := onFD(f, func(int) error { return nil }); err == nil {
			t.Errorf("%s is open after Close", name)
		}
	}
}
