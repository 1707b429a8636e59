package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/runtime/state"
)

// initName is argv[0] of a node's first process.
const initName = "valelab-init"

// Process is the living init of a node, held by a descriptor: it can't be
// mistaken for a later process of the same number. Its methods may be called
// from several goroutines. Close gives the descriptor back and leaves the node
// alone.
type Process struct {
	node  string
	pid   int
	start uint64
	fd    *os.File // pidfd, non-blocking
}

// Find returns the init of a node. The error is ErrGone when there is none.
func Find(labDir, name string) (*Process, error) {
	pid, err := state.ReadPID(pidFile(labDir, name))
	if errors.Is(err, state.ErrGone) {
		err = ErrGone
	}
	if err != nil {
		return nil, &Error{name, err}
	}
	p, err := open(name, pid.Number)
	if err != nil {
		return nil, &Error{name, err}
	}
	// The number is verified after the descriptor pins the process.
	if p.start != pid.Start || !marked(pid.Number, labDir, name) {
		p.Close()
		return nil, &Error{name, ErrGone}
	}
	return p, nil
}

// open pins the process pid. The error is ErrGone when it has ended.
func open(name string, pid int) (*Process, error) {
	fd, err := unix.PidfdOpen(pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil, ErrGone
	}
	if err != nil {
		return nil, fmt.Errorf("pidfd of %d: %w", pid, err)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("pidfd of %d: %w", pid, err)
	}
	p := &Process{node: name, pid: pid, fd: os.NewFile(uintptr(fd), "pidfd")}
	if p.start, err = startTime(pid); err != nil {
		p.Close()
		return nil, ErrGone
	}
	return p, nil
}

// PID returns the number of init in the caller's PID namespace.
func (p *Process) PID() int { return p.pid }

// StartTime returns when init started, in clock ticks since boot (field 22 of
// /proc/PID/stat). With PID it names the process for good.
func (p *Process) StartTime() uint64 { return p.start }

// NetNS opens the node's network namespace. The file is the caller's to close.
func (p *Process) NetNS() (*os.File, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", p.pid))
	if err == nil && p.signal(0) == nil {
		return f, nil
	}
	if f != nil {
		f.Close()
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		err = ErrGone
	}
	return nil, &Error{p.node, err}
}

// Kill ends the node: init and with it every process in it, without asking.
// It waits for init's end until ctx is done. A node that has ended is fine.
func (p *Process) Kill(ctx context.Context) error {
	if err := p.signal(unix.SIGKILL); err != nil && !errors.Is(err, unix.ESRCH) {
		return &Error{p.node, fmt.Errorf("kill %d: %w", p.pid, err)}
	}
	return p.Wait(ctx)
}

// Wait waits until init has ended or ctx is done. When the caller is the
// process that started the node, this also takes the dead init out of the
// process table.
func (p *Process) Wait(ctx context.Context) error {
	// A descriptor of its own, as the deadline belongs to the file.
	fd, err := p.duplicate()
	if err != nil {
		return &Error{p.node, err}
	}
	defer fd.Close()
	stop := context.AfterFunc(ctx, func() { fd.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	raw, err := fd.SyscallConn()
	if err != nil {
		return &Error{p.node, err}
	}
	var fault error
	err = raw.Read(func(fd uintptr) bool {
		var ended bool
		ended, fault = reap(int(fd))
		return ended || fault != nil
	})
	if err == nil {
		err = fault
	} else if ctx.Err() != nil {
		err = ctx.Err()
	}
	if err != nil {
		return &Error{p.node, fmt.Errorf("waiting for the end of process %d: %w", p.pid, err)}
	}
	return nil
}

// duplicate returns another descriptor of the process.
func (p *Process) duplicate() (*os.File, error) {
	raw, err := p.fd.SyscallConn()
	if err != nil {
		return nil, err
	}
	var fd int
	var fault error
	if err := raw.Control(func(old uintptr) {
		fd, fault = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 0)
	}); err != nil {
		return nil, err
	}
	if fault != nil {
		return nil, fmt.Errorf("pidfd of %d: %w", p.pid, fault)
	}
	return os.NewFile(uintptr(fd), "pidfd"), nil
}

// signal sends sig to init; 0 only asks whether it has been reaped.
func (p *Process) signal(sig unix.Signal) error {
	raw, err := p.fd.SyscallConn()
	if err != nil {
		return err
	}
	var fault error
	if err := raw.Control(func(fd uintptr) {
		fault = unix.PidfdSendSignal(int(fd), sig, nil, 0)
	}); err != nil {
		return err
	}
	return fault
}

// Close gives the descriptor back. The node lives on.
func (p *Process) Close() error { return p.fd.Close() }
