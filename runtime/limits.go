package runtime

import (
	"errors"

	"github.com/hashicorp/go-multierror"

	"github.com/valelab/valelab/netmap/module"
	"github.com/valelab/valelab/topology"
)

// fitsModule refuses a plan for the netmap module that the module has no room for, before anything is made: as a list
// of HintErrors, each with the parameter to set. others is what other labs have of it, available the memory that the machine
// has to give, in bytes (0: not known). Notes are about what is possible and may turn out to be too much.
func fitsModule(plan *topology.Plan, params *module.Params, others taken, available int) (notes []string, err error) {
	demand := moduleDemand(plan)
	demand.OtherVeths, demand.OtherHost, demand.Available = others.Links, others.HostSwitches, available
	for _, s := range params.Check(demand) {
		if s.Certain {
			err = multierror.Append(err, &HintError{Err: errors.New("lab " + plan.Lab + ": " + s.What), Hint: s.Hint})
		} else {
			notes = append(notes, s.What+"; hint: "+s.Hint)
		}
	}
	return notes, err
}

// taken is what labs have of the module, which all labs of the machine share.
type taken struct {
	Links        int // devices on its switches
	HostSwitches int // switches in the machine's namespace
}

// moduleDemand is what the plan needs of the netmap module. Each endpoint has a veth on its switch, and a port of its
// own while a program has it open. A trunk is a veth with both ends on switches; an uplink too, whose other switch is
// in the machine's namespace beside the interface.
func moduleDemand(plan *topology.Plan) module.Demand {
	d := module.Demand{Switches: map[string]int{}}
	veth := func(name string, mtu int) { d.Veths = append(d.Veths, module.Veth{Name: name, MTU: mtu}) }
	for i := range plan.Steps {
		switch s := &plan.Steps[i]; {
		case s.Switch != nil:
			d.Switches[s.Switch.Name] += 0
		case s.Endpoint != nil:
			e := s.Endpoint
			d.Switches[e.Switch]++
			veth(e.Node+":"+e.Interface, e.MTU)
			d.Ports = append(d.Ports, module.Port{Rings: e.Rings, Slots: e.Slots})
		case s.Trunk != nil:
			for _, name := range []string{s.Trunk.A, s.Trunk.B} {
				d.Switches[name]++
				veth(s.Trunk.A+"--"+s.Trunk.B, 0)
			}
		case s.Uplink != nil:
			d.Switches[s.Uplink.Switch]++
			d.HostSwitches++
			for range 3 { // both ends of the veth, and the interface
				veth("host:"+s.Uplink.Interface, 0)
			}
		}
	}
	return d
}
