package agent

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/valelab/valelab/netmap/serve"
	"github.com/valelab/valelab/runtime/keeper"
	"github.com/valelab/valelab/runtime/node"
)

// A guest is a node that is a container of somebody else's: of a network of the
// Docker plugin. Nobody watches its process, and its programs come through the
// door (door.go). Its endpoints go by names that do not change, while what they
// are called inside the container is the container's affair.
//
// Only its labels can be wrong: they are what people see.

// maxLabels bounds the endpoints of a guest that have names.
const maxLabels = 256

// putGuest carries out PUT /v1/guests/{node}.
func (a *agent) putGuest(name string, spec GuestSpec) (created bool, err error) {
	if err := checkGuest(name, spec); err != nil {
		return false, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	n := a.nodes[name]
	switch {
	case n == nil:
		created = true
		n = a.addGuest(name, spec)
	case n.guest == nil:
		return false, conflict("node %s is there already and no guest", name)
	case spec.same(&GuestSpec{}): // without labels: that it is there is enough
		return false, nil
	case n.guest.same(&spec):
		return false, a.holdGuest(n) // it may be there by now
	}
	before := n.guest
	n.guest = &spec
	err = a.holdGuest(n)
	if err == nil {
		err = a.keep(kindGuest, name, spec)
	}
	if err != nil {
		n.guest = before
		if created {
			a.dropNode(n)
		}
		return false, fmt.Errorf("guest %s: %w", name, err)
	}
	return created, nil
}

func (a *agent) addGuest(name string, spec GuestSpec) *labNode {
	n := &labNode{
		namespace: -1,
		name:      name, listener: -1, pidfd: -1, guest: &spec,
		status: node.Status{State: node.Running, Since: time.Now()},
	}
	n.space = serve.NewSpace(a.engine, name, netmapHost{a, n})
	a.nodes[name] = n
	return n
}

// restoreGuest makes a guest again.
func (a *agent) restoreGuest(name string, entry *keeper.Entry) error {
	var spec GuestSpec
	if err := decodeEntry(entry, &spec); err != nil {
		return err
	}
	a.addGuest(name, spec)
	return nil
}

// checkGuest says what is wrong with a request.
func checkGuest(name string, spec GuestSpec) error {
	if !nodeName.MatchString(name) {
		return invalid("guest %q: not a node's name", name)
	}
	if spec.Title != "" && !nodeName.MatchString(spec.Title) {
		return invalid("guest %s: title: %q is not a node's name", name, spec.Title)
	}
	if spec.Namespace != "" && (!filepath.IsAbs(spec.Namespace) || filepath.Clean(spec.Namespace) != spec.Namespace) {
		return invalid("guest %s: namespace: %q is not an absolute path", name, spec.Namespace)
	}
	if len(spec.Names) > maxLabels {
		return invalid("guest %s: more than %d names", name, maxLabels)
	}
	for iface, inside := range spec.Names {
		if !isDevice(iface) || !isDevice(inside) {
			return invalid("guest %s: %q is not an interface that could be called %q", name, iface, inside)
		}
	}
	return nil
}

func (g *GuestSpec) same(other *GuestSpec) bool {
	return g.Title == other.Title && g.Namespace == other.Namespace && maps.Equal(g.Names, other.Names)
}

// shown is what people see of a node's name and of one of its interfaces.
func (n *labNode) shown(iface string) (string, string) {
	if n == nil || n.guest == nil {
		return "", iface
	}
	name := n.name
	if n.guest.Title != "" {
		name = n.guest.Title
	}
	if inside := n.guest.Names[iface]; inside != "" {
		iface = inside
	}
	return name, iface
}

// shown is what people see of an endpoint: its node and its interface.
func (a *agent) shown(e *endpoint) (string, string) {
	if name, iface := a.nodes[e.Node].shown(e.Interface); name != "" {
		return name, iface
	}
	return e.Node, e.Interface
}

// findShown finds an endpoint by what it is called or shown as.
func (a *agent) findShown(port string) *endpoint {
	if e := a.endpoints[port]; e != nil {
		return e
	}
	for _, e := range a.endpoints {
		if a.nodes[e.Node].isGuest() && portName(a.shown(e)) == port {
			return e
		}
	}
	return nil
}

func (n *labNode) isGuest() bool { return n != nil && n.guest != nil }

// inside returns what an endpoint's interface is called where a program of the
// node opens it by name; "": there is none.
func (n *labNode) inside(name string) string {
	if n.guest == nil {
		return name
	}
	for _, iface := range slices.Sorted(maps.Keys(n.guest.Names)) {
		if n.guest.Names[iface] == name {
			return iface
		}
	}
	return ""
}

// endpointAt finds the node's endpoint that a program calls so.
func (a *agent) endpointAt(n *labNode, name string) *endpoint {
	iface := n.inside(name)
	if iface == "" {
		return nil
	}
	return a.endpoints[portName(n.name, iface)]
}
