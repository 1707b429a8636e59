package node

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/valelab/valelab/runtime/state"
)

// State is what the command of a node does.
type State string

// The states of a node's command:
//
//	waiting --(release, startup delay)--> running --> exited
//	                                       ^    |
//	                                       |    v
//	                                      backoff
//
// A node without a command is running from its release on.
const (
	Waiting State = "waiting" // not released yet, or in its startup delay
	Running State = "running"
	Backoff State = "backoff" // ended, about to be started again
	Exited  State = "exited"  // ended for good
)

// The health of a container that has a health check.
const (
	Starting  = "starting"
	Healthy   = "healthy"
	Unhealthy = "unhealthy"
)

// Status is what init wrote down last about the node's command.
type Status struct {
	State    State     `json:"state"`
	PID      int       `json:"pid,omitempty"`       // in the node's own PID namespace; 0 when none runs
	ExitCode int       `json:"exit-code,omitempty"` // of the last end
	Signal   int       `json:"signal,omitempty"`    // that ended it last; 0 when it exited
	Restarts int       `json:"restarts,omitempty"`
	Since    time.Time `json:"since"`            // of the state
	Health   string    `json:"health,omitempty"` // of a container with a health check: Starting, Healthy or Unhealthy
}

// ReadStatus returns the status of a node. It says nothing about whether the
// node's init still lives; Find does. The error is ErrGone when there is no
// such node.
func ReadStatus(labDir, name string) (Status, error) {
	text, err := os.ReadFile(filepath.Join(stateDir(labDir, name), "status"))
	if errors.Is(err, fs.ErrNotExist) {
		return Status{}, &Error{name, ErrGone}
	}
	if err != nil {
		return Status{}, &Error{name, err}
	}
	status, err := parseStatus(string(text))
	if err != nil {
		return Status{}, &Error{name, err}
	}
	return status, nil
}

// WriteStatus writes the status of a node that has no init of ours: a
// container's, of which only the engine knows.
func WriteStatus(labDir, name string, s Status) error {
	line := fmt.Sprintf("%s %d %d %d %d %d", s.State, s.PID, s.ExitCode, s.Signal, s.Restarts, s.Since.Unix())
	if s.Health != "" {
		line += " " + s.Health
	}
	return state.WriteFile(filepath.Join(stateDir(labDir, name), "status"), []byte(line+"\n"), 0o600)
}

// parseStatus reads a status line, "STATE PID CODE SIGNAL RESTARTS SECONDS", and
// behind that the health of a container that has one.
func parseStatus(line string) (Status, error) {
	fields := strings.Fields(line)
	if len(fields) != 6 && len(fields) != 7 {
		return Status{}, fmt.Errorf("bad status %q", line)
	}
	s := Status{State: State(fields[0])}
	if len(fields) == 7 {
		s.Health = fields[6]
		if s.Health != Starting && s.Health != Healthy && s.Health != Unhealthy {
			return Status{}, fmt.Errorf("bad status %q", line)
		}
	}
	switch s.State {
	case Waiting, Running, Backoff, Exited:
	default:
		return Status{}, fmt.Errorf("bad status %q", line)
	}
	for i, field := range []*int{&s.PID, &s.ExitCode, &s.Signal, &s.Restarts} {
		value, err := strconv.ParseUint(fields[i+1], 10, 31)
		if err != nil {
			return Status{}, fmt.Errorf("bad status %q", line)
		}
		*field = int(value)
	}
	seconds, err := strconv.ParseInt(fields[5], 10, 64)
	if err != nil {
		return Status{}, fmt.Errorf("bad status %q", line)
	}
	s.Since = time.Unix(seconds, 0)
	return s, nil
}
