package docker

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/moby/profiles/seccomp"
	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/valelab/valelab/topology"
)

// Profile is the seccomp profile of containers in which netmap-exec serves
// static programs, as the value of the engine's "seccomp=" option: the engine's
// own and pidfd_getfd, without which a poll can't have ports and other
// descriptors in it. The kernel allows that call where it allows ptrace, which
// the engine's own profile does: to programs of the same user that hold no more
// capabilities.
var Profile = sync.OnceValues(func() (string, error) {
	p := seccomp.DefaultProfile()
	p.Syscalls = append(p.Syscalls, &seccomp.Syscall{
		LinuxSyscall: specs.LinuxSyscall{Names: []string{"pidfd_getfd"}, Action: specs.ActAllow},
	})
	text, err := json.Marshal(p)
	return string(text), err
})

// securityOpt returns the node's security options. An engine that has a profile
// of its user's, or none, keeps it.
func (e *Engine) securityOpt(ctx context.Context, n *topology.Node) ([]string, error) {
	if n.NoNetmap {
		return nil, nil
	}
	own, err := e.ownProfile(ctx)
	if !own || err != nil {
		return nil, err
	}
	text, err := Profile()
	if err != nil {
		return nil, fmt.Errorf("seccomp profile: %w", err)
	}
	return []string{"seccomp=" + text}, nil
}

// ownProfile says whether the engine gives containers the profile that comes
// with it.
func (e *Engine) ownProfile(ctx context.Context) (bool, error) {
	c, err := e.api()
	if err != nil {
		return false, err
	}
	e.profiling.Lock()
	defer e.profiling.Unlock()
	if e.profile == nil {
		info, err := c.Info(ctx)
		if err != nil {
			return false, explain(err)
		}
		e.profile = new(bool)
		*e.profile = slices.ContainsFunc(info.SecurityOptions, comesWithEngine)
	}
	return *e.profile, nil
}

// comesWithEngine takes a security option of the engine's: "name=seccomp,profile=default"
// before 20.10.10, "builtin" since.
func comesWithEngine(option string) bool {
	fields := strings.Split(option, ",")
	return slices.Contains(fields, "name=seccomp") &&
		(slices.Contains(fields, "profile=default") || slices.Contains(fields, "profile=builtin"))
}
