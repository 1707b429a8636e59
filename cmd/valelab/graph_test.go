package main

import (
	"testing"

	"github.com/valelab/valelab/cmd/valelab/diagram"
	"github.com/valelab/valelab/runtime"
)

// TestGraphOfPlugin draws what an agent of the Docker plugin has, which is in no
// plan, in whatever order it tells it. A container may be called as a switch.
func TestGraphOfPlugin(t *testing.T) {
	found := &runtime.Inspection{
		Lab:      "valelab",
		Nodes:    []runtime.NodeInspection{{Name: "web"}, {Name: "left"}},
		Switches: []runtime.SwitchInspection{{Name: "right"}, {Name: "left"}},
		Endpoints: []runtime.EndpointInspection{
			{Node: "web", Interface: "eth0", Switch: "left", IPv4: []string{"10.9.0.2/24"}},
			{Node: "left", Interface: "eth0", Switch: "left", IPv4: []string{"10.9.0.3/24"}},
		},
		Uplinks: []runtime.UplinkInspection{{Interface: "eth3", Switch: "right", Host: "keep"}},
	}
	want := `lab valelab

left
│  right
│  │  left
●──┼─── eth0  left  10.9.0.3/24
│  │  web
●──┼─── eth0  left  10.9.0.2/24
   │  host  this machine
   ●─── eth3  right  (keep)
`
	if got := diagram.Of(planOfInspection(found)).Picture(); got != want {
		t.Errorf("picture:\n%swant:\n%s", got, want)
	}
}
