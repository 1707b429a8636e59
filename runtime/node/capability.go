package node

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// defaultCaps are the capabilities that Docker gives a container.
var defaultCaps = []int{
	unix.CAP_AUDIT_WRITE, unix.CAP_CHOWN, unix.CAP_DAC_OVERRIDE, unix.CAP_FOWNER,
	unix.CAP_FSETID, unix.CAP_KILL, unix.CAP_MKNOD, unix.CAP_NET_BIND_SERVICE,
	unix.CAP_NET_RAW, unix.CAP_SETFCAP, unix.CAP_SETGID, unix.CAP_SETPCAP,
	unix.CAP_SETUID, unix.CAP_SYS_CHROOT,
}

// capNames are the capabilities of linux/capability.h, in the order of their
// numbers.
var capNames = []string{
	"CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID",
	"SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW",
	"IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT",
	"SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD",
	"LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG",
	"WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE",
}

// capabilities returns the set that a node's command keeps: Docker's and the
// added ones. ALL, as with Docker, adds every one that the caller has. A
// single one that the caller does not have can't be given: that is an error.
func capabilities(add []string) (uint64, error) {
	own, err := ownCaps()
	if err != nil {
		return 0, err
	}
	var set uint64
	for _, number := range defaultCaps {
		set |= 1 << number
	}
	set &= own
	for _, name := range add {
		if strings.EqualFold(name, "ALL") {
			set = own
			continue
		}
		number, err := capNumber(name)
		if err != nil {
			return 0, err
		}
		if own>>number&1 == 0 {
			return 0, fmt.Errorf("cap-add: valelab itself does not have %s here", capNames[number])
		}
		set |= 1 << number
	}
	return set, nil
}

// capNumber takes a name with or without CAP_ before it, in any case.
func capNumber(name string) (int, error) {
	plain := strings.TrimPrefix(strings.ToUpper(name), "CAP_")
	for number, known := range capNames {
		if plain == known {
			return number, nil
		}
	}
	return 0, fmt.Errorf("cap-add: there is no capability %s", name)
}

// ownCaps returns the set of capabilities of this process.
func ownCaps() (uint64, error) {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return 0, fmt.Errorf("capabilities: %w", err)
	}
	return uint64(data[1].Permitted)<<32 | uint64(data[0].Permitted), nil
}
