package topology

import (
	"slices"
	"strings"
)

// ipcSysctls are the sysctls outside net. that a node has for itself.
var ipcSysctls = []string{
	"kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall", "kernel.shmmax",
	"kernel.shmmni", "kernel.shm_rmid_forced",
}

// sysctls reads a map of sysctls.
func (r *reader) sysctls(v item, what string) (map[string]string, bool) {
	return r.textMap(v, what, checkSysctl)
}

// checkSysctl lets those pass that belong to the namespaces of a node. Others would
// change the machine.
func checkSysctl(key, value string) (problem, hint string) {
	switch {
	case onlyRunes(key, "_.-") != nil || slices.Contains(strings.Split(key, "."), ""):
		return "is not the name of a sysctl", "for example net.ipv4.ip_forward"
	case !strings.HasPrefix(key, "net.") && !strings.HasPrefix(key, "fs.mqueue.") && !slices.Contains(ipcSysctls, key):
		return "is not a sysctl that a node has for itself", "nodes have net.*, fs.mqueue.* and the kernel.* ones of IPC"
	case value == "" || strings.Contains(value, "\n"):
		return "needs a value on one line", ""
	}
	return "", ""
}
