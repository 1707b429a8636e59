package docker

import (
	"context"
	"errors"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/hashicorp/go-multierror"

	"github.com/valelab/valelab/runtime/state"
)

// removers is the number of containers that are removed at once.
const removers = 16

// Stop removes the container of a node with everything of it. One that is not
// there is no error, one that is somebody else's is left alone.
func (e *Engine) Stop(ctx context.Context, lab state.Dir, name string) error {
	c, err := e.api()
	if err != nil {
		return fail(name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	have, err := c.ContainerInspect(ctx, Name(lab, name))
	switch {
	case isNotFound(err) && cutOff(lab, name):
		if err := e.removeLate(ctx, lab, name); err != nil {
			return fail(name, err)
		}
	case isNotFound(err):
	case err != nil:
		return fail(name, err)
	case have.ContainerJSONBase != nil && have.Config != nil && owned(have.Config.Labels, lab, name):
		if err := e.remove(ctx, have.ID); err != nil {
			return fail(name, err)
		}
	}
	return errors.Join(os.RemoveAll(Folder(lab, name)), os.RemoveAll(lab.NodeState(name)))
}

// cutOff says whether somebody began to make the node's container and did not
// end: the engine may still be at it.
func cutOff(lab state.Dir, name string) bool {
	_, err := os.Lstat(lab.NodeState(name))
	_, without := os.Lstat(recordPath(lab, name))
	return err == nil && without != nil
}

// removeLate removes a container that the engine is just making, or is about to.
func (e *Engine) removeLate(ctx context.Context, lab state.Dir, name string) error {
	const quiet = 2 * time.Second // without a sign of it there is none to come
	for began, seen := time.Now(), time.Now(); time.Since(began) < lateness; time.Sleep(latePause) {
		found, err := e.list(ctx, lab)
		if err != nil {
			return err
		}
		found = slices.DeleteFunc(found, func(s container.Summary) bool { return s.Labels[labelNode] != name })
		if len(found) > 0 {
			seen = time.Now()
		} else if time.Since(seen) > quiet {
			return nil
		}
		if err := e.removeEach(ctx, found); err != nil {
			return err
		}
	}
	return errors.New("the engine is still making its container")
}

// Remove removes all containers of a lab but those of the nodes to be kept.
// Without any of these the lasting folder goes too. It carries on past errors.
func (e *Engine) Remove(ctx context.Context, lab state.Dir, keep []string) error {
	if err := e.removeAll(ctx, lab, keep); err != nil || len(keep) > 0 {
		return err
	}
	if err := removeFolders(lab); err != nil {
		return err
	}
	if _, err := os.Lstat(lab.LastingRoot()); err == nil {
		return nil // other labs have containers
	}
	return e.removeOwnImages(ctx)
}

// removeAll looks for the lab's containers until there are none: one that was
// just being made when its maker was killed is found by the second look. Until it
// is made the engine shows it, and knows of none to remove.
func (e *Engine) removeAll(ctx context.Context, lab state.Dir, keep []string) error {
	const patience = 30 * time.Second
	for began, round := time.Now(), 0; time.Since(began) < patience; round++ {
		found, err := e.list(ctx, lab)
		found = slices.DeleteFunc(found, func(s container.Summary) bool { return slices.Contains(keep, s.Labels[labelNode]) })
		if err != nil || len(found) == 0 {
			return err
		}
		if err := e.removeEach(ctx, found); err != nil {
			return err
		}
		if round > 0 {
			time.Sleep(100 * time.Millisecond)
		}
	}
	return errors.New("lab " + lab.Name() + ": new containers keep appearing")
}

// list returns the lab's containers, running or not.
func (e *Engine) list(ctx context.Context, lab state.Dir) ([]container.Summary, error) {
	c, err := e.api()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	found, err := c.ContainerList(ctx, container.ListOptions{All: true, Filters: ofLab(lab)})
	if err != nil {
		return nil, explain(err)
	}
	var own []container.Summary
	for _, s := range found { // an engine that ignores the filter must do no harm
		if s.Labels[labelDir] == lab.Path() {
			own = append(own, s)
		}
	}
	return own, nil
}

// removeEach removes containers side by side.
func (e *Engine) removeEach(ctx context.Context, all []container.Summary) error {
	var (
		mu   sync.Mutex
		left *multierror.Error
		wg   sync.WaitGroup
	)
	turns := make(chan struct{}, removers)
	for _, s := range all {
		turns <- struct{}{}
		wg.Go(func() {
			defer func() { <-turns }()
			if err := e.remove(ctx, s.ID); err != nil {
				mu.Lock()
				defer mu.Unlock()
				left = multierror.Append(left, fail(s.Labels[labelNode], err))
			}
		})
	}
	wg.Wait()
	return left.ErrorOrNil()
}

// remove kills and removes one container with its volumes that have no name.
func (e *Engine) remove(ctx context.Context, id string) error {
	c, err := e.api()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	err = c.ContainerRemove(ctx, id, container.RemoveOptions{Force: true, RemoveVolumes: true})
	if isNotFound(err) {
		return nil
	}
	if isConflict(err) { // it is being removed already
		return e.awaitRemoval(ctx, id)
	}
	return err
}

// awaitRemoval waits until a container is no more.
func (e *Engine) awaitRemoval(ctx context.Context, id string) error {
	return state.Settle(ctx, func() (bool, error) {
		_, err := e.client.ContainerInspect(ctx, id)
		if isNotFound(err) {
			return true, nil
		}
		return false, err
	})
}
