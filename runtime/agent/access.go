package agent

import (
	"fmt"
	"strings"

	"github.com/valelab/valelab/runtime/keeper"
	"github.com/valelab/valelab/topology"
)

// putAccess carries out PUT /v1/accesses/{node}/{switch}. Ports that the node's
// programs have on a switch of their own by that name are closed.
func (a *agent) putAccess(node, on string) (created bool, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	access := topology.Access{Node: node, Switch: on}
	if _, ok := a.accesses[access]; ok {
		return false, nil
	}
	if a.nodes[node] == nil {
		return false, missing("there is no node %q", node)
	}
	s, err := a.switchFor(on)
	if err != nil {
		return false, err
	}
	if s.spec.Wire {
		return false, invalid("access %s: %s is a wire", accessKey(access), on)
	}
	if err := a.keep(kindAccess, accessKey(access), access); err != nil {
		return false, fmt.Errorf("access %s: %w", accessKey(access), err)
	}
	a.evict(access, "it is a switch of the lab now")
	a.accesses[access] = struct{}{}
	return true, nil
}

// deleteAccess carries out DELETE /v1/accesses/{node}/{switch}. Ports that the
// node's programs have there are closed. Those on a switch of netmap's module are
// the programs' until they close them: an event tells.
func (a *agent) deleteAccess(node, on string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	access := topology.Access{Node: node, Switch: on}
	if _, ok := a.accesses[access]; !ok {
		return nil
	}
	if err := a.store.Delete(entryKey(kindAccess, accessKey(access))); err != nil {
		return fmt.Errorf("access %s: %w", accessKey(access), err)
	}
	a.evict(access, "the node may no longer open it")
	if n := a.nodes[node]; n != nil && a.onModuleLocked(on) {
		if ports := n.space.PortsOn(access.As()); ports > 0 {
			a.hub.publish(Event{
				Kind: EventDetach, Node: node, Switch: on,
				Message: fmt.Sprintf("%d ports on %s: the node may no longer open any; these stay until its programs close them", ports, access.As()),
			})
		}
	}
	delete(a.accesses, access)
	return nil
}

// restoreAccess restores an access.
func (a *agent) restoreAccess(entry *keeper.Entry) error {
	var access topology.Access
	if err := decodeEntry(entry, &access); err != nil {
		return err
	}
	if _, err := a.switchFor(access.Switch); err != nil {
		return err
	}
	if a.nodes[access.Node] == nil {
		return fmt.Errorf("there is no node %q", access.Node)
	}
	a.accesses[access] = struct{}{}
	return nil
}

// dropAccesses forgets what a node that goes could open.
func (a *agent) dropAccesses(node string) error {
	for access := range a.accesses {
		if access.Node != node {
			continue
		}
		if err := a.store.Delete(entryKey(kindAccess, accessKey(access))); err != nil {
			return fmt.Errorf("access %s: %w", accessKey(access), err)
		}
		delete(a.accesses, access)
	}
	return nil
}

// evict closes the ports that a node's programs have on a switch by the name
// that is about to mean another one.
func (a *agent) evict(access topology.Access, why string) {
	n := a.nodes[access.Node]
	if n == nil {
		return
	}
	for p := range a.programs {
		if p.node == n && p.open.OnSwitch(access.As()) {
			port := p.open.Port().Name()
			a.hub.publish(Event{
				Kind: EventDetach, Node: n.name, Switch: access.Switch,
				Message: fmt.Sprintf("port %s on %s: %s", port, access.As(), why),
			})
			a.endProgram(p)
		}
	}
	a.report(n.space.Clear(access.As()), "persistent ports of node", n.name)
}

// accessOf finds the switch of the lab that a node's programs may open by a
// name; nil: there is none.
func (a *agent) accessOf(node, as string) *lanSwitch {
	for _, on := range []string{strings.TrimPrefix(as, "vale"), as} {
		access := topology.Access{Node: node, Switch: on}
		if _, ok := a.accesses[access]; ok && access.As() == as {
			if s := a.switches[on]; s != nil {
				return s
			}
		}
	}
	return nil
}

// accessTo returns a node that may open a switch, or "".
func (a *agent) accessTo(on string) string {
	for access := range a.accesses {
		if access.Switch == on {
			return access.Node
		}
	}
	return ""
}

func accessKey(a topology.Access) string { return portName(a.Node, a.Switch) }
