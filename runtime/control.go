package runtime

import (
	"context"
	"errors"
	"fmt"

	"github.com/valelab/valelab/runtime/docker"
	"github.com/valelab/valelab/runtime/node"
	"github.com/valelab/valelab/runtime/state"
)

// Stop ends a node's command and leaves it down until Start, Restart or a
// deploy of a container. The node's links stay: a process node's as they are, a
// container's as ports, which get their devices back with the start.
func (l *Lab) Stop(ctx context.Context, name string) error {
	return l.control(ctx, name, (*docker.Engine).Halt, func() error { return node.Halt(ctx, l.Dir, name) })
}

// Start starts a node's command that has ended. One that runs goes on.
func (l *Lab) Start(ctx context.Context, name string) error {
	return l.control(ctx, name, (*docker.Engine).Resume, func() error { return node.Resume(l.Dir, name) })
}

// Restart is Stop and Start.
func (l *Lab) Restart(ctx context.Context, name string) error {
	return l.control(ctx, name, (*docker.Engine).Restart, func() error {
		if err := node.Halt(ctx, l.Dir, name); err != nil {
			return err
		}
		return node.Resume(l.Dir, name)
	})
}

// control does one thing with a container, or another with a process node.
func (l *Lab) control(ctx context.Context, name string, box func(*docker.Engine, context.Context, state.Dir, string) error, process func() error) error {
	n, err := l.Node(name)
	switch {
	case err != nil:
		return err
	case n.Image != "":
		dir, err := l.folder()
		if err != nil {
			return err
		}
		engine := docker.New()
		defer engine.Close()
		return l.hintGone(hinted(box(engine, ctx, dir, name)))
	case len(n.Cmd) == 0:
		return &HintError{Err: fmt.Errorf("node %s has no command", name), Hint: "give it a cmd in the lab file"}
	}
	return l.hintGone(process())
}

// hintGone tells what to do about a node that is not there.
func (l *Lab) hintGone(err error) error {
	if errors.Is(err, node.ErrGone) || errors.Is(err, docker.ErrNotFound) {
		return &HintError{Err: err, Hint: "valelab deploy " + l.Name}
	}
	return err
}
