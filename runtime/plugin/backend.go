package plugin

import (
	"errors"
	"fmt"

	"github.com/valelab/valelab/netmap/module"
	"github.com/valelab/valelab/topology"
)

// errNoModule says that a network needs netmap's module and there is none.
var errNoModule = errors.New("the machine has no /dev/netmap; hint: load netmap's module, or leave netmap=kernel out")

// resolve decides what the switch of a network is that is about to be made: what
// it asks for, what its switch is already, or else the module's where that
// answers and can carry it.
func (d *Driver) resolve(known *records, n *Network) error {
	networks, endpoints := known.all()
	for _, o := range networks {
		if o.ID == n.ID {
			n.Kernel = o.Kernel
			return nil
		}
	}
	here := d.fabric.ModuleHere()
	n.Kernel = n.Options.Netmap == topology.NetmapKernel || n.Options.Netmap == "" && here
	for _, o := range networks {
		if o.Options.Switch != n.Options.Switch {
			continue
		}
		if n.Options.Netmap == "" {
			n.Kernel = o.Kernel
		} else if n.Kernel != o.Kernel {
			return fmt.Errorf("option netmap: %s: the switch %s is that of network %s, which is on %s; hint: switch=OTHER",
				n.Options.Netmap, n.Options.Switch, o.Label(), o.Backend())
		}
	}
	if !n.Kernel {
		return nil
	}
	err := d.fitsModule(networks, endpoints, n, here)
	if err != nil && n.Options.Netmap == "" && !shared(networks, n) {
		d.log.Info("the network has the user-space switch", "network", n.Label(), "reason", err)
		n.Kernel = false
		return nil
	}
	return err
}

// shared says whether the network's switch is another one's too.
func shared(networks []Network, n *Network) bool {
	for _, o := range networks {
		if o.ID != n.ID && o.Options.Switch == n.Options.Switch {
			return true
		}
	}
	return false
}

// fitsModule says why a network can't be on the module.
func (d *Driver) fitsModule(networks []Network, endpoints []Endpoint, n *Network, here bool) error {
	if !here {
		return errNoModule
	}
	params, others, err := d.fabric.ModuleRoom()
	if err != nil {
		return err
	}
	for _, s := range params.Check(demand(networks, endpoints, n, others)) {
		if s.Certain {
			return fmt.Errorf("%s; hint: %s", s.What, s.Hint)
		}
		d.log.Warn(s.What, "hint", s.Hint)
	}
	return nil
}

// demand is what all networks together need of the module beside others, with one
// more, and a container on it.
func demand(networks []Network, endpoints []Endpoint, n *Network, others module.Demand) module.Demand {
	all := others
	all.Switches = make(map[string]int)
	add := func(name string, o Options) {
		all.Switches[o.Switch]++
		all.Veths = append(all.Veths, module.Veth{Name: name, MTU: o.MTU})
		all.Ports = append(all.Ports, module.Port{Rings: o.Rings, Slots: o.Slots})
	}
	add(n.Label(), n.Options)
	of := make(map[string]Network)
	for _, o := range append(networks, *n) {
		if o.Kernel {
			of[o.ID] = o
			all.Switches[o.Options.Switch] += 0
			if o.Options.Host {
				add(o.Label(), o.Options)
			}
			if o.Options.Uplink != "" {
				all.Switches[o.Options.Switch]++
				all.HostSwitches++
				for range 3 { // both ends of a veth between the switches, and the interface
					all.Veths = append(all.Veths, module.Veth{Name: o.Options.Uplink})
				}
			}
		}
	}
	for _, e := range endpoints {
		if o, ok := of[e.Network]; ok {
			add(o.Label(), o.Options)
		}
	}
	return all
}

// degrade gives a network the user-space switch that had the module's, if the
// module is no more: after a reboot it may not be loaded. One that asks for the
// module says so in its error.
func (d *Driver) degrade(known *records, n *Network) error {
	if !n.Kernel || d.fabric.ModuleHere() {
		return nil
	}
	if n.Options.Netmap == topology.NetmapKernel {
		return fmt.Errorf("network %s: %w", n.Label(), errNoModule)
	}
	d.log.Warn("netmap's module is gone: the network has the user-space switch", "network", n.Label())
	n.Kernel = false
	return known.putNetwork(*n)
}

// Backend is what the network's switch is: topology.NetmapUser or NetmapKernel.
func (n *Network) Backend() string {
	if n.Kernel {
		return topology.NetmapKernel
	}
	return topology.NetmapUser
}
