package runtime

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/valelab/valelab/runtime/docker"
	"github.com/valelab/valelab/runtime/state"
	"github.com/valelab/valelab/topology"
)

// Ready asks for the engine if the plan has a container. Without one it does
// not look for it.
func (m *local) Ready(ctx context.Context, plan *topology.Plan) error {
	for i := range plan.Steps {
		n := plan.Steps[i].Node
		if n == nil || n.Image == "" {
			continue
		}
		err := m.engine.Check(ctx)
		if errors.Is(err, docker.ErrNoEngine) {
			return &HintError{
				Err:  fmt.Errorf("node %s: image %s: %w", n.Name, n.Image, err),
				Hint: "systemctl start docker; without an image the node is a process, which needs no engine",
			}
		}
		return err
	}
	return nil
}

// RunInNode waits for the command before it runs another one beside it.
func (m *local) RunInNode(ctx context.Context, lab state.Dir, name string, argv []string) (note string, err error) {
	if err := m.AwaitNode(ctx, lab, name, topology.Started); err != nil {
		return fmt.Sprintf("node %s: exec %s: %v", name, argv[0], err), ctx.Err()
	}
	status, output, err := m.engine.ExecQuiet(ctx, lab, name, argv)
	switch {
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case err != nil:
		return fmt.Sprintf("exec %s: %v", argv[0], err), nil
	case status != 0:
		return fmt.Sprintf("node %s: exec %s: ended with status %d: %s", name, argv[0], status, output), nil
	}
	return "", nil
}

func (*local) HasContainers(lab state.Dir) (bool, error) { return docker.HasContainers(lab) }

func (m *local) RemoveContainers(ctx context.Context, lab state.Dir, keep []string) error {
	if has, err := docker.HasContainers(lab); err != nil || !has {
		return err
	}
	err := m.engine.Remove(ctx, lab, keep)
	if errors.Is(err, docker.ErrNoEngine) {
		return &HintError{
			Err:  fmt.Errorf("containers of lab %s: %w", lab.Name(), err),
			Hint: "systemctl start docker, then valelab destroy " + lab.Name(),
		}
	}
	return hinted(err)
}

// isContainer says whether the node is, or was about to become, a container.
func isContainer(lab state.Dir, name string) bool {
	_, err := os.Lstat(docker.Folder(lab, name))
	return err == nil
}

// hinted gives an error of the engine's its hint.
func hinted(err error) error {
	var fault *docker.Error
	if errors.As(err, &fault) && fault.Hint != "" {
		return &HintError{Err: err, Hint: fault.Hint}
	}
	return err
}
