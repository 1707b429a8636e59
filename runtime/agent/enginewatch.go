package agent

import (
	"context"
	"time"

	"github.com/valelab/valelab/runtime/docker"
	"github.com/valelab/valelab/runtime/node"
	"github.com/valelab/valelab/runtime/state"
)

// watchEngine begins to listen to the engine's events, when the lab's first
// container comes. Who starts is seen at the gate; what the engine alone knows
// is how a container has ended, and its health.
func (a *agent) watchEngine(dir state.Dir) {
	a.engineOnce.Do(func() {
		ctx, cancel := context.WithCancel(context.Background())
		a.stopEngine = cancel
		engine := docker.New()
		go func() {
			defer engine.Close()
			engine.Watch(ctx, dir, a.containerChanged, func(err error) {
				a.log.Warn("the engine is lost", "error", err)
			})
		}()
	})
}

// containerChanged takes what the engine tells.
func (a *agent) containerChanged(c docker.Change) {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := a.nodes[c.Node]
	if n == nil || n.box == nil || n.box.id != c.ID {
		return
	}
	status := n.status
	switch {
	case c.Gone:
		status.State, status.PID, status.Health = StateGone, 0, ""
	case c.Ended && n.pidfd >= 0 && !ended(n.pidfd):
		return // it was started again meanwhile
	case c.Ended:
		status.State, status.PID, status.Health = node.Exited, 0, ""
		if c.Again {
			status.State = node.Backoff
		}
		status.ExitCode = c.ExitCode
	default:
		status.Health = c.Health
	}
	if status == n.status {
		return
	}
	if status.State != n.status.State {
		status.Since = time.Now()
	}
	if c.Gone { // a state of the agent's own, not one that is written down
		n.status = status
		a.hub.publish(Event{Kind: EventNode, Node: n.name, State: string(status.State)})
		return
	}
	a.setStatus(n, status)
}
