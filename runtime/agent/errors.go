package agent

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
)

// ErrNoAgent says that nobody answers on the lab's agent socket.
var ErrNoAgent = errors.New("its agent does not answer")

// StatusError is a request that the agent refused.
type StatusError struct {
	Status  int // HTTP status, 400 or above
	Problem Problem
}

// Error returns the agent's own words, without the hint.
func (e *StatusError) Error() string { return e.Problem.Error }

// NoAgentError is a request that nobody has answered. It matches ErrNoAgent.
type NoAgentError struct {
	Lab string // its name
	Err error  // why
}

func (e *NoAgentError) Error() string {
	return fmt.Sprintf("lab %s: %v: %v", e.Lab, ErrNoAgent, e.Err)
}

// Unwrap returns ErrNoAgent and why.
func (e *NoAgentError) Unwrap() []error { return []error{ErrNoAgent, e.Err} }

// unanswered describes a request that got no reply. What packages http and net say
// of it, a request and a socket as they see them, is left out.
func unanswered(ctx context.Context, labDir string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("agent of %s: %w", labDir, context.Cause(ctx))
	}
	var request *url.Error
	if errors.As(err, &request) {
		err = request.Err
	}
	var socket *net.OpError
	if errors.As(err, &socket) {
		err = socket.Err
	}
	return &NoAgentError{filepath.Base(labDir), err}
}
