package runtime

import (
	"testing"

	"github.com/valelab/valelab/runtime/agent"
)

// TestOnModule counts what a plugin's lab has of the module.
func TestOnModule(t *testing.T) {
	endpoint := func(on string) agent.EndpointState {
		return agent.EndpointState{EndpointSpec: agent.EndpointSpec{Switch: on}}
	}
	got := onModule(&agent.Lab{
		Switches: []agent.SwitchState{
			{Name: "left", SwitchSpec: agent.SwitchSpec{Kernel: true}}, {Name: "right"},
		},
		Endpoints: []agent.EndpointState{endpoint("left"), endpoint("left"), endpoint("right")},
		Uplinks: []agent.UplinkState{
			{UplinkSpec: agent.UplinkSpec{Switch: "left"}}, {UplinkSpec: agent.UplinkSpec{Switch: "right"}},
		},
	})
	if want := (taken{Links: 5, HostSwitches: 1}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
