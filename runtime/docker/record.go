package docker

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"github.com/valelab/valelab/runtime/state"
)

// Record is what is known of a node's container without asking the engine. It
// is written by Start, and by the agent when the container has been restarted.
type Record struct {
	ID    string `json:"id"`
	PID   int    `json:"pid"`   // of its process 1, as the machine sees it
	Start uint64 `json:"start"` // of that process, in clock ticks since boot
	Boot  string `json:"boot"`  // the machine's boot that PID and Start belong to

	// Extra are the names that the engine writes into /etc/hosts at each start,
	// as "name:ip".
	Extra []string `json:"extra,omitempty"`
}

// containerID is what the engine's IDs look like.
var containerID = regexp.MustCompile(`^[0-9a-f]{64}$`)

func recordPath(lab state.Dir, node string) string {
	return filepath.Join(lab.NodeState(node), "container.json")
}

// ReadRecord returns a node's record; without one the error is ErrNotFound.
func ReadRecord(lab state.Dir, node string) (Record, error) {
	data, err := os.ReadFile(recordPath(lab, node))
	if errors.Is(err, fs.ErrNotExist) {
		return Record{}, &Error{Node: node, Err: ErrNotFound}
	}
	if err != nil {
		return Record{}, err
	}
	r, err := parseRecord(data)
	if err != nil {
		return Record{}, &Error{Node: node, Err: fmt.Errorf("record of its container: %w", err)}
	}
	return r, nil
}

func parseRecord(data []byte) (Record, error) {
	var r Record
	if err := json.Unmarshal(data, &r); err != nil {
		return Record{}, err
	}
	if !containerID.MatchString(r.ID) || r.PID < 0 {
		return Record{}, errors.New("is not one")
	}
	return r, nil
}

// WriteRecord replaces the process in a node's record, by one of this boot.
func WriteRecord(lab state.Dir, node, id string, pid state.PID) error {
	old, err := ReadRecord(lab, node)
	if err != nil || old.ID != id {
		old.Extra = nil
	}
	return writeRecord(lab, node, Record{ID: id, PID: pid.Number, Start: pid.Start, Extra: old.Extra})
}

// writeRecord replaces a node's record by one of this boot.
func writeRecord(lab state.Dir, node string, r Record) error {
	var err error
	if r.Boot, err = state.BootID(); err != nil {
		return err
	}
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return state.WriteFile(recordPath(lab, node), data, 0o600)
}

// Find returns process 1 of a node's container by its record: the engine is not
// asked. It is state.ErrGone when there is none that runs, and ErrNotFound when
// the node has no record.
func Find(lab state.Dir, node string) (state.PID, error) {
	r, err := ReadRecord(lab, node)
	if err != nil {
		return state.PID{}, err
	}
	boot, err := state.BootID()
	if err != nil {
		return state.PID{}, err
	}
	pid := state.PID{Number: r.PID, Start: r.Start}
	if r.Boot != boot || r.PID == 0 || !pid.Alive() {
		return state.PID{}, fmt.Errorf("node %s: %w", node, state.ErrGone)
	}
	return pid, nil
}
