package topology

import (
	"slices"
	"strings"
)

// capabilities are those of capabilities(7), without the prefix CAP_.
var capabilities = []string{
	"AUDIT_CONTROL", "AUDIT_READ", "AUDIT_WRITE", "BLOCK_SUSPEND", "BPF", "CHECKPOINT_RESTORE", "CHOWN",
	"DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "IPC_LOCK", "IPC_OWNER", "KILL", "LEASE",
	"LINUX_IMMUTABLE", "MAC_ADMIN", "MAC_OVERRIDE", "MKNOD", "NET_ADMIN", "NET_BIND_SERVICE",
	"NET_BROADCAST", "NET_RAW", "PERFMON", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYSLOG", "SYS_ADMIN",
	"SYS_BOOT", "SYS_CHROOT", "SYS_MODULE", "SYS_NICE", "SYS_PACCT", "SYS_PTRACE", "SYS_RAWIO",
	"SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "WAKE_ALARM",
}

// capAdd reads a list of capabilities, in Docker's spelling: any case, with or
// without CAP_, or ALL. The result is sorted and has the prefix.
func (r *reader) capAdd(v item, what string) ([]string, bool) {
	names, ok := r.texts(v, what)
	var caps []string
	for _, n := range names {
		name := strings.TrimPrefix(strings.ToUpper(n.text), "CAP_")
		switch {
		case name == "ALL":
			for _, c := range capabilities {
				caps = append(caps, "CAP_"+c)
			}
		case slices.Contains(capabilities, name):
			caps = append(caps, "CAP_"+name)
		default:
			r.fault(n.at, r.suggest(name, capabilities), "%s: %s is not a capability", what, quote(n.text))
			ok = false
		}
	}
	return sortedUnion(caps, nil), ok
}

// sortedUnion returns what is in a or b, sorted, each once.
func sortedUnion(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}
