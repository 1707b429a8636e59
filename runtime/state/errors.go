package state

import "errors"

var (
	// ErrBusy says that another process holds the lab's lock.
	ErrBusy = errors.New("is being deployed or destroyed by another process")
	// ErrGone says that a process has ended, or that its number now belongs
	// to another one.
	ErrGone = errors.New("process is gone")
	// ErrForeign says that a folder lies where a lab's folder belongs and is
	// not one of ours.
	ErrForeign = errors.New("is not a lab's folder")
	// ErrBadName says that no lab can be called so.
	ErrBadName = errors.New("is not a lab's name")
	// ErrNotFound says that there is no such lab.
	ErrNotFound = errors.New("does not run")
)
