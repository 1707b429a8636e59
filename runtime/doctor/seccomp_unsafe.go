package doctor

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// notificationAvailable asks whether a filter may hand system calls to a supervisor. seccomp(2) has the call.
func notificationAvailable() error {
	action := uint32(unix.SECCOMP_RET_USER_NOTIF)
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_GET_ACTION_AVAIL, 0, uintptr(unsafe.Pointer(&action)))
	if errno != 0 {
		return fmt.Errorf("no seccomp user notification: %w", errno)
	}
	return nil
}
