package docker

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/moby/profiles/seccomp"
	"github.com/opencontainers/runtime-spec/specs-go"
)

// The profile is the engine's and allows one call more, whatever capabilities the container has.
func TestProfile(t *testing.T) {
	text, err := Profile()
	if err != nil {
		t.Fatal(err)
	}
	var p seccomp.Seccomp
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		t.Fatal(err)
	}
	if p.DefaultAction != specs.ActErrno || len(p.Syscalls) != len(seccomp.DefaultProfile().Syscalls)+1 {
		t.Errorf("%d groups of calls, by default %s", len(p.Syscalls), p.DefaultAction)
	}
	if !slices.ContainsFunc(p.Syscalls, func(s *seccomp.Syscall) bool {
		return slices.Equal(s.Names, []string{"pidfd_getfd"}) && s.Action == specs.ActAllow && s.Includes == nil
	}) {
		t.Error("pidfd_getfd is not allowed")
	}
}

func TestComesWithEngine(t *testing.T) {
	for option, want := range map[string]bool{
		"name=seccomp,profile=default": true, "name=seccomp,profile=builtin": true, "name=seccomp,profile=/etc/own.json": false,
		"name=seccomp,profile=unconfined": false, "name=apparmor": false, "name=cgroupns": false, "": false,
	} {
		if comesWithEngine(option) != want {
			t.Errorf("%q: %v", option, !want)
		}
	}
}
