package topology

import (
	"crypto/sha256"
	"slices"

	"gopkg.in/yaml.v3"
)

// Limits and default values of links.
const (
	minMTU, defaultMTU, maxMTU       = 68, 1500, 9216
	minMTU6                          = 1280 // the least that IPv6 works with
	minRings, defaultRings, maxRings = 1, 1, 16
	minSlots, defaultSlots, maxSlots = 64, 1024, 4096
)

// linkKeys are the keys of a link in its long form.
var linkKeys = []string{"endpoints", "mac", "ipv4", "ipv6", "mtu", "rings", "slots", "host"}

const linkHint = "for example [gen:eth1, left], or endpoints: [gen:eth1, left] and its settings"

// links reads the links and checks what concerns more than one of them.
func (r *reader) links(lab *Lab, names *names, e entry) {
	items, _ := r.list(e.value, "links", linkHint)
	c := newChecker(r, lab, names)
	for _, v := range items {
		if !r.spend(v.at, 2*costThing) {
			return
		}
		if l, ok := r.link(lab, names, v); ok {
			lab.Links = append(lab.Links, l.Link)
			c.add(l)
		}
	}
	c.finish()
}

// readLink is a link and where its parts stand.
type readLink struct {
	Link
	at   pos
	ends [2]pos
}

// link reads a link in its short form, a list of two ends, or its long one, a map
// with endpoints and settings.
func (r *reader) link(lab *Lab, names *names, v item) (readLink, bool) {
	l := readLink{at: v.at, Link: Link{MTU: defaultMTU, Rings: defaultRings, Slots: defaultSlots}}
	endpoints, settings := v, []entry(nil)
	if v.node.Kind == yaml.MappingNode {
		entries, _ := r.mapping(v, "link", "")
		i := slices.IndexFunc(entries, func(e entry) bool { return e.key == "endpoints" })
		if i < 0 {
			r.fault(v.at, linkHint, "link has no endpoints")
			return l, false
		}
		endpoints = entries[i].value
		settings = slices.Delete(entries, i, i+1)
	}
	items, ok := r.list(endpoints, "link", linkHint)
	if ok && len(items) != 2 {
		r.fault(endpoints.at, linkHint, "link has %d endpoints instead of 2", len(items))
		ok = false
	}
	if !ok {
		return l, false
	}
	for i, v := range items {
		var valid bool
		l.ends[i] = v.at
		l.Ends[i], valid = r.end(names, v)
		ok = ok && valid
	}
	if !r.settings(&l, settings) || !ok || !r.joins(&l) {
		return l, false
	}
	l.finish(lab.Name)
	return l, true
}

// joins checks that the two ends of a link go together.
func (r *reader) joins(l *readLink) bool {
	a, b := l.Ends[0], l.Ends[1]
	switch {
	case a.Host != "" && b.Host != "":
		r.fault(l.at, "put a switch between them: [left, host:"+a.Host+"] and [left, host:"+b.Host+"]",
			"link joins two interfaces of the machine")
	case a.Host != "" && b.Node != "" || a.Node != "" && b.Host != "":
		r.fault(l.at, "put a switch between them", "link joins a node to an interface of the machine")
	case a.Switch != "" && a.Switch == b.Switch:
		r.fault(l.at, "a link has two ends; take it away", "link joins switch %s to itself", quote(a.Switch))
	default:
		return true
	}
	return false
}

// finish fills in what the file leaves out.
func (l *readLink) finish(lab string) {
	if (l.Ends[0].Host != "" || l.Ends[1].Host != "") && l.Host == "" {
		l.Host = HostKeep
	}
	hasNode := false
	for i := range l.Ends {
		e := &l.Ends[i]
		if e.Node == "" {
			continue
		}
		hasNode = true
		if e.MAC == "" {
			e.MAC = defaultMAC(lab, e.Node, e.Interface)
		}
	}
	if !hasNode {
		l.MTU, l.Rings, l.Slots = 0, 0, 0
	}
}

// defaultMAC returns the address of an interface for which the file gives none: a
// locally administered one that is always the same.
func defaultMAC(lab, node, iface string) string {
	sum := sha256.Sum256([]byte(lab + "\x00" + node + "\x00" + iface))
	octets := sum[:6]
	octets[0] = 0x02
	return formatMAC(octets)
}
