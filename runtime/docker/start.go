package docker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/valelab/valelab/runtime/node"
	"github.com/valelab/valelab/runtime/state"
	"github.com/valelab/valelab/topology"
)

// Start makes the container of a node and starts it; its command waits for the
// agent. A container of this node that is there already is taken over if it was
// made from the same configuration, else it is replaced. A container of somebody
// else that has the name is ErrForeign.
//
// Start takes the marks down before the container exists. When it fails,
// [Engine.Remove] and [Engine.Stop] find what it has made; a request to make or
// start a container is never cut off halfway.
func (e *Engine) Start(ctx context.Context, lab state.Dir, n *topology.Node) (state.PID, error) {
	pid, err := e.start(ctx, lab, n)
	return pid, fail(n.Name, err)
}

func (e *Engine) start(ctx context.Context, lab state.Dir, n *topology.Node) (state.PID, error) {
	if err := checkBinds(n); err != nil {
		return state.PID{}, err
	}
	img, err := e.image(ctx, n)
	if err != nil {
		return state.PID{}, err
	}
	if err := e.install(lab); err != nil {
		return state.PID{}, err
	}
	if err := makeFolder(lab, n.Name); err != nil {
		return state.PID{}, err
	}
	if err := os.MkdirAll(lab.NodeState(n.Name), 0o700); err != nil {
		return state.PID{}, err
	}
	if ctx.Err() != nil {
		return state.PID{}, context.Cause(ctx)
	}
	ctx, cancel := steadfast(ctx)
	defer cancel()
	id, err := e.create(ctx, lab, n, img)
	if err != nil {
		return state.PID{}, err
	}
	return e.run(ctx, lab, n.Name, id)
}

// install puts the program and its preload library into the lab's folder, for all of its containers.
func (e *Engine) install(lab state.Dir) error {
	e.installing.Lock()
	defer e.installing.Unlock()
	return InstallPrograms(binFolder(lab))
}

// create makes the container, or takes over one that is there.
func (e *Engine) create(ctx context.Context, lab state.Dir, n *topology.Node, img *imageConfig) (id string, err error) {
	c, err := e.api()
	if err != nil {
		return "", err
	}
	security, err := e.securityOpt(ctx, n)
	if err != nil {
		return "", err
	}
	for again, began := false, time.Now(); ; again = true {
		conf, err := translate(lab, n, img, security)
		if err != nil {
			return "", err
		}
		made, err := c.ContainerCreate(ctx, conf.container, conf.host, nil, nil, Name(lab, n.Name))
		switch {
		case err == nil:
			return made.ID, nil
		case isConflict(err) && time.Since(began) < lateness:
			id, err := e.takeOver(ctx, lab, n.Name, conf)
			if err != nil || id != "" {
				return id, err
			}
			if again { // it is just being made, for a deploy that was killed, or removed
				time.Sleep(latePause)
			}
		case isNotFound(err) && !again:
			// The image was removed since it was made ready.
			e.forgetImage(n)
			if img, err = e.image(ctx, n); err != nil {
				return "", err
			}
		default:
			return "", err
		}
	}
}

// lateness is how long the engine may take over a container that it makes for
// somebody who was killed meanwhile: it has the name already, and can't be looked
// at or removed yet.
const (
	lateness  = 30 * time.Second
	latePause = 100 * time.Millisecond
)

// takeOver looks at the container that has the node's name. It returns its ID
// if it is the node's and as it should be, and "" when it has been removed.
func (e *Engine) takeOver(ctx context.Context, lab state.Dir, name string, want *config) (id string, err error) {
	c, err := e.api()
	if err != nil {
		return "", err
	}
	have, err := c.ContainerInspect(ctx, Name(lab, name))
	if isNotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if have.ContainerJSONBase == nil || have.Config == nil || !owned(have.Config.Labels, lab, name) {
		return "", &Error{name, fmt.Errorf("container %s %w", Name(lab, name), ErrForeign), "docker rm " + Name(lab, name) + ", or rename the lab or the node"}
	}
	if have.Config.Labels[labelConfig] == want.container.Labels[labelConfig] && !dead(have.State) {
		return have.ID, nil
	}
	return "", e.remove(ctx, have.ID)
}

// dead says whether a container can't be started any more.
func dead(s *container.State) bool { return s == nil || s.Dead || s.Status == "removing" }

// run starts a container that may run already, and writes down its process 1.
func (e *Engine) run(ctx context.Context, lab state.Dir, name, id string) (state.PID, error) {
	c, err := e.api()
	if err != nil {
		return state.PID{}, err
	}
	if !containerID.MatchString(id) {
		return state.PID{}, fmt.Errorf("engine: %.80q is not a container's ID", id)
	}
	if err := c.ContainerStart(ctx, id, container.StartOptions{}); err != nil {
		return state.PID{}, err
	}
	have, err := c.ContainerInspect(ctx, id)
	if err != nil {
		return state.PID{}, err
	}
	pid, err := processOf(have)
	if err != nil {
		return state.PID{}, err
	}
	waiting := node.Status{State: node.Waiting, Since: time.Now()}
	r := Record{ID: id, PID: pid.Number, Start: pid.Start}
	if have.HostConfig != nil {
		r.Extra = have.HostConfig.ExtraHosts
	}
	err = errors.Join(node.WriteStatus(lab.Path(), name, waiting), writeRecord(lab, name, r))
	return pid, err
}

// processOf returns process 1 of a container as the engine tells it.
func processOf(have container.InspectResponse) (state.PID, error) {
	if have.ContainerJSONBase == nil || have.State == nil {
		return state.PID{}, errors.New("engine: says nothing about the container's state")
	}
	if !have.State.Running || have.State.Pid <= 1 {
		why := have.State.Error
		if why == "" {
			why = fmt.Sprintf("status %d", have.State.ExitCode)
		}
		return state.PID{}, fmt.Errorf("its container ended at once: %s", oneLine(why))
	}
	start, err := state.StartTime(have.State.Pid)
	if err != nil {
		return state.PID{}, fmt.Errorf("its container ended at once: %w", state.ErrGone)
	}
	return state.PID{Number: have.State.Pid, Start: start}, nil
}
