package topology

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// end reads one end of a link: node:interface, switch or host:interface. Its result
// has the right kind, as far as that can be seen, even if ok is false.
func (r *reader) end(names *names, v item) (End, bool) {
	if v.node.Kind == yaml.MappingNode {
		r.fault(v.at, "no space behind the colon: gen:eth1", "endpoint must be text, not a map")
		return End{}, false
	}
	text, ok := r.text(v, "endpoint")
	if !ok {
		return End{}, false
	}
	name, iface, hasInterface := strings.Cut(text, ":")
	switch {
	case hasInterface && name == hostName:
		if err := hostInterfaceError(iface); err != nil {
			r.fault(v.at, "for example host:eth3", "interface %s of the machine %v", quote(iface), err)
			ok = false
		}
		return End{Host: iface}, ok
	case hasInterface:
		return End{Node: name, Interface: iface}, r.nodeEnd(names, v, name, iface)
	}
	return End{Switch: name}, r.switchEnd(names, v, name)
}

// nodeEnd checks the end NODE:INTERFACE.
func (r *reader) nodeEnd(names *names, v item, name, iface string) bool {
	ok := true
	if _, isNode := names.nodes[name]; !isNode {
		if _, isSwitch := names.switches[name]; isSwitch {
			r.fault(v.at, "write just "+quote(name), "endpoint %s: %s is a switch, which has no interfaces", quote(name+":"+iface), name)
			return false
		}
		hint := unsetHint(name, r.suggest(name, names.nodeOrder))
		r.fault(v.at, hint, "endpoint %s: unknown node %s", quote(name+":"+iface), quote(name))
		ok = false
	}
	if err := interfaceNameError(iface); err != nil {
		r.fault(v.at, interfaceNameHint(iface), "endpoint %s: interface %s %v", quote(name+":"+iface), quote(iface), err)
		ok = false
	}
	return ok
}

// switchEnd checks the end SWITCH.
func (r *reader) switchEnd(names *names, v item, name string) bool {
	if _, isSwitch := names.switches[name]; isSwitch {
		return true
	}
	if _, isNode := names.nodes[name]; isNode {
		r.fault(v.at, "name the interface: "+quote(name+":eth1"), "endpoint %s is a node, and no interface is named", quote(name))
		return false
	}
	if name == hostName {
		r.fault(v.at, "for example host:eth3", "endpoint host names no interface of the machine")
		return false
	}
	r.fault(v.at, unsetHint(name, r.suggestOrDeclare(name, names.switchOrder, "switches")), "unknown switch %s", quote(name))
	return false
}
