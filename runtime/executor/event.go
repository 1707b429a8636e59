package executor

import "time"

// Phase says what an [Event] tells of its step.
type Phase int

// The phases of a step, in the order in which they can follow one another:
//
//	Started -> Present
//	        -> Done   -> Undoing -> Undone
//	        -> Failed -> Undoing -> Undone
//
// A step that can't be undone, or of which nothing was begun, stays at Done or
// Failed.
const (
	Started Phase = iota // its work begins
	Present              // it was there already; nothing was done
	Done                 // it was made
	Failed               // it could not be made; Err says why
	Undoing              // it is being taken back
	Undone               // it was taken back; Err says what remains
	Working              // it goes on; Text says with what. It comes between Started and what follows
)

// String returns the phase as one lower-case word.
func (p Phase) String() string {
	return [...]string{"started", "present", "done", "failed", "undoing", "undone", "working"}[p]
}

// Event is one change in the progress of a run.
type Event struct {
	Step    string
	Phase   Phase
	Text    string        // of Working
	Err     error         // of Failed and Undone
	Elapsed time.Duration // since the step's Started or Undoing
	Ended   int           // forwards: steps that are Present or Done; while undoing: steps Undone
	Total   int           // forwards: all steps; while undoing: the steps to undo
}
