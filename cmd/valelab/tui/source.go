package tui

import (
	"os/exec"
	"time"

	tea "github.com/charmbracelet/bubbletea"
)

// Source is what the model asks the world. Every method may block for as long as it likes: bubbletea calls it
// on a goroutine of its own. Its result is one of the messages.
type Source interface {
	// Watch begins to take samples and returns the first one as a SampleMsg or DownMsg. gen comes back with it.
	Watch(gen int, interval time.Duration) tea.Msg
	// Next waits for the next sample of the last Watch.
	Next(gen int) tea.Msg
	// NextEvent waits for an event: EventMsg.
	NextEvent() tea.Msg
	// Lab looks at the whole lab: LabMsg.
	Lab() tea.Msg
	// Captures looks at the captures that run: CapturesMsg.
	Captures() tea.Msg
	// StartCapture captures a port into a file: DoneMsg, when it has begun.
	StartCapture(port, file string) tea.Msg
	// StopCapture ends one: DoneMsg.
	StopCapture(id int) tea.Msg
	// Logs reads the last lines of a node's log: LogsMsg.
	Logs(node string) tea.Msg
	// Shell is a shell in a node. It does not start it.
	Shell(node string) *exec.Cmd
}
