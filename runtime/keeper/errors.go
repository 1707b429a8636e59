package keeper

import "errors"

var (
	// ErrLost says that the keeper is gone: nothing can be stored any more.
	ErrLost = errors.New("the lab's keeper is gone")
	// ErrTooBig says that an entry exceeds the bounds of a store.
	ErrTooBig = errors.New("entry is too big for the lab's keeper")
	// errMessage says that a message of the keeper makes no sense.
	errMessage = errors.New("bad message from the lab's keeper")
)
