package state

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/go-multierror"
	"golang.org/x/sys/unix"
)

// pollStep bounds one wait for processes to end, so that the end of a context
// is noticed.
const pollStep = 100 // milliseconds

// openPID returns a pidfd of the process, or [ErrGone]. The start time is
// checked after opening, so the descriptor is of the process meant and none
// other.
func openPID(p PID) (int, error) {
	fd, err := unix.PidfdOpen(p.Number, 0)
	if errors.Is(err, unix.ESRCH) {
		return -1, fmt.Errorf("process %d: %w", p.Number, ErrGone)
	}
	if err != nil {
		return -1, fmt.Errorf("process %d: %w", p.Number, err)
	}
	if start, err := StartTime(p.Number); err != nil || start != p.Start {
		unix.Close(fd)
		return -1, fmt.Errorf("process %d: %w", p.Number, ErrGone)
	}
	return fd, nil
}

// Alive says whether the process runs. One that has ended and was not yet
// waited for does not.
func (p PID) Alive() bool {
	fd, err := openPID(p)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	return !readable(fd)
}

// Kill sends SIGKILL to all the processes at once and returns when all have
// ended. Those that are gone already are no error. When ctx ends first, the
// error names those that are left.
func Kill(ctx context.Context, processes []Process) error {
	return end(ctx, processes, unix.SIGKILL)
}

// Terminate is Kill with SIGTERM, for processes that end better than by force.
func Terminate(ctx context.Context, processes []Process) error {
	return end(ctx, processes, unix.SIGTERM)
}

func end(ctx context.Context, processes []Process, signal unix.Signal) error {
	var left *multierror.Error
	fds := make([]int, len(processes))
	for i, p := range processes {
		fd, err := openPID(p.PID)
		fds[i] = fd
		if err == nil {
			defer unix.Close(fd)
			err = unix.PidfdSendSignal(fd, signal, nil, 0)
		}
		if err != nil && !errors.Is(err, ErrGone) && !errors.Is(err, unix.ESRCH) {
			left = multierror.Append(left, fmt.Errorf("%s: %s: %w", unix.SignalName(signal), p, err))
			fds[i] = -1
		}
	}
	for i, p := range processes {
		if fds[i] < 0 {
			continue
		}
		if err := await(ctx, fds[i]); err != nil {
			left = multierror.Append(left, fmt.Errorf("%s does not end: %w", p, err))
		}
	}
	return left.ErrorOrNil()
}

// await returns when the process behind a pidfd has ended. A child of this
// process it takes out of the process table.
func await(ctx context.Context, fd int) error {
	for {
		poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(poll, pollStep)
		if n > 0 {
			// ECHILD: it is not ours to wait for, or was waited for already.
			_ = unix.Waitid(unix.P_PIDFD, fd, nil, unix.WEXITED|unix.WNOHANG, nil)
			return nil
		}
		if err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
}

// readable says whether the process behind a pidfd has ended.
func readable(fd int) bool {
	poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	n, err := unix.Poll(poll, 0)
	return err == nil && n > 0
}

// Settle calls try until it returns true or ctx ends, with growing pauses
// between the calls. It is for what the kernel finishes on its own time.
func Settle(ctx context.Context, try func() (bool, error)) error {
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		ok, err := try()
		if ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}
