package runtime

import (
	"time"

	"github.com/valelab/valelab/runtime/executor"
)

// Event is one change in the progress of a deploy or destroy.
type Event = executor.Event

// Phase says what an [Event] tells of its step.
type Phase = executor.Phase

// The phases of a step, in the order in which they can follow one another.
const (
	Started = executor.Started // its work begins
	Present = executor.Present // it was there already; nothing was done
	Done    = executor.Done    // it was made
	Failed  = executor.Failed  // it could not be made; Err says why
	Undoing = executor.Undoing // it is being taken back
	Undone  = executor.Undone  // it was taken back; Err says what remains
	Working = executor.Working // it goes on; Text says with what
)

// Options are the same for Deploy, Preview and Destroy. The zero value is good.
type Options struct {
	// Workers is the number of steps that run at once; 0 means
	// [DefaultWorkers].
	Workers int
	// Progress is called for each event, one call at a time and in order.
	// It must not block for long: steps wait for it. It may be nil.
	Progress func(Event)
	// Machine is where the plan is carried out; nil means this one.
	Machine Machine
}

// DefaultWorkers is the number of steps that run at once. Most of a step's
// time is spent waiting for the kernel, so it does not depend on the number
// of processors.
const DefaultWorkers = 16

// Report says what a deploy or destroy did.
type Report struct {
	Lab     string        `json:"lab"`
	Steps   int           `json:"steps"`           // steps that the plan has
	Existed bool          `json:"existed"`         // the lab was there before, at least in part
	Changed int           `json:"changed"`         // steps that had to be done, removals included; 0: nothing to change
	Notes   []string      `json:"notes,omitempty"` // limits that could not be kept, for the user to know
	Elapsed time.Duration `json:"elapsed"`         // nanoseconds
}
