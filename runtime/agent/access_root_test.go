package agent

import (
	"net/http"
	"strings"
	"testing"
)

// portsOf returns the ports of a switch that stats tell of: the node that each belongs to, and what its programs call it.
func (l *testLab) portsOf(on string) map[string]string {
	l.Helper()
	stats, err := l.Stats(l.Context())
	if err != nil {
		l.Fatal(err)
	}
	ports := make(map[string]string)
	for _, r := range stats.Rings {
		if r.Switch == on {
			ports[r.Port] = r.Node + " " + r.Interface
		}
	}
	return ports
}

// A node that may open a switch of the lab has its ports there, through restarts of the agent, until it may not any more;
// another one has a switch of its own by that name.
func TestRootAccess(t *testing.T) {
	l := startLab(t)
	ctx := t.Context()
	l.must(l.PutSwitch(ctx, "left", SwitchSpec{}))
	in, out := l.addNode("in"), l.addNode("out")
	early, inside := in.connect(), in.connect()
	askOn(t, early, 1, 1, "valeleft:early", 56)
	askNetmap(t, in, 1, 8, "pv", 16)          // NEWIF
	askNetmap(t, in, 1, 3, "valeleft:pv", 64) // VALE_ATTACH
	if got := l.portsOf("in/valeleft"); got["early"] != "in valeleft:early" || got["pv"] != "in valeleft:pv" {
		t.Errorf("ports of the node's own switch: %v", got)
	}
	l.must(l.PutAccess(ctx, "in", "left"))
	eventually(t, "end of a port on the switch that had the name", func() bool { return closed(early) })
	if got := l.portsOf("in/~pv"); got["pv"] != "in pv" || len(l.portsOf("in/valeleft")) > 0 {
		t.Errorf("a persistent port that was on that switch: %v", got)
	}
	x := askOn(t, inside, 1, 1, "valeleft:x", 56)
	askNetmap(t, in, 1, 1, "valeleft:x{1", 56)
	askNetmap(t, out, 1, 1, "valeleft:y", 56)
	for round := range 2 {
		if got := l.portsOf("left"); len(got) != 1 || got["in/x"] != "in valeleft:x" {
			t.Errorf("round %d: ports of the lab's switch: %v", round, got)
		}
		if got := l.portsOf("in/~valeleft:x{1"); got["}"] != "in valeleft:x}1" {
			t.Errorf("round %d: a pipe: %v", round, got)
		}
		if got := l.portsOf("out/valeleft"); len(got) != 1 || got["y"] != "out valeleft:y" {
			t.Errorf("round %d: ports of the other node's switch: %v", round, got)
		}
		lab := l.inventory()
		if len(lab.Accesses) != 1 || lab.Accesses[0] != (AccessState{Node: "in", Switch: "left", Ports: 1}) || lab.Switches[0].Ports != 1 {
			t.Errorf("round %d: %+v %+v", round, lab.Accesses, lab.Switches)
		}
		l.kill()
		if errno := x(4); errno != 0 { // DESCRIBE
			t.Errorf("round %d: the port is not open after a restart: errno %d", round, errno)
		}
	}
	if err := l.DeleteSwitch(ctx, "left"); status(t, err) != http.StatusConflict {
		t.Errorf("a switch that a node may open could be removed: %v", err)
	}
	events, err := l.Events(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer events.Close()
	if err := l.DeleteAccess(ctx, "in", "left"); err != nil {
		t.Fatal(err)
	}
	if e := events.await(t, EventDetach); e.Node != "in" || e.Switch != "left" || !strings.Contains(e.Message, "may no longer") {
		t.Errorf("event %+v", e)
	}
	eventually(t, "end of the port", func() bool { return closed(inside) })
	if got := l.portsOf("left"); len(got) > 0 {
		t.Errorf("ports that are left: %v", got)
	}
	if err := l.DeleteAccess(ctx, "in", "left"); err != nil {
		t.Errorf("twice: %v", err)
	}
	if err := l.DeleteSwitch(ctx, "left"); err != nil {
		t.Error(err)
	}
	if _, err := l.PutAccess(ctx, "in", "left"); status(t, err) != http.StatusNotFound {
		t.Errorf("a switch that is gone: %v", err)
	}
}

// A node can't fill a switch of the lab.
func TestRootAccessIsBounded(t *testing.T) {
	l := startLab(t)
	l.must(l.PutSwitch(t.Context(), "left", SwitchSpec{}))
	n := l.addNode("n")
	l.must(l.PutAccess(t.Context(), "n", "left"))
	for i := range 32 {
		askNetmap(t, n, 1, 1, "valeleft:"+string(rune('A'+i)), 56)
	}
	if got := l.inventory().Accesses[0].Ports; got != 32 {
		t.Errorf("%d ports", got)
	}
	if errno := netmapCall(t, n.connect(), 1, "valeleft:more", 56)(1); errno != 12 { // ENOMEM
		t.Errorf("one more: errno %d", errno)
	}
}
