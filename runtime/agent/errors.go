package agent

import (
	"context"
	"errors"
	"fmt"
)

// ErrNoAgent says that nobody answers on the lab's agent socket.
var ErrNoAgent = errors.New("the lab's agent does not answer")

// StatusError is a request that the agent refused.
type StatusError struct {
	Status  int // HTTP status, 400 or above
	Problem Problem
}

// Error returns the agent's own words, without the hint.
func (e *StatusError) Error() string { return e.Problem.Error }

// unanswered describes a request that got no reply.
func unanswered(ctx context.Context, labDir string, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("agent of %s: %w", labDir, context.Cause(ctx))
	}
	return fmt.Errorf("agent of %s: %w: %w", labDir, ErrNoAgent, err)
}
