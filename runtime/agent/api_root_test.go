package agent

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/vishvananda/netlink"
)

// status is the HTTP status of a refusal, 0 of none.
func status(t *testing.T, err error) int {
	t.Helper()
	var refused *StatusError
	if err == nil {
		return 0
	}
	if !errors.As(err, &refused) {
		t.Fatalf("%v is no refusal", err)
	}
	return refused.Status
}

func TestRootPutIsIdempotent(t *testing.T) {
	l := startLab(t)
	ctx := t.Context()
	n := l.addNode("n1")
	l.must(l.PutSwitch(ctx, "left", SwitchSpec{}))
	endpoint := n.addEndpoint("left", 1)
	other := endpoint
	other.MTU = 1400

	steps := []struct {
		name    string
		put     func() (bool, error)
		created bool
		status  int
	}{
		{"new switch", func() (bool, error) { return l.PutSwitch(ctx, "right", SwitchSpec{}) }, true, 0},
		{"same switch", func() (bool, error) { return l.PutSwitch(ctx, "right", SwitchSpec{}) }, false, 0},
		{"other switch", func() (bool, error) { return l.PutSwitch(ctx, "right", SwitchSpec{Wire: true}) }, false, http.StatusConflict},
		{"wire", func() (bool, error) { return l.PutSwitch(ctx, "a:eth1--b:eth1", SwitchSpec{Wire: true}) }, true, 0},
		{"bad switch", func() (bool, error) { return l.PutSwitch(ctx, "a/b", SwitchSpec{}) }, false, http.StatusBadRequest},
		{"new trunk", func() (bool, error) { return l.PutTrunk(ctx, "left", "right") }, true, 0},
		{"same trunk", func() (bool, error) { return l.PutTrunk(ctx, "left", "right") }, false, 0},
		{"reverse trunk", func() (bool, error) { return l.PutTrunk(ctx, "right", "left") }, false, http.StatusConflict},
		{"trunk to itself", func() (bool, error) { return l.PutTrunk(ctx, "left", "left") }, false, http.StatusBadRequest},
		{"trunk to nowhere", func() (bool, error) { return l.PutTrunk(ctx, "left", "nowhere") }, false, http.StatusNotFound},
		{"same endpoint", func() (bool, error) { return l.PutEndpoint(ctx, "n1", "eth1", endpoint) }, false, 0},
		{"other endpoint", func() (bool, error) { return l.PutEndpoint(ctx, "n1", "eth1", other) }, false, http.StatusConflict},
		{"endpoint of no node", func() (bool, error) { return l.PutEndpoint(ctx, "n2", "eth1", endpoint) }, false, http.StatusNotFound},
		{"endpoint without device", func() (bool, error) {
			spec := endpoint
			spec.Device = "nothing"
			return l.PutEndpoint(ctx, "n1", "eth2", spec)
		}, false, http.StatusNotFound},
		{"same node", func() (bool, error) { return l.PutNode(ctx, "n1", n.spec) }, false, 0},
		{"other node", func() (bool, error) { return l.PutNode(ctx, "n1", NodeSpec{PID: 1, StartTime: 1}) }, false, http.StatusConflict},
		{"node that is gone", func() (bool, error) { return l.PutNode(ctx, "n3", NodeSpec{PID: 1, StartTime: 1}) }, false, http.StatusGone},
		{"uplink without interface", func() (bool, error) { return l.PutUplink(ctx, "nothing", UplinkSpec{Switch: "left"}) }, false, http.StatusNotFound},
	}
	for _, s := range steps {
		created, err := s.put()
		if created != s.created || status(t, err) != s.status {
			t.Errorf("%s: created %v, error %v; want %v, status %d", s.name, created, err, s.created, s.status)
		}
	}

	want := &Lab{
		Lab: l.inventory().Lab,
		Switches: []SwitchState{
			{Name: "a:eth1--b:eth1", SwitchSpec: SwitchSpec{Wire: true}},
			{Name: "left", Ports: 2},
			{Name: "right", Ports: 1},
		},
		Endpoints: []EndpointState{{Node: "n1", Interface: "eth1", EndpointSpec: endpoint, Mode: ModeSocket}},
		Accesses:  []AccessState{},
		Trunks:    []TrunkState{{A: "left", B: "right"}},
		Uplinks:   []UplinkState{},
		Nodes:     []NodeState{{Node: "n1", Init: n.spec}},
	}
	for _, moment := range []string{"at first", "after a restart"} {
		got := l.inventory()
		if got.Nodes[0].State != "running" {
			t.Errorf("%s: node is %s", moment, got.Nodes[0].State)
		}
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(NodeState{}, "Status")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", moment, diff)
		}
		l.kill()
	}
}

func TestRootDelete(t *testing.T) {
	l := startLab(t)
	ctx := t.Context()
	n := l.addNode("n1")
	l.must(l.PutSwitch(ctx, "left", SwitchSpec{}))
	l.must(l.PutSwitch(ctx, "right", SwitchSpec{}))
	l.must(l.PutTrunk(ctx, "left", "right"))
	n.addEndpoint("left", 1)

	steps := []struct {
		name   string
		delete func() error
		status int
	}{
		{"switch with ports", func() error { return l.DeleteSwitch(ctx, "left") }, http.StatusConflict},
		{"switch with a trunk", func() error { return l.DeleteSwitch(ctx, "right") }, http.StatusConflict},
		{"node with an endpoint", func() error { return l.DeleteNode(ctx, "n1") }, http.StatusConflict},
		{"trunk", func() error { return l.DeleteTrunk(ctx, "left", "right") }, 0},
		{"endpoint", func() error { return l.DeleteEndpoint(ctx, "n1", "eth1") }, 0},
		{"node", func() error { return l.DeleteNode(ctx, "n1") }, 0},
		{"left", func() error { return l.DeleteSwitch(ctx, "left") }, 0},
		{"right", func() error { return l.DeleteSwitch(ctx, "right") }, 0},
	}
	for range 2 { // what is gone can be deleted again
		for _, s := range steps {
			if err := s.delete(); status(t, err) != s.status {
				t.Errorf("%s: %v, want status %d", s.name, err, s.status)
			}
		}
		for i := range steps {
			steps[i].status = 0
		}
	}
	l.kill()
	if got := l.inventory(); len(got.Switches)+len(got.Endpoints)+len(got.Trunks)+len(got.Nodes) != 0 {
		t.Errorf("left after a restart: %+v", got)
	}
}

func TestRootShutdownLeavesNothing(t *testing.T) {
	l := startLab(t)
	n := l.addNode("n1")
	l.must(l.PutSwitch(t.Context(), "lan", SwitchSpec{}))
	n.addEndpoint("lan", 1)
	if err := l.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "end of keeper and agent", func() bool { return !l.lives() })
	if _, err := l.Client.Version(t.Context()); !errors.Is(err, ErrNoAgent) {
		t.Errorf("somebody answers: %v", err)
	}
}

// An endpoint whose device is made anew is attached to the new one.
func TestRootDeviceMadeAnew(t *testing.T) {
	l := startLab(t)
	n := l.addNode("n1")
	l.must(l.PutSwitch(t.Context(), "lan", SwitchSpec{}))
	spec := n.addEndpoint("lan", 1)
	l.lab.do(t, func() error {
		device, err := netlink.LinkByName(spec.Device)
		if err != nil {
			return err
		}
		return netlink.LinkDel(device)
	})
	if fault := l.inventory().Endpoints[0].Fault; !strings.Contains(fault, "gone") {
		t.Errorf("fault %q of an endpoint whose device is gone", fault)
	}
	l.lab.addPair(t, spec.Device, newNamespace(t), "eth1", spec.MAC, "10.0.0.1/24")
	if fault := l.inventory().Endpoints[0].Fault; !strings.Contains(fault, "another") {
		t.Errorf("fault %q of an endpoint whose device is another", fault)
	}
	created, err := l.PutEndpoint(t.Context(), "n1", "eth1", spec)
	if !created || err != nil {
		t.Errorf("created %v, error %v", created, err)
	}
	if fault := l.inventory().Endpoints[0].Fault; fault != "" {
		t.Errorf("fault %q", fault)
	}
}
