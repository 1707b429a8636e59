package docker

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/docker/docker/api/types/filters"

	"github.com/valelab/valelab/runtime/state"
)

// The labels that say whose a container is.
const (
	labelDir    = "valelab.folder" // state folder of its lab
	labelLab    = "valelab.lab"    // name of the lab, for people
	labelNode   = "valelab.node"
	labelConfig = "valelab.config" // what it was made from
)

// Name returns what the container of a node is called: valelab-LAB-NODE, and
// where that could be another node's too, six hexadecimal digits behind it.
func Name(lab state.Dir, node string) string {
	name := "valelab-" + lab.Name() + "-" + node
	if lab.Root().Path() == state.DefaultRoot && !strings.Contains(lab.Name(), "-") {
		return name
	}
	sum := sha256.Sum256([]byte(lab.Path() + "\x00" + node))
	return name + "-" + hex.EncodeToString(sum[:3])
}

// labels returns the marks of a node's container.
func labels(lab state.Dir, node, config string) map[string]string {
	return map[string]string{labelDir: lab.Path(), labelLab: lab.Name(), labelNode: node, labelConfig: config}
}

// owned says whether labels are the marks of the node's container.
func owned(have map[string]string, lab state.Dir, node string) bool {
	return have[labelDir] == lab.Path() && have[labelNode] == node
}

// ofLab selects the containers of a lab.
func ofLab(lab state.Dir) filters.Args {
	return filters.NewArgs(filters.Arg("label", labelDir+"="+lab.Path()))
}
