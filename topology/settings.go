package topology

import (
	"slices"

	"gopkg.in/yaml.v3"
)

// settings reads what a link in its long form says beside its endpoints.
func (r *reader) settings(l *readLink, entries []entry) bool {
	ok := true
	var ipv6 pos
	for _, e := range entries {
		if !slices.Contains(linkKeys, e.key) {
			r.unknownKey(e, "link", linkKeys)
			ok = false
			continue
		}
		if r.isNull(e.value) {
			continue
		}
		if problem, hint := l.misplaced(e.key); problem != "" {
			r.fault(e.at, hint, "link: %s %s", e.key, problem)
			ok = false
			continue
		}
		valid := true
		switch what := "link: " + e.key; e.key {
		case "mtu":
			l.MTU, valid = r.integer(e.value, what, minMTU, maxMTU)
		case "rings":
			l.Rings, valid = r.integer(e.value, what, minRings, maxRings)
		case "slots":
			l.Slots, valid = r.integer(e.value, what, minSlots, maxSlots)
		case "host":
			l.Host, valid = r.hostUse(e.value)
		case "mac":
			valid = r.perEnd(l, e, func(end *End, v item) bool { return r.mac(end, v) })
		case "ipv4":
			valid = r.perEnd(l, e, func(end *End, v item) bool { return r.addresses(&end.IPv4, v, 4) })
		case "ipv6":
			ipv6 = e.at
			valid = r.perEnd(l, e, func(end *End, v item) bool { return r.addresses(&end.IPv6, v, 6) })
		}
		ok = ok && valid
	}
	if ok && l.MTU < minMTU6 && len(l.Ends[0].IPv6)+len(l.Ends[1].IPv6) > 0 {
		r.fault(ipv6, "raise mtu to 1280 or take the address away", "IPv6 address on a link with MTU %d", l.MTU)
		ok = false
	}
	return ok
}

// misplaced says why a link cannot have this setting, "" if it can.
func (l *readLink) misplaced(key string) (problem, hint string) {
	a, b := l.Ends[0], l.Ends[1]
	if key == "host" {
		if a.Host == "" && b.Host == "" {
			return "is for links to an interface of the machine", "for example endpoints: [left, host:eth3]"
		}
		return "", ""
	}
	if a.Node == "" && b.Node == "" && a.String() != "" && b.String() != "" {
		return "is for links that have a node", ""
	}
	return "", ""
}

func (r *reader) hostUse(v item) (string, bool) {
	use, ok := r.text(v, "link: host")
	if known := []string{HostKeep, HostTake}; ok && !slices.Contains(known, use) {
		r.fault(v.at, r.suggest(use, known), "link: host must be keep or take, not %s", quote(use))
		return "", false
	}
	return use, ok
}

// perEnd reads a setting that belongs to the interface of a node. On a link of two
// nodes it is a list with one value for each, in the order of the endpoints.
func (r *reader) perEnd(l *readLink, e entry, read func(*End, item) bool) bool {
	if l.Ends[0].Node == "" {
		return read(&l.Ends[1], e.value)
	}
	if l.Ends[1].Node == "" {
		return read(&l.Ends[0], e.value)
	}
	hint := e.key + ": [of " + l.Ends[0].String() + ", of " + l.Ends[1].String() + "], ~ for none"
	items, ok := r.list(e.value, "link of two nodes: "+e.key, hint)
	if ok && len(items) != 2 {
		r.fault(e.value.at, hint, "link of two nodes: %s has %d values instead of 2", e.key, len(items))
		ok = false
	}
	if !ok {
		return false
	}
	for i, v := range items {
		if !r.isNull(v) && !read(&l.Ends[i], v) {
			ok = false
		}
	}
	return ok
}

// mac reads the MAC address of an interface.
func (r *reader) mac(end *End, v item) bool {
	text, ok := r.text(v, "link: mac")
	if !ok {
		return false
	}
	mac, err := parseMAC(text)
	if err != nil {
		r.fault(v.at, "for example 02:00:00:00:00:01", "link: mac %s %v", quote(text), err)
		return false
	}
	end.MAC = mac
	return true
}

// addresses reads the address of an interface, or a list of them.
func (r *reader) addresses(to *[]string, v item, version int) bool {
	items, ok := []item{v}, true
	if v.node.Kind == yaml.SequenceNode {
		items, ok = r.list(v, "link: addresses", "")
	}
	for _, v := range items {
		text, valid := r.text(v, "address")
		if !valid {
			ok = false
			continue
		}
		address, err := parseAddress(text, version)
		if err != nil {
			r.fault(v.at, addressHint(text, version), "address %s %v", quote(text), err)
			ok = false
			continue
		}
		*to = append(*to, address)
	}
	return ok
}
