package tui

import (
	"fmt"
	"runtime/debug"
	"time"

	tea "github.com/charmbracelet/bubbletea"
)

// guarded is a source whose panics come up in Update. On its own goroutine bubbletea restores the terminal
// before it tells of one; what is told earlier is gone with the screen.
type guarded struct{ Source }

// panicMsg is a panic of a source.
type panicMsg string

// caught makes a panic a message.
func caught(msg *tea.Msg) {
	if r := recover(); r != nil {
		*msg = panicMsg(fmt.Sprintf("%v\n\n%s", r, debug.Stack()))
	}
}

func (g guarded) Watch(gen int, interval time.Duration) (msg tea.Msg) {
	defer caught(&msg)
	return g.Source.Watch(gen, interval)
}

func (g guarded) Next(gen int) (msg tea.Msg) {
	defer caught(&msg)
	return g.Source.Next(gen)
}

func (g guarded) NextEvent() (msg tea.Msg) {
	defer caught(&msg)
	return g.Source.NextEvent()
}

func (g guarded) Lab() (msg tea.Msg) {
	defer caught(&msg)
	return g.Source.Lab()
}

func (g guarded) Captures() (msg tea.Msg) {
	defer caught(&msg)
	return g.Source.Captures()
}

func (g guarded) StartCapture(port, file string) (msg tea.Msg) {
	defer caught(&msg)
	return g.Source.StartCapture(port, file)
}

func (g guarded) StopCapture(id int) (msg tea.Msg) {
	defer caught(&msg)
	return g.Source.StopCapture(id)
}

func (g guarded) Logs(node string) (msg tea.Msg) {
	defer caught(&msg)
	return g.Source.Logs(node)
}
