package topology

// kind returns the kind that fits the payload, "" if there is not exactly one.
func (s *Step) kind() Kind {
	var kind Kind
	n := 0
	for _, payload := range []struct {
		kind Kind
		set  bool
	}{
		{KindLab, s.Lab != nil},
		{KindSwitch, s.Switch != nil},
		{KindNode, s.Node != nil},
		{KindEndpoint, s.Endpoint != nil},
		{KindAccess, s.Access != nil},
		{KindTrunk, s.Trunk != nil},
		{KindUplink, s.Uplink != nil},
		{KindStart, s.Start != nil},
	} {
		if payload.set {
			kind = payload.kind
			n++
		}
	}
	if n != 1 {
		return ""
	}
	return kind
}

func switchID(name string) string { return string(KindSwitch) + "/" + name }

func nodeID(name string) string { return string(KindNode) + "/" + name }

func endpointID(node, iface string) string { return string(KindEndpoint) + "/" + node + ":" + iface }

func accessID(node, on string) string { return string(KindAccess) + "/" + node + ":" + on }

func startID(node string) string { return string(KindStart) + "/" + node }

// id returns the ID that belongs to the payload.
func (s *Step) id() string {
	switch s.kind() {
	case KindLab:
		return string(KindLab)
	case KindSwitch:
		return switchID(s.Switch.Name)
	case KindNode:
		return nodeID(s.Node.Name)
	case KindEndpoint:
		return endpointID(s.Endpoint.Node, s.Endpoint.Interface)
	case KindAccess:
		return accessID(s.Access.Node, s.Access.Switch)
	case KindTrunk:
		return string(KindTrunk) + "/" + s.Trunk.A + "--" + s.Trunk.B
	case KindUplink:
		return string(KindUplink) + "/" + s.Uplink.Interface
	case KindStart:
		return startID(s.Start.Node)
	}
	return ""
}

// needs returns the IDs of the steps that belong before this one; parts has the
// steps of each node that its start waits for.
func (s *Step) needs(parts map[string][]string) []string {
	switch s.kind() {
	case KindSwitch, KindNode:
		return []string{string(KindLab)}
	case KindEndpoint:
		return []string{nodeID(s.Endpoint.Node), switchID(s.Endpoint.Switch)}
	case KindAccess:
		return []string{nodeID(s.Access.Node), switchID(s.Access.Switch)}
	case KindTrunk:
		return []string{switchID(s.Trunk.A), switchID(s.Trunk.B)}
	case KindUplink:
		return []string{switchID(s.Uplink.Switch)}
	case KindStart:
		needs := append([]string{nodeID(s.Start.Node)}, parts[s.Start.Node]...)
		for _, d := range s.Start.After {
			needs = append(needs, startID(d.Node))
		}
		return needs
	}
	return nil
}
