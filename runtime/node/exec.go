package node

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// execName is argv[0] of the process that runs a command in a node, and
// execEnv the variable that names the descriptor of its configuration.
const (
	execName = "valelab-exec"
	execEnv  = "VALELAB_EXEC"
)

// Exec replaces the calling process by one that runs argv in the node, as the
// node's user with its environment, env added, and capabilities, and exits
// with its status (128+n when signal n ended it, 127 when there is no such
// command, 126 when it can't be run). The command has the caller's standard
// files; when input and output are a terminal it gets one of its own in the
// node, relayed. Signals that end a program are passed on to it, and it ends
// with its caller. Exec returns only on failure.
func Exec(labDir, name string, argv, env []string) error {
	if len(argv) == 0 || argv[0] == "" {
		return &Error{name, errors.New("no command given")}
	}
	p, err := Find(labDir, name)
	if err != nil {
		return err
	}
	defer p.Close()
	if term, ok := os.LookupEnv("TERM"); ok && isTerminal(0) && isTerminal(1) {
		env = append([]string{"TERM=" + term}, env...)
	}
	if err := p.exec(labDir, argv, env); err != nil {
		return &Error{name, err}
	}
	return nil
}

func (p *Process) exec(labDir string, argv, env []string) error {
	message, err := os.ReadFile(filepath.Join(stateDir(labDir, p.node), "config"))
	if errors.Is(err, fs.ErrNotExist) {
		return ErrGone
	}
	if err != nil {
		return err
	}
	records, err := decode(message)
	if err != nil {
		return fmt.Errorf("its configuration: %w", err)
	}
	// Descriptors of ours that stay open across the exec.
	process, err := p.duplicate()
	if err != nil {
		return err
	}
	defer process.Close()
	memory, err := unix.MemfdCreate(execName, unix.MFD_CLOEXEC)
	if err != nil {
		return fmt.Errorf("memfd: %w", err)
	}
	defer unix.Close(memory)
	message, err = encode(forExec(records, argv, env, process.Fd()))
	if err != nil {
		return err
	}
	if n, err := unix.Pwrite(memory, message, 0); err != nil || n != len(message) {
		return fmt.Errorf("memfd: wrote %d of %d bytes: %w", n, len(message), err)
	}
	return replace(labDir, p.node, memory, int(process.Fd()))
}

// forExec turns the records of a node into those of one command in it.
func forExec(records []record, argv, env []string, process uintptr) []record {
	var base []string
	for _, r := range records {
		if r.kind == recordEnv && len(r.payload) > 0 {
			base = append(base, string(r.payload[:len(r.payload)-1]))
		}
	}
	records = slices.DeleteFunc(records, func(r record) bool {
		return r.kind == recordArg || r.kind == recordEnv
	})
	env = overlay(base, env)
	records = append(records, texts(recordArg, withNetmap(argv, env))...)
	records = append(records, texts(recordEnv, env)...)
	return append(records, number32(recordPidfd, uint32(process)))
}

// replace is exec(2); no fork of another goroutine may come in between and
// inherit the descriptors.
func replace(labDir, name string, memory, process int) error {
	syscall.ForkLock.Lock()
	defer syscall.ForkLock.Unlock()
	for _, fd := range []int{memory, process} {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, 0); err != nil {
			return fmt.Errorf("descriptor %d: %w", fd, err)
		}
		defer unix.CloseOnExec(fd)
	}
	env := overlay(os.Environ(), []string{execEnv + "=" + strconv.Itoa(memory)})
	err := syscall.Exec("/proc/self/exe", []string{execName, labDir, name}, env)
	return fmt.Errorf("exec: %w", err)
}

func isTerminal(fd int) bool {
	_, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	return err == nil
}
