package region

import "errors"

var (
	// ErrNoRoom: every netmap_if, ring or buffer of the region is in use (netmap: ENOMEM).
	ErrNoRoom = errors.New("no room in the region")

	// ErrMalformed: what was granted does not hold together, or is not sealed against truncation.
	ErrMalformed = errors.New("malformed region")
)
