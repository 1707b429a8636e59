package runtime

import (
	"fmt"
	"path"
	"strings"

	"github.com/valelab/valelab/netmap/kernel"
	"github.com/valelab/valelab/topology"
)

// deviceWarnings warns of what a plan gives nodes that the user may not be aware of:
// netmap's device asks nobody for a privilege.
func deviceWarnings(plan *topology.Plan) []string {
	var warnings []string
	for i := range plan.Steps {
		n := plan.Steps[i].Node
		if n == nil {
			continue
		}
		for _, device := range n.Devices {
			if givesNetmap(device) {
				warnings = append(warnings, fmt.Sprintf("node %s has %s (devices: [%s]): its programs can read and write the memory "+
					"of every netmap port of this machine, those of other labs too, take kernel memory that nobody accounts for, and "+
					"make switches and interfaces; a node's own endpoints need no device", n.Name, kernel.Path, device))
			}
		}
	}
	return warnings
}

// givesNetmap says whether a device of a container, HOST[:CONTAINER[:RIGHTS]], is
// netmap's, or a folder that has it.
func givesNetmap(device string) bool {
	host, _, _ := strings.Cut(device, ":")
	host = path.Clean(host)
	return host == kernel.Path || strings.HasPrefix(kernel.Path, strings.TrimSuffix(host, "/")+"/")
}
