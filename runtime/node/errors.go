package node

import "errors"

var (
	// ErrHosts says that a node has put something else in the place of its
	// hosts file.
	ErrHosts = errors.New("its hosts file is not the one that it was given")

	// ErrGone says that a node has no living init: it never started, it was
	// killed, or the machine was started anew.
	ErrGone = errors.New("not running")

	// ErrRunning says that a node of this name has a living init already.
	ErrRunning = errors.New("already running")

	// ErrNotPermitted says that the caller may not make namespaces.
	ErrNotPermitted = errors.New("making namespaces is not permitted (run as root; in a container, run it with --privileged)")
)

// Error is what went wrong with one node.
type Error struct {
	Node string
	Err  error
}

func (e *Error) Error() string { return "node " + e.Node + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
