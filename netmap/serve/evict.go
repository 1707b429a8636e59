package serve

// OnSwitch says whether what the program has open is a port of the switch that
// programs call so, or lies in the memory of one.
func (c *Conn) OnSwitch(name string) bool {
	if c.open == nil {
		return false
	}
	a := c.adapter
	for a.pipe != nil {
		a = a.pipe.parent
	}
	return a.bridge != nil && !a.bridge.hidden && a.bridge.name == name
}

// PortsOn returns the number of ports that there are on a switch.
func (s *Space) PortsOn(name string) int {
	if at := s.host.ModuleSwitch(name); at != "" {
		names, _ := s.portsOnModule(at) // without the module there are none
		return len(names)
	}
	if b, err := s.openBridge(name, false); err == nil {
		return len(b.ports)
	}
	return 0
}

// Clear takes the devices off a switch, so that its name can come to
// mean another one. The Conns that have ports there are closed already.
func (s *Space) Clear(name string) error {
	b, err := s.openBridge(name, false)
	if err != nil {
		return nil
	}
	for _, a := range b.ports {
		t := a.attached
		if a.place != nil {
			t = a.place
		}
		if t != nil {
			if err := s.unattach(t); err != nil {
				return err
			}
		}
		if a.users > 0 || a.place != nil {
			continue
		}
		if err := s.takeOff(a); err != nil {
			return err
		}
	}
	return nil
}
