package node

// #include "config.h"
import "C"

import (
	"fmt"
	"time"

	"github.com/valelab/valelab/runtime/cgroup"
)

// Config says what a node is. Start checks it and keeps no part of it.
type Config struct {
	LabDir string // absolute state folder of the lab
	Name   string // the node's name

	Hostname string   // empty: Name
	Argv     []string // the command; empty: the node only stands there
	Env      []string // "KEY=value", added to PATH, HOME and HOSTNAME
	User     string   // "name", "uid", "name:group" or "uid:gid"; empty: root
	Dir      string   // working folder of the command; empty: /

	CapAdd  []string // capabilities besides Docker's default ones, "NET_ADMIN" or "CAP_NET_ADMIN"
	CPUSet  string   // processors to run on, "0-3,5"; empty: all
	Sysctls []Sysctl // settings of the node's own namespaces, set in this order

	Restart      RestartPolicy
	RestartMax   int           // on-failure: restarts at most; 0: no bound
	StartupDelay time.Duration // from the release to the first start of the command

	// Preload is the library that gives /dev/netmap to the node's programs: a file of its folder, and the first of
	// LD_PRELOAD. Nil: there is none.
	Preload []byte

	Hosts []byte   // lines for /etc/hosts after those of localhost
	Masks []string // further absolute paths that the node must not see

	// Cgroup is the group to start in; nil leaves the node in the caller's.
	// It stays the caller's to close.
	Cgroup *cgroup.Node
}

// Sysctl is one kernel setting, such as net.ipv4.ip_forward.
type Sysctl struct{ Name, Value string }

// RestartPolicy says when init starts a command again that has ended. The
// words are Docker's.
type RestartPolicy string

// The restart policies. The empty one is RestartNo. Nothing but the end of the
// node stops a command for good, so RestartUnlessStopped is RestartAlways.
const (
	RestartNo            RestartPolicy = "no"
	RestartOnFailure     RestartPolicy = "on-failure"
	RestartAlways        RestartPolicy = "always"
	RestartUnlessStopped RestartPolicy = "unless-stopped"
)

// number returns the policy's number in config.h.
func (p RestartPolicy) number() (uint32, error) {
	switch p {
	case "", RestartNo:
		return C.RESTART_NO, nil
	case RestartOnFailure:
		return C.RESTART_ON_FAILURE, nil
	case RestartAlways, RestartUnlessStopped:
		return C.RESTART_ALWAYS, nil
	}
	return 0, fmt.Errorf("restart-policy %q: want no, on-failure, always or unless-stopped", string(p))
}
