package main

import (
	"context"
	"sync"
	"time"

	"github.com/valelab/valelab/runtime"
	"github.com/valelab/valelab/runtime/agent"
	"github.com/valelab/valelab/runtime/state"
)

// stepNews tells the agent of a lab what a deploy or destroy does, for those
// who read the lab's events. It never holds up a step, and what it can't tell,
// because there is no agent yet or any more, it keeps for the next try; losing
// all of it is no error.
type stepNews struct {
	client *agent.Client
	wake   chan struct{}
	done   chan struct{}

	mu      sync.Mutex
	waiting []agent.Event
}

// The bounds of what waits, and of one request.
const (
	maxNews     = 2000
	newsAtOnce  = 100
	newsTimeout = 500 * time.Millisecond
)

// tellSteps starts telling. close ends it.
func tellSteps(lab string) *stepNews {
	n := &stepNews{wake: make(chan struct{}, 1), done: make(chan struct{})}
	if dir, err := state.OpenLab(state.FindRoot(), lab); err == nil {
		n.client = agent.Dial(dir.Path())
	}
	go func() {
		defer close(n.done)
		for range n.wake {
			n.send()
		}
	}()
	return n
}

// show takes one event of a step.
func (n *stepNews) show(e runtime.Event) {
	if e.Phase == runtime.Present {
		return // nothing was done
	}
	news := agent.Event{Kind: agent.EventStep, State: e.Phase.String(), Message: e.Step}
	if e.Err != nil {
		news.Message += ": " + e.Err.Error()
	}
	n.mu.Lock()
	if len(n.waiting) < maxNews {
		n.waiting = append(n.waiting, news)
	}
	n.mu.Unlock()
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// send tells what waits.
func (n *stepNews) send() {
	for n.client != nil {
		n.mu.Lock()
		batch := n.waiting[:min(len(n.waiting), newsAtOnce)]
		n.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), newsTimeout)
		err := n.client.PublishSteps(ctx, batch)
		cancel()
		if err != nil {
			return
		}
		n.mu.Lock()
		n.waiting = n.waiting[len(batch):]
		n.mu.Unlock()
	}
}

// close tells the rest.
func (n *stepNews) close() {
	close(n.wake)
	<-n.done
	n.send()
	if n.client != nil {
		n.client.Close()
	}
}
