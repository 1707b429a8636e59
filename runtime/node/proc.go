package node

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// startTime returns field 22 of /proc/PID/stat. A process that has ended has
// none, whether or not its parent has noticed.
func startTime(pid int) (uint64, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The second field is the command's name, in brackets, with anything in it.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 20 || bytes.ContainsAny(fields[0], "ZX") {
		return 0, errors.New("process has ended")
	}
	return strconv.ParseUint(string(fields[19]), 10, 64)
}

// marked tells whether the process is root's and its argv is that of the
// node's init.
func marked(pid int, labDir, name string) bool {
	dir := fmt.Sprintf("/proc/%d", pid)
	var stat unix.Stat_t
	if unix.Stat(dir, &stat) != nil || stat.Uid != 0 {
		return false
	}
	line, err := os.ReadFile(dir + "/cmdline")
	return err == nil && string(line) == initName+"\x00"+labDir+"\x00"+name+"\x00"
}

// reap tells whether a pidfd reports the end of its process, and reaps the
// process when it is a child of ours.
func reap(fd int) (bool, error) {
	for {
		poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(poll, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n == 0 {
			return false, err
		}
		break
	}
	err := unix.Waitid(unix.P_PIDFD, fd, nil, unix.WEXITED|unix.WNOHANG, nil)
	if err == unix.ECHILD { // somebody else's child
		err = nil
	}
	return true, err
}
