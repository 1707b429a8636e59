package node

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/valelab/valelab/netmap/exec"
)

// ownFolders are those of which a node has its own.
var ownFolders = []string{"/dev/", "/proc/", "/run/", "/sys/", "/var/run/"}

// Missing returns the program of the node's command if this machine does not have
// it, else "". What can't be known from outside the node is taken to be there.
func (cfg *Config) Missing() string {
	if len(cfg.Argv) == 0 || cfg.Argv[0] == "valelab" { // which a node has
		return ""
	}
	name := cfg.Argv[0]
	path := exec.Find(name, pathOf(environment(cfg, "")))
	if path == "" {
		return name
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join("/", cfg.Dir, path)
	}
	own := func(folder string) bool { return strings.HasPrefix(path, folder) }
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && !slices.ContainsFunc(ownFolders, own) {
		return name
	}
	return ""
}

// pathOf returns the PATH in an environment.
func pathOf(env []string) (path string) {
	for _, variable := range env {
		if value, ok := strings.CutPrefix(variable, "PATH="); ok {
			path = value
		}
	}
	return path
}
