package node

// #include "config.h"
import "C"

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// Release lets the command of a node start. Releasing twice is fine. It does
// not wait for the start; ReadStatus tells what became of it. The error is
// ErrGone when the node has no living init.
func Release(labDir, name string) error { return control(labDir, name, C.CTL_RELEASE) }

// Halt ends the command of a node, with SIGTERM and after ten seconds with
// SIGKILL, and returns when it has ended. The node stays, and whatever its
// restart policy says the command stays down until Resume.
func Halt(ctx context.Context, labDir, name string) error {
	if err := control(labDir, name, C.CTL_HALT); err != nil {
		return err
	}
	for {
		status, err := ReadStatus(labDir, name)
		if err != nil {
			return err
		}
		if status.State == Exited {
			return nil
		}
		select {
		case <-ctx.Done():
			return &Error{name, context.Cause(ctx)}
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Resume starts the command of a node that has ended, by Halt or by itself. One
// that runs goes on.
func Resume(labDir, name string) error { return control(labDir, name, C.CTL_RESUME) }

// control writes a word to a node's init.
func control(labDir, name string, word byte) error {
	// Init is the only reader, so opening fails when it is dead.
	fd, err := unix.Open(filepath.Join(stateDir(labDir, name), "ctl"),
		unix.O_WRONLY|unix.O_NONBLOCK|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
	if errors.Is(err, unix.ENXIO) || errors.Is(err, unix.ENOENT) {
		return &Error{name, ErrGone}
	}
	if err != nil {
		return &Error{name, err}
	}
	defer unix.Close(fd)
	// A full pipe holds words that init has yet to read: one more is no news.
	if _, err := unix.Write(fd, []byte{word}); err != nil && !errors.Is(err, unix.EAGAIN) {
		return &Error{name, err}
	}
	return nil
}
