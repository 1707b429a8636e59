package runtime

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/valelab/valelab/runtime/node"
	"github.com/valelab/valelab/runtime/state"
	"github.com/valelab/valelab/topology"
)

// awaitPause is the time between two looks at a node that is waited for.
const awaitPause = 50 * time.Millisecond

// AwaitNode looks at what the node's init, or the agent for a container, has
// written down: that costs the engine nothing, however long it takes.
func (m *local) AwaitNode(ctx context.Context, lab state.Dir, name string, condition topology.Condition) error {
	for {
		status, err := m.NodeStatus(lab, name)
		if err != nil {
			return err
		}
		if there, err := reached(status, condition); there || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(awaitPause):
		}
	}
}

// reached says whether a node has come to a condition, or why it never will.
func reached(s node.Status, condition topology.Condition) (bool, error) {
	ended := s.State == node.Exited
	switch {
	case condition == topology.Started:
		return s.State != node.Waiting, nil
	case condition == topology.Exited && ended && s.Signal == 0 && s.ExitCode == 0:
		return true, nil
	case ended && s.Signal != 0:
		return false, fmt.Errorf("it was ended by signal %d", s.Signal)
	case ended:
		return false, fmt.Errorf("it ended with status %d", s.ExitCode)
	case condition == topology.Healthy && s.Health == node.Unhealthy:
		return false, errors.New("it is unhealthy")
	}
	return condition == topology.Healthy && s.Health == node.Healthy, nil
}
