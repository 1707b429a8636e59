package doctor

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/valelab/valelab/runtime/cgroup"
	"github.com/valelab/valelab/runtime/docker"
)

func (p *Probes) root() Line {
	if p.User != 0 {
		return Line{"root", Fail, "labs belong to root; what follows is what this user can do", "sudo valelab doctor"}
	}
	return Line{"root", OK, "this is root", ""}
}

func (p *Probes) kernel() Line {
	if !atLeast(p.Release, 5, 10) {
		return Line{"kernel", Fail, "Linux " + p.Release + ": labs need 5.10 or newer", "boot a newer kernel"}
	}
	return Line{"kernel", OK, "Linux " + p.Release, ""}
}

func (p *Probes) namespaces() Line {
	if err := p.Namespaces(); err != nil {
		return Line{"namespaces", Fail, "nodes can't have namespaces: " + err.Error(),
			"sysctl user.max_net_namespaces user.max_pid_namespaces (0 forbids them); in a container: docker run --privileged"}
	}
	return Line{"namespaces", OK, "network, mount, PID, UTS and IPC", ""}
}

func (p *Probes) veth() Line {
	if err := p.Veth(); err != nil {
		return Line{"veth", Fail, "endpoints can't have devices: " + err.Error(), "modprobe veth"}
	}
	return Line{"veth", OK, "pairs of devices can be made", ""}
}

// userSwitch looks at what the user-space switch is made of.
func (p *Probes) userSwitch() Line {
	const name = "user-space switch"
	if err := p.MemoryFile(); err != nil {
		return Line{name, Fail, "ports can't have memory: " + err.Error(), "a kernel with memfd_create and file seals (CONFIG_MEMFD_CREATE)"}
	}
	if err := p.PacketSocket(); err != nil {
		return Line{name, Fail, "sockets can't be joined to it: " + err.Error(), "modprobe af_packet"}
	}
	return Line{name, OK, "memory files with seals, packet sockets", ""}
}

// littleMemory is what a small lab takes: the agent, and a port that a program has open.
const littleMemory = 256 << 20

func (p *Probes) memory() Line {
	n := p.available()
	switch {
	case n == 0:
		return Line{"memory", Warn, "not known: /proc/meminfo has no MemAvailable", ""}
	case n < littleMemory:
		return Line{"memory", Warn, fmt.Sprintf("%d MiB available: enough for a few netmap ports only", n>>20), "end what else takes memory: ps aux --sort=-rss | head"}
	}
	return Line{"memory", OK, fmt.Sprintf("%d MiB available", n>>20), ""}
}

// available is MemAvailable in bytes, 0 where it is not known.
func (p *Probes) available() int {
	text, _ := fs.ReadFile(p.Root, "proc/meminfo") // not known, if it can't be read
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		if f := strings.Fields(lines.Text()); len(f) == 3 && f[0] == "MemAvailable:" {
			n, _ := strconv.Atoi(f[1])
			return n << 10
		}
	}
	return 0
}

func (p *Probes) cgroups() Line {
	const name = "control groups"
	const hint = "mount -t cgroup2 none /sys/fs/cgroup"
	table, err := p.Root.Open("proc/self/mountinfo")
	if err != nil {
		return Line{name, Warn, "cpu and memory of nodes can't be limited: " + err.Error(), hint}
	}
	defer table.Close()
	s, err := cgroup.Look(table, p.Root)
	switch {
	case err != nil:
		return Line{name, Warn, "cpu and memory of nodes can't be limited: " + err.Error(), hint}
	case s.Version == "":
		return Line{name, Warn, "cpu and memory of nodes can't be limited: no hierarchy is mounted", hint}
	case !s.CPU || !s.Memory:
		missing := "cpu"
		if s.CPU {
			missing = "memory"
		} else if !s.Memory {
			missing = "cpu and memory"
		}
		return Line{name, Warn, fmt.Sprintf("%s: %s of nodes can't be limited: no such controller", s.Version, missing),
			"echo '+cpu +memory' > /sys/fs/cgroup/cgroup.subtree_control, or boot without cgroup_disable="}
	}
	return Line{name, OK, s.Version + ": cpu and memory of nodes can be limited", ""}
}

func (p *Probes) library() Line {
	if err := p.Library(); err != nil {
		return Line{"netmap programs", Warn, "they find no /dev/netmap in nodes: " + err.Error(), "make build"}
	}
	return Line{"netmap programs", OK, "the preload library is there", ""}
}

func (p *Probes) staticPrograms() Line {
	const name = "static programs"
	if err := p.Notification(); err != nil || !atLeast(p.Release, 5, 14) {
		why := "Linux " + p.Release + " is older than 5.14"
		if err != nil {
			why = err.Error()
		}
		return Line{name, Warn, "static netmap programs find no /dev/netmap in nodes: " + why, "link them dynamically, or boot Linux 5.14 or newer"}
	}
	if !atLeast(p.Release, 6, 6) {
		return Line{name, OK, "seccomp user notification; syncs are quicker from Linux 6.6 on", ""}
	}
	return Line{name, OK, "seccomp user notification, with synchronous wake-ups", ""}
}

func (p *Probes) filter() Line {
	if err := p.Filter(); err != nil {
		return Line{"eBPF", Warn, "interfaces of this machine can't be taken from its stack: " + err.Error(), "write host: keep on links with host:"}
	}
	return Line{"eBPF", OK, "filters can be loaded", ""}
}

func (p *Probes) engine(ctx context.Context) Line {
	v, err := p.Engine(ctx)
	switch {
	case errors.Is(err, docker.ErrNoEngine):
		return Line{"engine", Warn, "nodes with an image can't run: " + err.Error(), "systemctl start docker"}
	case err != nil:
		return Line{"engine", Warn, "nodes with an image can't run: " + err.Error(), "docker version"}
	case !atLeast(v.Engine, 20, 10):
		return Line{"engine", Warn, fmt.Sprintf("Docker %s, API %s: nodes with an image need 20.10 or newer", v.Engine, v.API), "a newer Docker Engine"}
	}
	return Line{"engine", OK, fmt.Sprintf("Docker %s, API %s", v.Engine, v.API), ""}
}

// atLeast compares the first two numbers of a version such as 6.1.0-56-amd64.
func atLeast(version string, major, minor int) bool {
	var a, b int
	if n, _ := fmt.Sscanf(version, "%d.%d", &a, &b); n == 0 {
		return false
	}
	return a > major || a == major && b >= minor
}
