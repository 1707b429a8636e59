package executor

import (
	"errors"
	"fmt"

	"github.com/hashicorp/go-multierror"
)

// Error is a run that did not make its graph, and was taken back.
type Error struct {
	// Cause is why: the errors of the steps that failed, or what ended the
	// context; a *multierror.Error when there are several.
	Cause error
	// Left is what could not be taken back, a *multierror.Error; nil when
	// everything was.
	Left error
	// Undone are the IDs of the steps whose work was begun and taken back, or was
	// tried to be, in no order.
	Undone []string
}

// Error names the cause, and what is left.
func (e *Error) Error() string {
	if e.Left == nil {
		return e.Cause.Error()
	}
	return fmt.Sprintf("%v; and not everything could be taken back: %v", e.Cause, e.Left)
}

// Unwrap returns the cause and what is left.
func (e *Error) Unwrap() []error {
	if e.Left == nil {
		return []error{e.Cause}
	}
	return []error{e.Cause, e.Left}
}

// WrappedErrors returns every single error, for those who print each on a line
// of its own.
func (e *Error) WrappedErrors() []error {
	all := parts(e.Cause)
	for _, left := range parts(e.Left) {
		all = append(all, fmt.Errorf("not taken back: %w", left))
	}
	return all
}

// parts takes a list of errors apart.
func parts(err error) []error {
	var list *multierror.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &list):
		return list.Errors
	}
	return []error{err}
}
