package netmap

import (
	"errors"
	"fmt"
)

// What can go wrong, for errors.Is. Everything else is the operating system's error.
var (
	// ErrName: the port's name is not of the form that Open takes.
	ErrName = errors.New("not a netmap port name")

	// ErrNoSwitch: nobody answers at the switch's socket: this is not a node of a running lab.
	ErrNoSwitch = errors.New("no netmap switch here")

	// ErrNoPort: the node has no endpoint of this name, or the endpoint no such ring.
	ErrNoPort = errors.New("no such port")

	// ErrBusy: the port, or one of the rings asked for, is open in another program.
	ErrBusy = errors.New("port is in use")

	// ErrDetached: the switch has taken the port away. Close it; it will not come back.
	ErrDetached = errors.New("port was detached by the switch")

	// ErrCorrupt: what the other side wrote into the shared memory can't be. The port is of no use any more.
	ErrCorrupt = errors.New("shared memory is corrupt")

	// ErrClosed: the port has been closed by this program.
	ErrClosed = errors.New("port is closed")
)

// Error says which operation failed on which port.
type Error struct {
	Op   string // "open", "sync", "poll", "close"
	Port string // as given to Open
	Err  error
	Hint string // what the user can do about it; may be empty
}

// Error gives one line without the hint.
func (e *Error) Error() string { return fmt.Sprintf("%s %s: %v", e.Op, e.Port, e.Err) }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }
