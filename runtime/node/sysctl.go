package node

import (
	"fmt"
	"slices"
	"strings"
)

// ownSettings are the settings besides those below net/ and fs/mqueue/ that a
// node has of its own. All others are the whole machine's.
var ownSettings = []string{
	"kernel/domainname", "kernel/msg_next_id", "kernel/msgmax", "kernel/msgmnb", "kernel/msgmni",
	"kernel/sem", "kernel/sem_next_id", "kernel/shm_next_id", "kernel/shm_rmid_forced",
	"kernel/shmall", "kernel/shmmax", "kernel/shmmni",
}

// sysctlPath returns where below /proc/sys a setting is. As with sysctl(8), a
// name whose first separator is a slash may hold dots.
func sysctlPath(name string) (string, error) {
	path := name
	if dot := strings.IndexAny(name, "./"); dot >= 0 && name[dot] == '.' {
		path = strings.ReplaceAll(name, ".", "/")
	}
	for _, part := range strings.Split(path, "/") {
		if part == "" || part == "." || part == ".." || strings.ContainsAny(part, "=\x00") {
			return "", fmt.Errorf("sysctl %q: not the name of a setting", name)
		}
	}
	if !strings.HasPrefix(path, "net/") && !strings.HasPrefix(path, "fs/mqueue/") && !slices.Contains(ownSettings, path) {
		return "", fmt.Errorf("sysctl %s: belongs to the whole machine (a node has its own net, fs.mqueue and kernel.msg/sem/shm settings)", name)
	}
	return path, nil
}
