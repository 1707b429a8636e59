package docker

import (
	"context"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/api/types/filters"

	"github.com/valelab/valelab/runtime/node"
	"github.com/valelab/valelab/runtime/state"
)

// Change is what the engine tells of a node's container.
type Change struct {
	Node string
	ID   string // of the container

	Ended    bool // it does not run; the fields below are set
	ExitCode int
	Again    bool // the engine is about to start it again

	Gone   bool   // it does not exist any more
	Health string // one of package node's; "" when nothing was said of it
}

// askPause is the time between a death and the question what follows from it:
// most of those that are removed are gone by then, and nobody asks.
const askPause = 200 * time.Millisecond

// watchPause is the time between two attempts to reach an engine.
const watchPause = time.Second

// Watch calls changed for what happens to the lab's containers, from one
// goroutine, until ctx ends. It begins with how they are, and again whenever it
// has lost the engine, so that nothing is missed: it may be told twice. lost is
// called with the reason when the engine is lost.
func (e *Engine) Watch(ctx context.Context, lab state.Dir, changed func(Change), lost func(error)) {
	watchAgain(ctx, func() error { return e.watch(ctx, lab, changed) }, lost)
}

// watchAgain calls watch, which returns when it has lost the engine, until ctx
// ends.
func watchAgain(ctx context.Context, watch func() error, lost func(error)) {
	for {
		err := watch()
		if ctx.Err() != nil {
			return
		}
		lost(explain(err))
		select {
		case <-ctx.Done():
			return
		case <-time.After(watchPause):
		}
	}
}

// watch is one connection's part of Watch.
func (e *Engine) watch(ctx context.Context, lab state.Dir, changed func(Change)) error {
	c, err := e.api()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// Listen first, then look: no change is missed.
	args := filters.NewArgs(filters.Arg("type", "container"), filters.Arg("label", labelDir+"="+lab.Path()))
	messages, faults := c.Events(ctx, events.ListOptions{Filters: args})
	all, err := e.list(ctx, lab)
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.State == "running" || s.State == "created" { // what the list says is enough
			if health := healthOf(s.Status); health != "" {
				changed(Change{Node: s.Labels[labelNode], ID: s.ID, Health: health})
			}
			continue
		}
		if change, ok := e.look(ctx, s.Labels[labelNode], s.ID); ok {
			changed(change)
		}
	}
	dead := make(map[string]string) // nodes of containers that have ended, by ID
	var ask <-chan time.Time        // when to ask about these
	for {
		select {
		case err := <-faults:
			return err
		case <-ask:
			for id, name := range dead {
				if change, ok := e.look(ctx, name, id); ok {
					changed(change)
				}
			}
			clear(dead)
			ask = nil
		case m := <-messages:
			name, id := m.Actor.Attributes[labelNode], m.Actor.ID
			if m.Actor.Attributes[labelDir] != lab.Path() {
				continue
			}
			switch action, detail, _ := strings.Cut(string(m.Action), ": "); action {
			case "die":
				if dead[id] = name; ask == nil {
					ask = time.After(askPause)
				}
			case "destroy":
				delete(dead, id)
				changed(Change{Node: name, ID: id, Gone: true})
			case "health_status":
				if health := knownHealth(detail); health != "" {
					changed(Change{Node: name, ID: id, Health: health})
				}
			}
		}
	}
}

// look asks how a container is that has ended. One that runs again is no news:
// its process itself tells.
func (e *Engine) look(ctx context.Context, name, id string) (Change, bool) {
	change := Change{Node: name, ID: id}
	have, err := e.client.ContainerInspect(ctx, id)
	switch {
	case isNotFound(err):
		change.Gone = true
		return change, true
	case err != nil || have.ContainerJSONBase == nil || have.State == nil:
		return change, false
	case have.State.Running && !have.State.Restarting:
		return change, false
	case have.State.Status == "created": // it was never started
		return change, false
	}
	change.Ended, change.Again, change.ExitCode = true, have.State.Restarting, have.State.ExitCode
	return change, true
}

// healthOf finds the health in a list's status, such as "Up 2 hours (healthy)".
func healthOf(status string) string {
	_, word, ok := strings.Cut(status, "(")
	if !ok || !strings.HasPrefix(status, "Up ") {
		return ""
	}
	word, _, _ = strings.Cut(word, ")")
	return knownHealth(strings.TrimPrefix(word, "health: "))
}

func knownHealth(word string) string {
	switch word {
	case container.Starting:
		return node.Starting
	case container.Healthy:
		return node.Healthy
	case container.Unhealthy:
		return node.Unhealthy
	}
	return ""
}

// InContainer says whether a process is in the container, by the control groups
// that the kernel has it in.
func InContainer(cgroups []byte, id string) bool {
	return containerID.MatchString(id) && strings.Contains(string(cgroups), id)
}

// ProcessOf asks the engine for process 1 of a container; 0 when it has none.
func (e *Engine) ProcessOf(ctx context.Context, id string) (int, error) {
	c, err := e.api()
	if err != nil {
		return 0, err
	}
	have, err := c.ContainerInspect(ctx, id)
	if err != nil {
		return 0, explain(err)
	}
	pid, err := processOf(have)
	return pid.Number, err
}
