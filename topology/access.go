package topology

import (
	"fmt"
	"slices"
	"strings"
)

// Access lets the programs of a node open ports of their own on a switch of the
// lab, by a name: see [Access.As].
type Access struct {
	Node   string `json:"node"`
	Switch string `json:"switch"`
}

// As returns what programs call the switch, for example "valeleft" in
// `netmap:valeleft:x`.
func (a Access) As() string { return valeName(a.Switch) }

const (
	valePrefix  = "vale" // begins the names of switches in netmap
	maxValeName = 15     // bytes of such a name
)

// valeName returns the name that netmap programs have for a switch.
func valeName(name string) string {
	if strings.HasPrefix(name, valePrefix) {
		return name
	}
	return valePrefix + name
}

// valeNameError says why netmap has no name for a switch, nil if it has.
func valeNameError(name string) error {
	if as := valeName(name); len(as) > maxValeName {
		return fmt.Errorf("would be %s there, which is longer than %d bytes", quote(as), maxValeName)
	}
	return onlyRunes(name, "_")
}

// accesses checks which switches the programs of all nodes may open, and gives
// each node its own.
func (r *reader) accesses(drafts []draft, names *names) {
	for i := range drafts {
		d := &drafts[i]
		if len(d.vale) > 0 && d.NoNetmap {
			r.fault(d.vale[0].at, "take one of the two away: vale: [] gives up what the node inherits",
				"node %s has netmap: false and can't open switch %s", quote(d.Name), quote(d.vale[0].text))
			continue
		}
		seen := make(map[string]string, len(d.vale))
		for _, on := range d.vale {
			if r.openable(d.Name, on, seen, names) {
				d.Vale = append(d.Vale, on.text)
			}
			seen[valeName(on.text)] = on.text
		}
		slices.Sort(d.Vale)
	}
}

// openable reports a switch that the programs of a node can't be let open; seen
// has those before it by what programs call them.
func (r *reader) openable(node string, on located, seen map[string]string, names *names) bool {
	_, known := names.switches[on.text]
	other, taken := seen[valeName(on.text)]
	switch err := valeNameError(on.text); {
	case !known:
		r.fault(on.at, r.suggestOrDeclare(on.text, names.switchOrder, "switches"), "node %s: vale: unknown switch %s", quote(node), quote(on.text))
	case taken && other == on.text:
		r.fault(on.at, "once is enough", "node %s: vale names switch %s twice", quote(node), quote(on.text))
	case taken:
		r.fault(on.at, "rename one", "node %s: vale: programs could not tell switches %s and %s apart", quote(node), quote(other), quote(on.text))
	case err != nil:
		r.fault(on.at, "netmap has letters, digits and _ in names of switches, and 15 bytes with the vale that goes before; rename it",
			"node %s: vale: programs can't open switch %s: it %v", quote(node), quote(on.text), err)
	default:
		return true
	}
	return false
}
