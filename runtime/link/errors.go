package link

import "errors"

var (
	// ErrNotFound says that the machine has no such interface.
	ErrNotFound = errors.New("no such interface")
	// ErrNoNamespace says that a network namespace does not exist any more.
	ErrNoNamespace = errors.New("no such network namespace")
	// ErrUnfit says that an interface can't be an uplink.
	ErrUnfit = errors.New("can't be an uplink")
)
