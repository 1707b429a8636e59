package runtime

import (
	"context"

	"github.com/valelab/valelab/runtime/agent"
	"github.com/valelab/valelab/runtime/cgroup"
	"github.com/valelab/valelab/runtime/docker"
	"github.com/valelab/valelab/runtime/state"
)

// local is this machine. All that it holds is a connection to the engine, and
// that only once a container was worked on.
type local struct{ engine *docker.Engine }

// Local returns this machine. What is done with it needs root.
func Local() Machine { return &local{docker.New()} }

func (*local) Module() Module { return localModule{} }

func (*local) Agent(lab state.Dir) Agent { return agent.Dial(lab.Path()) }

func (*local) Processes(lab state.Dir) ([]state.Process, error) { return lab.Processes() }

func (*local) Terminate(ctx context.Context, processes []state.Process) error {
	return state.Terminate(ctx, processes)
}

func (*local) Kill(ctx context.Context, processes []state.Process) error {
	return state.Kill(ctx, processes)
}

// RemoveGroups first kills what is left in the groups: a process that was just
// being born when its maker was killed has no mark yet.
func (*local) RemoveGroups(ctx context.Context, lab state.Dir) error {
	groups, err := cgroup.Open(lab.Root().Path(), lab.Name())
	if err != nil {
		return err
	}
	if err := groups.Kill(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, killPatience)
	defer cancel()
	return groups.Remove(ctx)
}
