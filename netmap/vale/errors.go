package vale

import "errors"

var (
	// ErrClosed says that the engine, switch, port or open is closed.
	ErrClosed = errors.New("closed")
	// ErrBusy says that one of the rings asked for is open already.
	ErrBusy = errors.New("ring is open already")
	// ErrFull says that a switch has no free port.
	ErrFull = errors.New("switch has no free port")
	// ErrExists says that the name or index is in use.
	ErrExists = errors.New("exists already")
	// ErrNotFound says that there is no such switch or port.
	ErrNotFound = errors.New("not found")
	// ErrInvalid says that an argument is out of its range, or that a file is not what it should be.
	ErrInvalid = errors.New("invalid")
)
