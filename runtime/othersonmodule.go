package runtime

import (
	"context"
	"time"

	"github.com/valelab/valelab/runtime/agent"
	"github.com/valelab/valelab/runtime/state"
	"github.com/valelab/valelab/topology"
)

// othersPatience is how long it may take to ask the agent of a plugin's lab.
const othersPatience = 2 * time.Second

// OthersOnModule is what the labs beside this one have of netmap's module, which
// all of them share: devices on its switches, and switches in the machine's
// namespace.
func OthersOnModule(lab state.Dir) (links, hostSwitches int, err error) {
	all, err := othersOnModule(lab)
	return all.Links, all.HostSwitches, err
}

// othersOnModule is what the labs beside this one have, as their plans say; of a
// plugin's its agent. One that can't be asked does not count: it is nobody's
// fault here.
func othersOnModule(lab state.Dir) (all taken, err error) {
	labs, err := lab.Root().Labs()
	if err != nil {
		return taken{}, err
	}
	for _, other := range labs {
		if other.Name() == lab.Name() {
			continue
		}
		if plugin, err := other.IsPlugin(); err == nil && plugin {
			all.add(pluginOnModule(other))
			continue
		}
		if plan, err := readPlan(other); err == nil && plan.Netmap == topology.NetmapKernel {
			d := moduleDemand(plan)
			all.add(taken{len(d.Veths), d.HostSwitches})
		}
	}
	return all, nil
}

func (t *taken) add(other taken) {
	t.Links += other.Links
	t.HostSwitches += other.HostSwitches
}

// pluginOnModule asks the agent of a plugin's lab.
func pluginOnModule(lab state.Dir) taken {
	ctx, cancel := context.WithTimeout(context.Background(), othersPatience)
	defer cancel()
	client := agent.Dial(lab.Path())
	defer client.Close()
	have, err := client.Lab(ctx)
	if err != nil {
		return taken{}
	}
	return onModule(have)
}

// onModule is what a lab has of the module: each endpoint is a device, an uplink
// three and a switch in the machine's namespace.
func onModule(lab *agent.Lab) (all taken) {
	kernel := make(map[string]bool)
	for _, s := range lab.Switches {
		kernel[s.Name] = s.Kernel
	}
	for _, e := range lab.Endpoints {
		if kernel[e.Switch] {
			all.Links++
		}
	}
	for _, u := range lab.Uplinks {
		if kernel[u.Switch] {
			all.add(taken{3, 1})
		}
	}
	return all
}
