package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/runtime/agent"
	"github.com/valelab/valelab/topology"
)

// A usageError says that the command line is wrong: exit status 2.
type usageError struct {
	err  error
	hint string // a command to type, or ""
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(hint, format string, args ...any) error {
	return &usageError{err: fmt.Errorf(format, args...), hint: hint}
}

// An exitStatus is a failure that was reported already.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// report prints err, each of its parts on a line of its own with its hint
// below, and returns the exit status that goes with it.
func report(s streams, err error) int {
	if err == nil {
		return statusDone
	}
	if status, ok := err.(exitStatus); ok {
		return int(status)
	}
	status := statusFailed
	for _, part := range parts(err) {
		printError(s.err, part)
		if isUsage(part) {
			status = statusUsage
		}
	}
	return status
}

// parts takes a list of errors apart.
func parts(err error) []error {
	if err == nil {
		return nil
	}
	if list, ok := err.(interface{ WrappedErrors() []error }); ok {
		return list.WrappedErrors()
	}
	return []error{err}
}

// printError prints one error. A fault of a lab file begins with its position,
// so that editors can jump to it.
func printError(w io.Writer, err error) {
	var fault *topology.Fault
	switch {
	case errors.As(err, &fault):
		fmt.Fprintln(w, err)
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(w, "valelab: interrupted")
	default:
		fmt.Fprintf(w, "valelab: %v\n", err)
	}
	if hint := hintOf(err); hint != "" {
		fmt.Fprintf(w, "hint: %s\n", hint)
	}
}

func isUsage(err error) bool {
	var usage *usageError
	var fault *topology.Fault
	return errors.As(err, &usage) || errors.As(err, &fault)
}

// hintOf returns the hint that comes with err, or "".
func hintOf(err error) string {
	var (
		usage   *usageError
		hinted  *runtime.HintError
		fault   *topology.Fault
		refused *agent.StatusError
		silent  *agent.NoAgentError
	)
	switch {
	case errors.As(err, &usage):
		return usage.hint
	case errors.As(err, &hinted):
		return hinted.Hint
	case errors.As(err, &fault):
		return fault.Hint
	case errors.As(err, &refused):
		return refused.Problem.Hint
	case errors.Is(err, fs.ErrPermission) && os.Geteuid() != 0:
		return "labs belong to root: sudo valelab"
	case errors.As(err, &silent):
		return "valelab deploy " + silent.Lab
	}
	return ""
}
