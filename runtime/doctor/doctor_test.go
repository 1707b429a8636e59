package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/valelab/valelab/runtime/docker"
)

var errNot = errors.New("no such thing here")

const mountinfoV2 = "29 1 0:25 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"

// good is a machine on which every line is ok.
func good() (*Probes, fstest.MapFS) {
	none := func() error { return nil }
	files := fstest.MapFS{}
	p := &Probes{
		Root: files, Release: "6.8.0-40-generic", User: 0,
		Namespaces: none, Veth: none, PacketSocket: none, MemoryFile: none, Filter: none, Notification: none, Library: none,
		Netmap: func() (int, error) { return 15, nil },
		Dial:   func(string) error { return nil },
		Engine: func(context.Context) (docker.Version, error) {
			return docker.Version{Engine: "28.5.2", API: "1.51"}, nil
		},
		Plugins: func(context.Context) (docker.Plugins, error) { return docker.Plugins{}, nil },
	}
	put(files, "proc/meminfo", "MemTotal: 9 kB\nMemAvailable:   4194304 kB\n")
	put(files, "proc/self/mountinfo", mountinfoV2)
	put(files, "sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory\n")
	return p, files
}

func put(files fstest.MapFS, name, text string) { files[name] = &fstest.MapFile{Data: []byte(text)} }

// load loads the netmap module with these parameters besides the ones that matter for its memory.
func load(files fstest.MapFS, parameters ...string) {
	for _, p := range append([]string{"max_bridges=8", "buf_num=163840", "ring_num=200", "if_num=100", "generic_mit=0", "admode=0"}, parameters...) {
		name, value, _ := strings.Cut(p, "=")
		put(files, "sys/module/netmap/parameters/"+name, value+"\n")
	}
	put(files, "sys/module/netmap/refcnt", "2\n")
}

// Every outcome of every line: what is changed on the good machine, and what the line then says.
func TestLines(t *testing.T) {
	fails := func() error { return errNot }
	for _, c := range []struct {
		line, name string
		state      State
		text, hint string // parts of the line
		change     func(*Probes, fstest.MapFS)
	}{
		{"root", "as root", OK, "this is root", "", nil},
		{"root", "not as root", Fail, "labs belong to root", "sudo valelab doctor", func(p *Probes, _ fstest.MapFS) { p.User = 1000 }},
		{"kernel", "new", OK, "Linux 6.8.0-40-generic", "", nil},
		{"kernel", "just new enough", OK, "Linux 5.10.0", "", func(p *Probes, _ fstest.MapFS) { p.Release = "5.10.0" }},
		{"kernel", "old", Fail, "Linux 5.9.1: labs need 5.10", "newer kernel", func(p *Probes, _ fstest.MapFS) { p.Release = "5.9.1" }},
		{"kernel", "unknown", Fail, "labs need 5.10", "newer kernel", func(p *Probes, _ fstest.MapFS) { p.Release = "" }},
		{"namespaces", "can be made", OK, "network, mount", "", nil},
		{"namespaces", "forbidden", Fail, errNot.Error(), "sysctl user.max_net_namespaces", func(p *Probes, _ fstest.MapFS) { p.Namespaces = fails }},
		{"veth", "there", OK, "pairs of devices", "", nil},
		{"veth", "missing", Fail, errNot.Error(), "modprobe veth", func(p *Probes, _ fstest.MapFS) { p.Veth = fails }},
		{"user-space switch", "can run", OK, "memory files", "", nil},
		{"user-space switch", "no memory files", Fail, "ports can't have memory: " + errNot.Error(), "CONFIG_MEMFD_CREATE", func(p *Probes, _ fstest.MapFS) { p.MemoryFile = fails }},
		{"user-space switch", "no packet sockets", Fail, "sockets can't be joined", "modprobe af_packet", func(p *Probes, _ fstest.MapFS) { p.PacketSocket = fails }},
		{"memory", "enough", OK, "4096 MiB available", "", nil},
		{"memory", "little", Warn, "100 MiB available", "ps aux", func(_ *Probes, f fstest.MapFS) { put(f, "proc/meminfo", "MemAvailable: 102400 kB\n") }},
		{"memory", "unknown", Warn, "not known", "", func(_ *Probes, f fstest.MapFS) { delete(f, "proc/meminfo") }},
		{"control groups", "version 2", OK, "version 2: cpu and memory", "", nil},
		{"control groups", "version 1", OK, "version 1: cpu and memory", "", func(_ *Probes, f fstest.MapFS) {
			put(f, "proc/self/mountinfo", "30 1 0:26 / /sys/fs/cgroup/cpu rw - cgroup c rw,cpu\n31 1 0:27 / /sys/fs/cgroup/memory rw - cgroup c rw,memory\n")
		}},
		{"control groups", "both versions", OK, "hybrid: cpu and memory", "", func(_ *Probes, f fstest.MapFS) {
			put(f, "proc/self/mountinfo", "29 1 0:25 / /sys/fs/cgroup/unified rw - cgroup2 c rw\n30 1 0:26 / /sys/fs/cgroup/all rw - cgroup c rw,cpu,memory\n")
			put(f, "sys/fs/cgroup/unified/cgroup.controllers", "\n")
		}},
		{"control groups", "no memory", Warn, "version 2: memory of nodes can't be limited", "subtree_control", func(_ *Probes, f fstest.MapFS) { put(f, "sys/fs/cgroup/cgroup.controllers", "cpu\n") }},
		{"control groups", "no cpu", Warn, "version 2: cpu of nodes", "subtree_control", func(_ *Probes, f fstest.MapFS) { put(f, "sys/fs/cgroup/cgroup.controllers", "memory\n") }},
		{"control groups", "neither", Warn, "version 2: cpu and memory of nodes", "subtree_control", func(_ *Probes, f fstest.MapFS) { put(f, "sys/fs/cgroup/cgroup.controllers", "io\n") }},
		{"control groups", "none", Warn, "no hierarchy is mounted", "mount -t cgroup2", func(_ *Probes, f fstest.MapFS) { put(f, "proc/self/mountinfo", "") }},
		{"control groups", "unreadable", Warn, "controllers: ", "mount -t cgroup2", func(_ *Probes, f fstest.MapFS) { delete(f, "sys/fs/cgroup/cgroup.controllers") }},
		{"control groups", "no proc", Warn, "can't be limited", "mount -t cgroup2", func(_ *Probes, f fstest.MapFS) { delete(f, "proc/self/mountinfo") }},
		{"netmap programs", "served", OK, "library is there", "", nil},
		{"netmap programs", "not served", Warn, "find no /dev/netmap", "make build", func(p *Probes, _ fstest.MapFS) { p.Library = fails }},
		{"static programs", "quick", OK, "with synchronous wake-ups", "", nil},
		{"static programs", "slow", OK, "quicker from Linux 6.6", "", func(p *Probes, _ fstest.MapFS) { p.Release = "6.5.0" }},
		{"static programs", "old kernel", Warn, "Linux 5.13.0 is older than 5.14", "dynamically", func(p *Probes, _ fstest.MapFS) { p.Release = "5.13.0" }},
		{"static programs", "no notification", Warn, errNot.Error(), "dynamically", func(p *Probes, _ fstest.MapFS) { p.Notification = fails }},
		{"eBPF", "there", OK, "filters can be loaded", "", nil},
		{"eBPF", "missing", Warn, errNot.Error(), "host: keep", func(p *Probes, _ fstest.MapFS) { p.Filter = fails }},
		{"engine", "answers", OK, "Docker 28.5.2, API 1.51", "", nil},
		{"engine", "old", Warn, "Docker 19.03.1, API 1.40: nodes with an image need 20.10", "newer Docker", engine("19.03.1", "1.40", nil)},
		{"engine", "none", Warn, "there is no container engine", "systemctl start docker", engine("", "", fmt.Errorf("%w: refused", docker.ErrNoEngine))},
		{"engine", "broken", Warn, errNot.Error(), "docker version", engine("", "", errNot)},
		{"plugins", "none", OK, "knows of none", "", nil},
		{"plugins", "one that answers", OK, "every plugin", "", func(_ *Probes, f fstest.MapFS) { put(f, "run/docker/plugins/a.sock", "") }},
		{"plugins", "a socket without a plugin", Warn, "/run/docker/plugins/a.sock: nobody answers", "rm /run/docker/plugins/a.sock", stale("run/docker/plugins/a.sock", "", "/run/docker/plugins/a.sock")},
		{"plugins", "one in a folder", Warn, "nobody answers", "rm /run/docker/plugins/a/a.sock", stale("run/docker/plugins/a/a.sock", "", "/run/docker/plugins/a/a.sock")},
		{"plugins", "one that the engine runs", OK, "knows of none", "", stale("run/docker/plugins/0123/a.sock", "", "")},
		{"plugins", "a spec", Warn, "nobody answers", "rm /etc/docker/plugins/a.spec", stale("etc/docker/plugins/a.spec", "unix:///run/x.sock\n", "/run/x.sock")},
		{"plugins", "a description", Warn, "nobody answers", "rm /usr/lib/docker/plugins/a.json", stale("usr/lib/docker/plugins/a.json", `{"Name":"a","Addr":"unix:///run/y.sock"}`, "/run/y.sock")},
		{"plugins", "one elsewhere", OK, "knows of none", "", stale("etc/docker/plugins/a.spec", "tcp://10.0.0.1:80", "")},
		{"plugins", "a broken description", OK, "knows of none", "", stale("etc/docker/plugins/a.json", "{", "")},
		{"plugins", "a description that is right", Warn, "the file stays when the plugin ends", "rm /etc/docker/plugins/a.json, and have the plugin listen at /run/docker/plugins/a.sock",
			func(_ *Probes, f fstest.MapFS) { put(f, "etc/docker/plugins/a.json", `{"Addr":"unix:///run/y.sock"}`) }},
		{"plugins", "one at a port", Warn, "every user of this machine can command the plugin", "rm /etc/docker/plugins/a.spec",
			func(_ *Probes, f fstest.MapFS) { put(f, "etc/docker/plugins/a.spec", "http://127.0.0.1:9075\n") }},
		{"plugins", "one that is not enabled", Warn, "a:latest is installed and does not run", "docker plugin enable a:latest", plugins(docker.Plugins{Disabled: []string{"a:latest"}}, nil)},
		{"plugins", "one that came late", Warn, "could not start db, web with itself", "docker start db web; a plugin that runs before", plugins(docker.Plugins{Stranded: []string{"db", "web"}}, nil)},
		{"plugins", "no engine to ask", OK, "knows of none", "", plugins(docker.Plugins{}, errNot)},
		{"plugin networks", "there", OK, "FORWARD chain does not matter", "", func(_ *Probes, f fstest.MapFS) { put(f, "run/valelab/nets/plugin.json", "{}") }},
		{"plugin networks", "nothing may run", Warn, "/run is mounted noexec", "mount -o remount,exec /run", func(_ *Probes, f fstest.MapFS) {
			put(f, "run/valelab/nets/plugin.json", "{}")
			put(f, "proc/self/mountinfo", mountinfoV2+"30 1 0:26 / /run rw,nosuid,nodev,noexec - tmpfs tmpfs rw\n")
		}},
		{"netmap module", "not loaded", OK, "not loaded", "", nil},
		{"netmap module", "loaded", OK, "loaded, API 15, 2 in use", "", func(_ *Probes, f fstest.MapFS) { load(f) }},
		{"netmap module", "with a version", OK, "loaded, version 11.4, API 15", "", func(_ *Probes, f fstest.MapFS) { load(f); put(f, "sys/module/netmap/version", "11.4\n") }},
		{"netmap module", "silent", Warn, "/dev/netmap does not answer: " + errNot.Error(), "ls -l /dev/netmap", func(p *Probes, f fstest.MapFS) { load(f); p.Netmap = func() (int, error) { return 0, errNot } }},
		{"netmap module", "another API", Warn, "another version", "netmap: user", func(p *Probes, f fstest.MapFS) { load(f); p.Netmap = func() (int, error) { return 0, nil } }},
		{"netmap module", "unreadable", Warn, "parameter of the netmap module", "", func(_ *Probes, f fstest.MapFS) { put(f, "sys/module/netmap/parameters/a/b", "") }},
		{"netmap switches", "as usual", OK, "8 switches and wires in a lab (max_bridges), 252 ports each", "", func(_ *Probes, f fstest.MapFS) { load(f) }},
		{"netmap switches", "few", Warn, "4 switches", "modprobe netmap max_bridges=8", func(_ *Probes, f fstest.MapFS) { load(f, "max_bridges=4") }},
		{"netmap memory", "as usual", OK, "39 links on switches, all labs together, buf_num 163840, ring_num 200, if_num 100; 327 MiB", "", func(_ *Probes, f fstest.MapFS) { load(f) }},
		{"netmap memory", "more than there is", Warn, "wants 327 MiB of memory", "/sys/module/netmap/parameters/buf_num", func(_ *Probes, f fstest.MapFS) { load(f); put(f, "proc/meminfo", "MemAvailable: 307200 kB\n") }},
		{"netmap memory", "not for one", Warn, "1 links", "echo 4098 > /sys/module/netmap/parameters/buf_num", func(_ *Probes, f fstest.MapFS) { load(f, "buf_num=4000") }},
		{"netmap generic_mit", "off", OK, "at once", "", func(_ *Probes, f fstest.MapFS) { load(f) }},
		{"netmap generic_mit", "on", Warn, "100000: the module delays", "echo 0 > /sys/module/netmap/parameters/generic_mit", func(_ *Probes, f fstest.MapFS) { load(f, "generic_mit=100000") }},
		{"netmap counting", "no types", Warn, "no type information (BTF)", "pahole", func(_ *Probes, f fstest.MapFS) { load(f) }},
		{"netmap counting", "types", OK, "valelab stats --count-moved", "", func(_ *Probes, f fstest.MapFS) { load(f); put(f, "sys/kernel/btf/netmap", "") }},
		{"netmap veth driver", "stock", OK, "the kernel's own", "", func(_ *Probes, f fstest.MapFS) { load(f) }},
		{"netmap veth driver", "native", Warn, "patched for netmap: sockets", "echo 2 > /sys/module/netmap/parameters/admode", func(_ *Probes, f fstest.MapFS) { load(f); put(f, "sys/module/netmap/holders/veth/x", "") }},
		{"netmap veth driver", "native and forced", OK, "generic adapter is forced", "", func(_ *Probes, f fstest.MapFS) { load(f, "admode=2"); put(f, "sys/module/netmap/holders/veth/x", "") }},
	} {
		p, files := good()
		if c.change != nil {
			c.change(p, files)
		}
		lines := Look(t.Context(), p)
		var found []Line
		for _, l := range lines {
			if l.Name == c.line {
				found = append(found, l)
			}
		}
		if len(found) != 1 || found[0].State != c.state || !strings.Contains(found[0].Text, c.text) ||
			!strings.Contains(found[0].Hint, c.hint) || (c.hint == "") != (found[0].Hint == "") {
			t.Errorf("%s, %s: %+v\nwant %s %q %q", c.line, c.name, found, c.state, c.text, c.hint)
		}
		if can := CanRun(lines); can != (c.state != Fail) {
			t.Errorf("%s, %s: labs can run: %v", c.line, c.name, can)
		}
	}
}

func engine(version, api string, err error) func(*Probes, fstest.MapFS) {
	return func(p *Probes, _ fstest.MapFS) {
		p.Engine = func(context.Context) (docker.Version, error) { return docker.Version{Engine: version, API: api}, err }
	}
}

// plugins is what the engine says of its own.
func plugins(have docker.Plugins, err error) func(*Probes, fstest.MapFS) {
	return func(p *Probes, _ fstest.MapFS) {
		p.Plugins = func(context.Context) (docker.Plugins, error) { return have, err }
	}
}

// stale puts a plugin's file there. Only this socket is asked, and does not answer.
func stale(file, text, socket string) func(*Probes, fstest.MapFS) {
	return func(p *Probes, f fstest.MapFS) {
		put(f, file, text)
		p.Dial = func(asked string) error {
			if asked != socket {
				return fmt.Errorf("%q was asked, want %q", asked, socket)
			}
			return errNot
		}
	}
}

// Every plugin that does not answer has a line of its own.
func TestStalePluginsEach(t *testing.T) {
	p, files := good()
	stale("run/docker/plugins/a.sock", "", "")(p, files)
	put(files, "run/docker/plugins/b.sock", "")
	if lines := p.plugins(t.Context()); len(lines) != 2 || lines[1].Hint != "rm /run/docker/plugins/b.sock" {
		t.Errorf("%+v", lines)
	}
}
