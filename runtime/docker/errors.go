package docker

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/client"
)

var (
	// ErrNoEngine says that no container engine answers.
	ErrNoEngine = errors.New("there is no container engine")
	// ErrForeign says that a container has a node's name and not its marks.
	ErrForeign = errors.New("is not a container of this lab")
	// ErrStopped says that a container is there and does not run.
	ErrStopped = errors.New("does not run")
	// ErrNotFound says that there is no such container.
	ErrNotFound = errors.New("has no container")
)

// Error is what went wrong with one node, and what can be done about it.
type Error struct {
	Node string
	Err  error
	Hint string
}

func (e *Error) Error() string { return "node " + e.Node + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// fail is the error of a node.
func fail(node string, err error) error {
	var known *Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	return &Error{Node: node, Err: explain(err)}
}

// explain turns an error of the client into one for people: on one line, and
// an ErrNoEngine if nobody answers.
func explain(err error) error {
	switch {
	case err == nil || errors.Is(err, ErrNoEngine):
		return err
	case client.IsErrConnectionFailed(err), errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%w: %s", ErrNoEngine, oneLine(err.Error()))
	}
	return &apiError{err}
}

// apiError is an error of the engine on one line.
type apiError struct{ err error }

func (e *apiError) Error() string {
	text := strings.TrimPrefix(e.err.Error(), "Error response from daemon: ")
	return "engine: " + oneLine(text)
}

func (e *apiError) Unwrap() error { return e.err }

// oneLine bounds what comes from the engine.
func oneLine(text string) string {
	const most = 500
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > most {
		text = text[:most] + "..."
	}
	return text
}

func isNotFound(err error) bool { return errdefs.IsNotFound(err) }

func isConflict(err error) bool { return errdefs.IsConflict(err) }
