package tui

import (
	"time"

	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/runtime/agent"
	"github.com/valelab/valelab/runtime/sample"
)

// SampleMsg is a new sample; its rates are still to be set. It stays as it is until the source has been asked
// for the next one and has brought it.
type SampleMsg struct {
	Gen    int
	Sample *sample.Sample
}

// DownMsg says that the agent did not answer. The source waits before it says so again.
type DownMsg struct {
	Gen  int
	Gone bool // the lab is no more
	Err  error
}

// EventMsg is something that happened; the first ones are of the past.
type EventMsg struct{ Event agent.Event }

// LabMsg is what there is of a lab, next to its file.
type LabMsg struct {
	Lab     *runtime.Inspection
	Outlook *runtime.Outlook // what a deploy of File would do; nil: not known
	File    string           // "": the plan that the lab was deployed from
	Took    time.Duration    // the look
	Err     error
}

// CapturesMsg are the captures that run. Files are those that this program writes, by number.
type CapturesMsg struct {
	List  []agent.CaptureState
	Files map[int]string
	Err   error
}

// LogsMsg are the last lines of a node's log.
type LogsMsg struct {
	Node  string
	Lines []string
	Err   error
}

// DoneMsg is the result of something that the user asked for.
type DoneMsg struct {
	What string
	Err  error
}

// refreshMsg says that captures and logs are to be looked at again, lookMsg the whole lab.
type (
	refreshMsg struct{}
	lookMsg    struct{ number int }
)
