package runtime

import (
	"errors"

	"github.com/valelab/valelab/runtime/executor"
	"github.com/valelab/valelab/runtime/state"
)

var (
	// ErrBusy says that another process deploys or destroys the lab.
	ErrBusy = state.ErrBusy
	// ErrNotFound says that there is no such lab.
	ErrNotFound = state.ErrNotFound
	// ErrUnsupported says that a plan asks for what this program cannot do.
	ErrUnsupported = errors.New("is not supported")
)

// Error is a deploy that failed or was interrupted, and was taken back: why,
// and what could not be taken back.
type Error = executor.Error

// HintError is an error about which the user can do something.
type HintError struct {
	Err  error
	Hint string // the exact command to type, or what to change
}

// Error returns the error's text, without the hint.
func (e *HintError) Error() string { return e.Err.Error() }

// Unwrap returns the error itself.
func (e *HintError) Unwrap() error { return e.Err }
