package topology

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// ParsePlan reads a plan back from its JSON. Whatever it accepts is a plan that
// Compile could have made, as far as its graph and its names go: IDs, kinds and
// needs fit the payloads, names are safe to make files and interfaces of.
func ParsePlan(data []byte) (*Plan, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	var p Plan
	if err := dec.Decode(&p); err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("plan: more than one value")
	}
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	nodes := make(map[string]*Node)
	for i := range p.Steps {
		switch s := &p.Steps[i]; {
		case s.Node != nil:
			s.Node.Hosts = p.Steps[0].Lab.Hosts
			nodes[s.Node.Name] = s.Node
		case s.Access != nil:
			nodes[s.Access.Node].Vale = append(nodes[s.Access.Node].Vale, s.Access.Switch)
		case s.Start != nil:
			nodes[s.Start.Node].DependsOn = s.Start.After
		}
	}
	return &p, nil
}

// check looks for what Compile never makes.
func (p *Plan) check() error {
	if len(p.Steps) == 0 || p.Steps[0].Lab == nil || p.Steps[0].Lab.Name != p.Lab {
		return errors.New("does not begin with its lab")
	}
	if err := nameError(p.Lab, maxLabName); err != nil {
		return fmt.Errorf("name of the lab %s %w", quote(p.Lab), err)
	}
	if !slices.Contains([]string{NetmapAuto, NetmapUser, NetmapKernel}, p.Netmap) {
		return fmt.Errorf("unknown backend %s", quote(p.Netmap))
	}
	seen := make(map[string]bool, len(p.Steps))
	parts := make(map[string][]string)
	for i := range p.Steps {
		s := &p.Steps[i]
		if s.kind() == "" || s.kind() != s.Kind || s.id() != s.ID || seen[s.ID] {
			return fmt.Errorf("step %s is not well formed", quote(s.ID))
		}
		if err := s.check(); err != nil {
			return fmt.Errorf("step %s: %w", quote(s.ID), err)
		}
		switch {
		case s.Endpoint != nil:
			parts[s.Endpoint.Node] = append(parts[s.Endpoint.Node], s.ID)
		case s.Access != nil:
			parts[s.Access.Node] = append(parts[s.Access.Node], s.ID)
		}
		if !slices.Equal(s.Needs, s.needs(parts)) {
			return fmt.Errorf("step %s does not need what it should", quote(s.ID))
		}
		for _, need := range s.Needs {
			if !seen[need] {
				return fmt.Errorf("step %s comes before %s, which it needs", quote(s.ID), quote(need))
			}
		}
		seen[s.ID] = true
	}
	return nil
}

// check looks at the payload.
func (s *Step) check() error {
	switch {
	case s.Switch != nil && s.Switch.Wire:
		a, b, _ := strings.Cut(s.Switch.Name, "--")
		return errors.Join(endError(a), endError(b))
	case s.Switch != nil:
		return switchNameError(s.Switch.Name)
	case s.Node != nil:
		return s.Node.check()
	case s.Endpoint != nil:
		return s.Endpoint.check()
	case s.Access != nil:
		return valeNameError(s.Access.Switch)
	case s.Trunk != nil && s.Trunk.A >= s.Trunk.B:
		return errors.New("ends are not in order")
	case s.Uplink != nil && s.Uplink.Host != HostKeep && s.Uplink.Host != HostTake:
		return fmt.Errorf("unknown use %s of the interface", quote(s.Uplink.Host))
	case s.Uplink != nil:
		return hostInterfaceError(s.Uplink.Interface)
	case s.Start != nil:
		return s.Start.check()
	}
	return nil
}

func (s *Start) check() error {
	for i, d := range s.After {
		if d.Condition != Started && d.Condition != Healthy && d.Condition != Exited {
			return fmt.Errorf("unknown condition %s", quote(string(d.Condition)))
		}
		if i > 0 && s.After[i-1].Node >= d.Node {
			return errors.New("dependencies are not in order")
		}
	}
	return nil
}

func (n *Node) check() error {
	if err := nodeNameError(n.Name); err != nil {
		return err
	}
	if n.CPU < 0 || n.Memory < 0 || n.ShmSize < 0 {
		return errors.New("a limit is negative")
	}
	if n.PullPolicy != "" && n.PullPolicy != PullAlways && n.PullPolicy != PullNever {
		return fmt.Errorf("unknown pull policy %s", quote(n.PullPolicy))
	}
	if _, ok := parseRestart(n.Restart.Name); !ok {
		return fmt.Errorf("unknown restart policy %s", quote(n.Restart.Name))
	}
	return nil
}

func (e *Endpoint) check() error {
	if err := interfaceNameError(e.Interface); err != nil {
		return err
	}
	if mac, err := parseMAC(e.MAC); err != nil || mac != e.MAC {
		return fmt.Errorf("bad MAC address %s", quote(e.MAC))
	}
	for _, a := range e.IPv4 {
		if _, err := parseAddress(a, 4); err != nil {
			return fmt.Errorf("address %s %w", quote(a), err)
		}
	}
	for _, a := range e.IPv6 {
		if _, err := parseAddress(a, 6); err != nil {
			return fmt.Errorf("address %s %w", quote(a), err)
		}
	}
	if e.MTU < minMTU || e.MTU > maxMTU || e.Rings < minRings || e.Rings > maxRings || e.Slots < minSlots || e.Slots > maxSlots {
		return errors.New("mtu, rings or slots out of range")
	}
	return nil
}

// endError checks NODE:INTERFACE.
func endError(text string) error {
	node, iface, _ := strings.Cut(text, ":")
	if err := nodeNameError(node); err != nil {
		return err
	}
	return interfaceNameError(iface)
}
