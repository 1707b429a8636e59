package runtime

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/valelab/valelab/runtime/state"
	"github.com/valelab/valelab/topology"
)

// A node can't be asked for its settings, so they are written down: after it
// was started from them, and taken away before it is stopped. Hence a node that
// runs without has unknown ones, and is recreated. While settings are changed
// in place, that is noted too.

// made is what a node was made from. A Node's own JSON leaves its hosts, the
// same for all nodes, to the plan's; here is their digest.
type made struct {
	Node  *topology.Node `json:"node"`
	Hosts string         `json:"hosts,omitempty"`
	// Changing says that settings that change in place may be others.
	Changing bool `json:"changing,omitempty"`
}

// readMade returns what a node was made from, nil when that is not known, and
// whether a change of it was cut off. Hosts that no plan has are none.
func (d *deployment) readMade(name string) (n *topology.Node, cutOff bool, err error) {
	data, err := os.ReadFile(d.lab.Made(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("node %s: %w", name, err)
	}
	var m made
	if json.Unmarshal(data, &m) != nil || m.Node == nil || m.Node.Name != name {
		return nil, false, nil
	}
	hosts, known := d.hosts.of(m.Hosts)
	m.Node.Hosts = hosts
	return m.Node, m.Changing || !known, nil
}

func (d *deployment) writeMade(n *topology.Node, changing bool) error {
	data, err := json.Marshal(made{n, d.hosts.digest(n.Hosts), changing})
	if err != nil {
		return fmt.Errorf("node %s: %w", n.Name, err)
	}
	return state.WriteFile(d.lab.Made(n.Name), data, 0o600)
}

// knownHosts are the names of the lab in all plans that were written down, by
// their digests.
type knownHosts map[string][]topology.Host

func (k knownHosts) add(p *topology.Plan) {
	if p != nil {
		k[digest(p.Steps[0].Lab.Hosts)] = p.Steps[0].Lab.Hosts
	}
}

// of returns the hosts of a digest.
func (k knownHosts) of(digest string) ([]topology.Host, bool) {
	hosts, ok := k[digest]
	return hosts, ok
}

// digest returns the digest of a plan's hosts. All nodes share one list, which
// is not read again for each.
func (k knownHosts) digest(hosts []topology.Host) string {
	for digest, known := range k {
		if len(known) == len(hosts) && (len(hosts) == 0 || &known[0] == &hosts[0]) {
			return digest
		}
	}
	return digest(hosts)
}

func digest(hosts []topology.Host) string {
	sum := sha256.Sum256(hostsFile(hosts))
	return hex.EncodeToString(sum[:])
}

func forgetMade(lab state.Dir, name string) error {
	if err := os.Remove(lab.Made(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("node %s: %w", name, err)
	}
	return nil
}

// inPlace are the settings of a node that UpdateNode changes while it runs;
// every other one is part of what the node was started with.
var inPlace = []string{"cpu", "memory", "labels", "startup-delay"} // and hosts

// nodeChange returns the settings in which two nodes differ, by their names in
// a lab file, sorted: those that change in place, and those that need the node
// to be recreated.
func nodeChange(old, new *topology.Node) (light, heavy []string) {
	a, b := nodeSettings(old), nodeSettings(new)
	names := make(map[string]bool)
	for name := range a {
		names[name] = true
	}
	for name := range b {
		names[name] = true
	}
	for name := range names {
		switch {
		case bytes.Equal(a[name], b[name]):
		case new.Image != "" && fixed(name, old, new):
			heavy = append(heavy, name)
		case slices.Contains(inPlace, name):
			light = append(light, name)
		default:
			heavy = append(heavy, name)
		}
	}
	if !slices.Equal(old.Hosts, new.Hosts) {
		light = append(light, "hosts")
	}
	slices.Sort(light)
	slices.Sort(heavy)
	return light, heavy
}

// fixed says whether a setting that changes in place for a process node needs a
// container to be recreated: the engine changes no labels, and takes no limit
// away, which giving one would have to be taken back with.
func fixed(name string, old, new *topology.Node) bool {
	return name == "labels" || name == "cpu" && old.CPU*new.CPU == 0 || name == "memory" && (old.Memory == 0 || new.Memory == 0)
}

// nodeSettings returns a node's settings by their names, each as JSON.
func nodeSettings(n *topology.Node) map[string]json.RawMessage {
	settings := make(map[string]json.RawMessage)
	// A Node is made of what JSON can hold.
	data, _ := json.Marshal(n)
	_ = json.Unmarshal(data, &settings)
	return settings
}
