package runtime

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/valelab/valelab/runtime/keeper"
	"github.com/valelab/valelab/runtime/state"
)

// agentPatience bounds the time from the start of a keeper to the first answer
// of its agent.
const agentPatience = 10 * time.Second

// logTail is how many of the log's last lines go into the error of an agent
// that does not start.
const logTail = 5

func (m *local) StartAgent(ctx context.Context, lab state.Dir) error {
	inner, cancel := context.WithTimeoutCause(ctx, agentPatience, errors.New("it does not answer"))
	defer cancel()
	pid, err := keeper.Start(inner, keeper.Config{LabDir: lab.Path(), Env: engineEnv()})
	if err == nil {
		err = m.awaitAgent(inner, lab, pid)
	}
	if err == nil || ctx.Err() != nil {
		return err
	}
	return fmt.Errorf("agent of lab %s: %w%s", lab.Name(), err, lastLines(lab.AgentLog()))
}

// awaitAgent returns when the agent answers, and ends the keeper if it does not.
func (m *local) awaitAgent(ctx context.Context, lab state.Dir, keeper state.PID) error {
	client := m.Agent(lab)
	defer client.Close()
	err := state.Settle(ctx, func() (bool, error) {
		if _, err := client.Version(ctx); err == nil {
			return true, nil
		}
		if !keeper.Alive() {
			return false, errors.New("its keeper has ended")
		}
		return false, nil
	})
	if err != nil {
		err = errors.Join(err, stopAgent(context.WithoutCancel(ctx), m, lab))
	}
	return err
}

// lastLines returns the end of a log, each line on one of its own, or nothing.
func lastLines(path string) string {
	const most = 64 << 10
	data, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	data = bytes.TrimSpace(data[max(0, len(data)-most):])
	if len(data) == 0 {
		return ""
	}
	lines := bytes.Split(data, []byte("\n"))
	lines = lines[max(0, len(lines)-logTail):]
	return "; its log ends:\n" + string(bytes.Join(lines, []byte("\n")))
}

// engineEnv is what the agent must know to reach the same engine.
func engineEnv() []string {
	if host, ok := os.LookupEnv("DOCKER_HOST"); ok {
		return []string{"DOCKER_HOST=" + host}
	}
	return nil
}
