package runtime

import (
	"bytes"
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

// made is what a node was made from. A Node's own JSON leaves its hosts to the
// plan's.
type made struct {
	Node  *topology.Node  `json:"node"`
	Hosts []topology.Host `json:"hosts,omitempty"`
	// Changing says that settings that change in place may be others.
	Changing bool `json:"changing,omitempty"`
}

// readMade returns what a node was made from, nil when that is not known, and
// whether a change of it was cut off.
func readMade(lab state.Dir, name string) (n *topology.Node, cutOff bool, err error) {
	data, err := os.ReadFile(lab.Made(name))
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
	m.Node.Hosts = m.Hosts
	return m.Node, m.Changing, nil
}

func writeMade(lab state.Dir, n *topology.Node, changing bool) error {
	data, err := json.Marshal(made{n, n.Hosts, changing})
	if err != nil {
		return fmt.Errorf("node %s: %w", n.Name, err)
	}
	return state.WriteFile(lab.Made(n.Name), data, 0o600)
}

func forgetMade(lab state.Dir, name string) error {
	if err := os.Remove(lab.Made(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("node %s: %w", name, err)
	}
	return nil
}

// inPlace are the settings of a node that UpdateNode changes while it runs;
// every other one is part of what the node was started with.
var inPlace = []string{"cpu", "memory", "labels", "startup-delay", "hosts"}

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
		case new.Image != "" && fixed(name, new):
			heavy = append(heavy, name)
		case slices.Contains(inPlace, name):
			light = append(light, name)
		default:
			heavy = append(heavy, name)
		}
	}
	slices.Sort(light)
	slices.Sort(heavy)
	return light, heavy
}

// fixed says whether a setting that changes in place for a process node needs a
// container to be recreated: the engine changes no labels, and takes no limit
// away.
func fixed(name string, new *topology.Node) bool {
	return name == "labels" || name == "cpu" && new.CPU == 0 || name == "memory" && new.Memory == 0
}

// nodeSettings returns a node's settings by their names, each as JSON.
func nodeSettings(n *topology.Node) map[string]json.RawMessage {
	settings := make(map[string]json.RawMessage)
	// A Node is made of what JSON can hold.
	data, _ := json.Marshal(n)
	_ = json.Unmarshal(data, &settings)
	settings["hosts"], _ = json.Marshal(n.Hosts)
	return settings
}
