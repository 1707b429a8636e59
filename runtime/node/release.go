package node

import (
	"errors"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Release lets the command of a node start. Releasing twice is fine. It does
// not wait for the start; ReadStatus tells what became of it. The error is
// ErrGone when the node has no living init.
func Release(labDir, name string) error {
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
	// A full pipe holds releases that init has yet to read: one more is no news.
	if _, err := unix.Write(fd, []byte{'r'}); err != nil && !errors.Is(err, unix.EAGAIN) {
		return &Error{name, err}
	}
	return nil
}
