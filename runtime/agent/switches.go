package agent

import (
	"fmt"

	"github.com/valelab/valelab/netmap/kernel"
	"github.com/valelab/valelab/netmap/serve"
	"github.com/valelab/valelab/runtime/keeper"
)

// lanSwitch is a switch or wire of the lab.
type lanSwitch struct {
	name  string
	spec  SwitchSpec
	lan   lan
	ports int // endpoints, uplinks and ends of trunks
}

// putSwitch carries out PUT /v1/switches/{name}.
func (a *agent) putSwitch(name string, spec SwitchSpec) (created bool, err error) {
	if !switchName.MatchString(name) {
		return false, invalid("switch %q: not a switch's name", name)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if old := a.switches[name]; old != nil {
		return false, same(old.spec == spec, "switch "+name)
	}
	s, fds, err := a.newSwitch(name, spec)
	if err != nil {
		return false, fmt.Errorf("switch %s: %w", name, err)
	}
	if err := a.keep(kindSwitch, name, spec, fds...); err != nil {
		a.report(s.close(), "switch", name)
		return false, fmt.Errorf("switch %s: %w", name, err)
	}
	a.switches[name] = &lanSwitch{name: name, spec: spec, lan: s}
	return true, nil
}

// newSwitch makes a switch, and says which file of it the keeper is to hold: its
// state, or the module's device, which keeps the module there.
func (a *agent) newSwitch(name string, spec SwitchSpec) (lan, []int, error) {
	if spec.Kernel {
		d, err := openModule()
		return &moduleLAN{agent: a, name: moduleSwitch(name), control: d, wire: spec.Wire}, []int{int(d)}, err
	}
	s, err := a.engine.NewSwitch(name, spec.Wire, nil)
	if err != nil {
		return nil, nil, err
	}
	fds, err := serve.FDs(s.StateFile())
	if err != nil {
		a.report(s.Close(), "switch", name)
	}
	return userLAN{s}, fds, err
}

// deleteSwitch carries out DELETE /v1/switches/{name}.
func (a *agent) deleteSwitch(name string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.switches[name]
	if s == nil {
		return nil
	}
	if s.ports > 0 {
		return conflict("switch %s has %d ports", name, s.ports)
	}
	if node := a.accessTo(name); node != "" {
		return conflict("switch %s is open to node %s", name, node)
	}
	if err := a.store.Delete(entryKey(kindSwitch, name)); err != nil {
		return fmt.Errorf("switch %s: %w", name, err)
	}
	delete(a.switches, name)
	return s.lan.close()
}

// restoreSwitch makes a switch again.
func (a *agent) restoreSwitch(name string, entry *keeper.Entry) error {
	var spec SwitchSpec
	if err := decodeEntry(entry, &spec); err != nil {
		return err
	}
	if spec.Kernel {
		l := &moduleLAN{agent: a, name: moduleSwitch(name), control: kernel.Device(take(entry, 0)), wire: spec.Wire}
		a.switches[name] = &lanSwitch{name: name, spec: spec, lan: l}
		return nil
	}
	state := newFile(entry, 0, "state of switch "+name)
	s, err := a.engine.NewSwitch(name, spec.Wire, state)
	if err != nil {
		_ = state.Close()
		return err
	}
	a.switches[name] = &lanSwitch{name: name, spec: spec, lan: userLAN{s}}
	return nil
}

// switchFor finds the switch that a port is to be on.
func (a *agent) switchFor(name string) (*lanSwitch, error) {
	if s := a.switches[name]; s != nil {
		return s, nil
	}
	return nil, missing("there is no switch %q", name)
}
