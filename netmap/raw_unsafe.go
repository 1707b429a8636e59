package netmap

import (
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls of this file do not tell Go's scheduler that they may block. Under traffic a program sleeps for
// tens of microseconds at a time, often; a scheduler that hears of each sleep gives the processor away and
// takes it back with futexes, which costs several times what the sleep does.

// blockBriefly is ppoll for a time so short that no other goroutine misses the processor.
func blockBriefly(fds *[2]unix.PollFd, limit time.Duration) (int, unix.Errno) {
	ts := unix.NsecToTimespec(limit.Nanoseconds())
	n, _, errno := unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(fds)), uintptr(len(fds)), uintptr(unsafe.Pointer(&ts)), 0, 0, 0)
	runtime.KeepAlive(fds)
	return int(n), errno
}

// writeWord is write of 8 bytes to a descriptor that does not block.
func writeWord(fd int, word *[8]byte) unix.Errno {
	_, _, errno := unix.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(word)), uintptr(len(word)))
	return errno
}

// readSome is read from a descriptor that does not block, or that is known to be readable.
func readSome(fd int, buf *[512]byte) unix.Errno {
	_, _, errno := unix.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(buf)), uintptr(len(buf)))
	return errno
}
