package node

import (
	"strings"

	"github.com/valelab/valelab/netmap/exec"
	"github.com/valelab/valelab/netmap/preload"
)

// programDir is where the node finds the running valelab; the rest of the path
// is that of Docker and Debian.
const (
	programDir  = "/run/valelab/bin"
	defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
)

// environment returns the variables of a node's command: the defaults, then
// what the lab file gives, later ones replacing earlier ones. The running
// valelab comes first on the PATH.
func environment(cfg *Config, home string) []string {
	env := overlay([]string{"PATH=" + defaultPath, "HOME=" + home, "HOSTNAME=" + cfg.hostname()}, cfg.Env)
	if cfg.Preload != nil {
		env = preload.Environment(env, nil)
	}
	for i, variable := range env {
		if path, ok := strings.CutPrefix(variable, "PATH="); ok {
			env[i] = "PATH=" + strings.TrimSuffix(programDir+":"+path, ":")
		}
	}
	return env
}

// withNetmap returns the command line by which a static program finds /dev/netmap, too, in an environment that has
// the preload library. Nodes see the machine's own programs.
func withNetmap(argv, env []string) []string {
	if !preload.Loads(env) {
		return argv
	}
	return exec.Wrap(argv, pathOf(env), programDir+"/valelab")
}

// overlay returns base with the variables of top in place of those of the same
// name, and its new ones at the end.
func overlay(base, top []string) []string {
	env := append([]string(nil), base...)
	at := make(map[string]int)
	for i, variable := range env {
		name, _, _ := strings.Cut(variable, "=")
		at[name] = i
	}
	for _, variable := range top {
		name, _, _ := strings.Cut(variable, "=")
		if i, ok := at[name]; ok {
			env[i] = variable
			continue
		}
		at[name] = len(env)
		env = append(env, variable)
	}
	return env
}
