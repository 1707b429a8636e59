package state

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Role is what a process is in its lab.
type Role string

// The roles, as the first argument of a process spells them.
const (
	Keeper Role = "valelab-keeper"
	Agent  Role = "valelab-agent"
	Init   Role = "valelab-init"
	Exec   Role = "valelab-exec"
)

// Process is a process that carries the mark of a lab. The mark is the
// beginning of its argument list: role, lab folder, and for [Init] and [Exec]
// the node.
type Process struct {
	PID
	Role   Role
	LabDir string // absolute state folder of its lab
	Node   string // of Init and Exec
}

// String names the process as messages do.
func (p Process) String() string {
	if p.Node == "" {
		return fmt.Sprintf("%s of lab %s (process %d)", p.Role, filepath.Base(p.LabDir), p.Number)
	}
	return fmt.Sprintf("%s of node %s (process %d)", p.Role, p.Node, p.Number)
}

// parseMark reads a process's argument list, as /proc/PID/cmdline has it. It
// reports false when the list is no mark.
func parseMark(cmdline []byte) (role Role, labDir, node string, ok bool) {
	if !bytes.HasPrefix(cmdline, []byte("valelab-")) {
		return "", "", "", false
	}
	args := strings.Split(string(cmdline), "\x00")
	role = Role(args[0])
	switch role {
	case Keeper, Agent:
		ok = len(args) >= 2
	case Init, Exec:
		ok = len(args) >= 3 && args[2] != ""
	}
	if !ok || !filepath.IsAbs(args[1]) {
		return "", "", "", false
	}
	if role == Init || role == Exec {
		node = args[2]
	}
	return role, args[1], node, true
}

// Processes returns the processes that carry the lab's mark and run as this
// user. A process that is not yet, or no longer, itself is not among them.
func (d Dir) Processes() ([]Process, error) {
	path := d.Path()
	return search(func(labDir string) bool { return labDir == path })
}

// Processes returns the marked processes of all labs under the root.
func (r Root) Processes() ([]Process, error) {
	return search(func(labDir string) bool {
		return filepath.Dir(labDir) == r.path && labName.MatchString(filepath.Base(labDir))
	})
}

// markSize bounds what is read of an argument list: a role, a path and a node
// fit, and a node's command with megabytes of arguments costs nothing.
const markSize = 8192

// search walks /proc once.
func search(match func(labDir string) bool) ([]Process, error) {
	proc, err := os.Open("/proc")
	if err != nil {
		return nil, fmt.Errorf("search processes: %w", err)
	}
	defer proc.Close()
	names, err := proc.Readdirnames(-1)
	if err != nil {
		return nil, fmt.Errorf("search processes: %w", err)
	}
	var found []Process
	buf := make([]byte, markSize)
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if p, ok := examine(pid, buf); ok && match(p.LabDir) {
			found = append(found, p)
		}
	}
	return found, nil
}

// examine reads the mark of one process. buf is scratch space.
func examine(pid int, buf []byte) (Process, bool) {
	dir := "/proc/" + strconv.Itoa(pid)
	fd, err := unix.Open(dir+"/cmdline", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return Process{}, false
	}
	n, err := unix.Read(fd, buf)
	unix.Close(fd)
	if err != nil || n <= 0 {
		return Process{}, false
	}
	role, labDir, node, ok := parseMark(buf[:n])
	if !ok {
		return Process{}, false
	}
	var st unix.Stat_t
	if unix.Stat(dir, &st) != nil || int(st.Uid) != os.Geteuid() {
		return Process{}, false
	}
	start, err := StartTime(pid)
	if err != nil {
		return Process{}, false
	}
	return Process{PID: PID{Number: pid, Start: start}, Role: role, LabDir: labDir, Node: node}, true
}
