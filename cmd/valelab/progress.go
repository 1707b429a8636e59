package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/valelab/valelab/runtime"
)

// redraw is the least time between two states of the live view.
const redraw = 50 * time.Millisecond

// progress shows how a deploy or destroy goes on: one line that is written
// again and again on a terminal, a line for each step elsewhere. show is called
// by one goroutine at a time.
type progress struct {
	w     io.Writer
	verb  string
	terse bool // off a terminal, show failures only

	width   func() int // of the terminal; nil: there is none
	drawn   time.Time
	running []string // steps under way, the oldest first
}

func newProgress(w io.Writer, verb string) *progress {
	p := &progress{w: w, verb: verb}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.width = func() int {
			width, _, err := term.GetSize(int(f.Fd()))
			if err != nil || width < 20 {
				return 80
			}
			return width
		}
	}
	return p
}

// show takes one event.
func (p *progress) show(e runtime.Event) {
	switch e.Phase {
	case runtime.Working:
		p.say(e)
		return
	case runtime.Started, runtime.Undoing:
		p.running = append(p.running, e.Step)
	default:
		p.running = slices.DeleteFunc(p.running, func(step string) bool { return step == e.Step })
	}
	failed := e.Err != nil && !errors.Is(e.Err, context.Canceled)
	switch {
	case failed:
		p.clear()
		fmt.Fprintf(p.w, "%s %s: %v\n", e.Step, e.Phase, e.Err)
	case p.width != nil:
		p.draw(e)
	case !p.terse && e.Err == nil && (e.Phase == runtime.Done || e.Phase == runtime.Undone):
		fmt.Fprintf(p.w, "%s %s (%s)\n", e.Step, e.Phase, e.Elapsed.Round(time.Millisecond))
	}
}

// say shows what a step that takes long is at: on a terminal in the place of the
// live view, elsewhere nothing, since such texts follow one another quickly.
func (p *progress) say(e runtime.Event) {
	if p.width != nil && time.Since(p.drawn) >= redraw {
		p.drawn = time.Now()
		p.line(fmt.Sprintf("%s: %s  %s", p.verb, e.Step, e.Text))
	}
}

// draw writes the line of the live view.
func (p *progress) draw(e runtime.Event) {
	if time.Since(p.drawn) < redraw && e.Ended < e.Total {
		return
	}
	p.drawn = time.Now()
	verb := p.verb
	if e.Phase == runtime.Undoing || e.Phase == runtime.Undone {
		verb = "undo"
	}
	p.line(fmt.Sprintf("%s: %d of %d  %s", verb, e.Ended, e.Total, strings.Join(p.running, " ")))
}

// line replaces the line of the live view.
func (p *progress) line(line string) {
	if width := p.width(); len(line) >= width {
		line = line[:width-1]
	}
	fmt.Fprintf(p.w, "\r%s\x1b[K", line)
}

// clear removes the line of the live view; what is written next is in its place.
func (p *progress) clear() {
	if p.width != nil {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
