package plugin

import (
	"slices"
	"testing"

	"github.com/valelab/valelab/runtime"
)

// TestAddAddresses gives the endpoints that an agent has their addresses.
func TestAddAddresses(t *testing.T) {
	b := newBench(t)
	b.must(b.network("n1", nil))
	b.joined("n1", "e1", "10.9.0.2/24", "/ns/1")
	b.joined("n1", "e2", "10.9.0.3/24", "/ns/2")
	e, _ := b.known.endpoint("e2")
	e.Inside, e.IPv6 = "eth0", "fd00::3/64"
	b.must(b.known.putEndpoint(e))
	other, _ := b.known.endpoint("e1")
	lab := &runtime.Inspection{Folder: b.dirs[1], Endpoints: []runtime.EndpointInspection{
		{Node: "db", Interface: "eth0", MAC: e.MAC}, {Node: "web", Interface: "e123", MAC: other.MAC},
	}}
	b.must(AddAddresses(lab))
	got := lab.Endpoints
	if !slices.Equal(got[0].IPv4, []string{"10.9.0.3/24"}) || !slices.Equal(got[0].IPv6, []string{"fd00::3/64"}) || got[1].IPv4 != nil {
		t.Errorf("%+v", got)
	}
	b.must(AddAddresses(&runtime.Inspection{Folder: t.TempDir(), Endpoints: got})) // no plugin's
}
