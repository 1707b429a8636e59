package docker

import (
	"context"

	"github.com/docker/docker/api/types/container"

	"github.com/valelab/valelab/runtime/state"
)

// Halt ends a container's command as `docker stop` does. The container stays,
// and nothing starts it again but Resume, Restart or the engine's own start.
func (e *Engine) Halt(ctx context.Context, lab state.Dir, name string) error {
	return e.control(lab, name, func(id string) error {
		return e.client.ContainerStop(ctx, id, container.StopOptions{})
	})
}

// Resume starts a container that has ended.
func (e *Engine) Resume(ctx context.Context, lab state.Dir, name string) error {
	return e.control(lab, name, func(id string) error {
		return e.client.ContainerStart(ctx, id, container.StartOptions{})
	})
}

// Restart is Halt and Resume.
func (e *Engine) Restart(ctx context.Context, lab state.Dir, name string) error {
	return e.control(lab, name, func(id string) error {
		return e.client.ContainerRestart(ctx, id, container.StopOptions{})
	})
}

func (e *Engine) control(lab state.Dir, name string, do func(id string) error) error {
	r, err := ReadRecord(lab, name)
	if err != nil {
		return err
	}
	if _, err := e.api(); err != nil {
		return fail(name, err)
	}
	return fail(name, do(r.ID))
}
