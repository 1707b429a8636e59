package topology

import (
	"maps"
	"slices"
)

// field is a key that nodes, groups and defaults have.
type field struct {
	name      string
	container bool // makes sense for containers only

	read  func(r *reader, v item, what string) (any, bool)
	merge func(lower, upper any) any // of what is inherited and what is set; nil: upper alone
	set   func(d *draft, value any)
}

// process makes the field of a key that every node can have.
func process[T any](name string, read func(*reader, item, string) (T, bool), set func(*draft, T), merge func(lower, upper T) T) field {
	f := field{
		name: name,
		read: func(r *reader, v item, what string) (any, bool) { return read(r, v, what) },
		set:  func(d *draft, value any) { set(d, value.(T)) },
	}
	if merge != nil {
		f.merge = func(lower, upper any) any { return merge(lower.(T), upper.(T)) }
	}
	return f
}

// container makes the field of a key that only a node with an image can have.
func container[T any](name string, read func(*reader, item, string) (T, bool), set func(*draft, T), merge func(lower, upper T) T) field {
	f := process(name, read, set, merge)
	f.container = true
	return f
}

// groupKey names the group of a node. It is not inherited like a field, it says
// from where.
const groupKey = "group"

// fields are all keys of nodes but groupKey. Maps and, as in containerlab, most
// lists add to what is inherited; everything else replaces it. The image comes first:
// the others depend on it.
var fields = []field{
	process("image", (*reader).optionalWord, func(d *draft, v string) { d.Image = v }, nil),
	process("cmd", (*reader).command, func(d *draft, v []string) { d.Cmd = v }, nil),
	process("env", (*reader).environment, func(d *draft, v map[string]string) { d.env = v }, mergeMaps),
	process("env-files", (*reader).envFileList, func(d *draft, v []string) { d.envFiles = v }, mergeLists),
	process("user", (*reader).optionalWord, func(d *draft, v string) { d.User = v }, nil),
	process("labels", (*reader).labels, func(d *draft, v map[string]string) { d.Labels = sortedKVs(v) }, mergeMaps),
	process("cpu", (*reader).cpu, func(d *draft, v float64) { d.CPU = v }, nil),
	process("cpu-set", (*reader).cpuSet, func(d *draft, v string) { d.CPUSet = v }, nil),
	process("memory", (*reader).memory, func(d *draft, v int64) { d.Memory = v }, nil),
	process("sysctls", (*reader).sysctls, func(d *draft, v map[string]string) { d.Sysctls = sortedKVs(v) }, mergeMaps),
	process("cap-add", (*reader).capAdd, func(d *draft, v []string) { d.CapAdd = v }, sortedUnion),
	process("hostname", (*reader).hostname, func(d *draft, v string) { d.Hostname = v }, nil),
	process("restart-policy", (*reader).restartPolicy, func(d *draft, v RestartPolicy) { d.Restart = v }, nil),
	process("startup-delay", (*reader).startupDelay, func(d *draft, v seconds) { d.StartupDelay = v.duration() }, nil),

	process("netmap", (*reader).boolean, func(d *draft, v bool) { d.NoNetmap = !v }, nil),
	process("vale", (*reader).texts, func(d *draft, v []located) { d.vale = v }, nil),
	process("depends_on", (*reader).dependsOn, func(d *draft, v []wish) { d.wishes = v }, nil),

	container("image-pull-policy", (*reader).pullPolicy, func(d *draft, v string) { d.PullPolicy = v }, nil),
	container("entrypoint", (*reader).command, func(d *draft, v []string) { d.Entrypoint = v }, nil),
	container("exec", (*reader).commands, func(d *draft, v [][]string) { d.Exec = v },
		func(lower, upper [][]string) [][]string { return slices.Concat(lower, upper) }),
	container("binds", (*reader).binds, func(d *draft, v []string) { d.Binds = v }, mergeBinds),
	container("volumes", (*reader).volumes, func(d *draft, v []string) { d.Volumes = v }, mergeBinds),
	container("tmpfs", (*reader).tmpfs, func(d *draft, v []string) { d.Tmpfs = v }, mergeTmpfs),
	container("mgmt", (*reader).boolean, func(d *draft, v bool) { d.Mgmt = v }, nil),
	container("ports", (*reader).ports, func(d *draft, v []string) { d.Ports = v }, nil),
	container("shm-size", (*reader).size, func(d *draft, v int64) { d.ShmSize = v }, nil),
	container("devices", (*reader).devices, func(d *draft, v []string) { d.Devices = v }, mergeLists),
	container("dns", (*reader).dns, func(d *draft, v *DNS) { d.DNS = v }, nil),
	container("healthcheck", (*reader).healthcheck, func(d *draft, v *Healthcheck) { d.Healthcheck = v }, nil),
}

// fieldNames are the names of fields, and groupKey.
var fieldNames = func() []string {
	names := []string{groupKey}
	for _, f := range fields {
		names = append(names, f.name)
	}
	return names
}()

// foreignKeys are keys of containerlab and Compose that people will try, with what
// to write instead.
var foreignKeys = map[string]string{
	"topology":     "there is no topology: level; nodes, links, defaults and groups stand at the top",
	"kind":         "nodes have no kind; give the node a group and set fields there",
	"kinds":        "there are no kinds; use groups, and group: NAME on the node",
	"type":         "the endpoints say what a link is: [node:eth1, switch]",
	"command":      "the command is called cmd",
	"environment":  "variables are called env",
	"env-file":     "the list of files is called env-files",
	"depends-on":   "the key is called depends_on",
	"stages":       "what a node waits for is called depends_on",
	"mgmt-ipv4":    "addresses stand on links: ipv4: 10.0.0.1/24",
	"mgmt-ipv6":    "addresses stand on links: ipv6: fd00::1/64",
	"network-mode": "a node has the interfaces that links give it",
	"restart":      "the policy is called restart-policy",
	"cpus":         "the number of processors is called cpu",
	"cpuset":       "the set of processors is called cpu-set",
	"mem":          "the limit is called memory",
}

// unknownKey reports a key that is not among the known ones.
func (r *reader) unknownKey(e entry, what string, known []string) {
	hint, foreign := foreignKeys[e.key]
	if !foreign && nearest(e.key, known) == "" {
		hint = foreignKeys[nearest(e.key, slices.Sorted(maps.Keys(foreignKeys)))]
	}
	if hint == "" {
		hint = r.suggest(e.key, known)
	}
	r.fault(e.at, hint, "%s: unknown key %s", what, quote(e.key))
}
