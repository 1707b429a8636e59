package docker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/docker/docker/api/types/image"
	"github.com/docker/go-units"

	"github.com/valelab/valelab/runtime/executor"
	"github.com/valelab/valelab/topology"
)

// imageConfig is what a container takes over from its image.
type imageConfig struct {
	id         string
	entrypoint []string
	cmd        []string
	env        []string
}

// images remembers the images that were made ready: each is asked for once, by
// whatever number of nodes that start at the same time.
type images struct {
	mu    sync.Mutex
	ready map[imageKey]*readyImage
}

type imageKey struct{ ref, policy string }

type readyImage struct {
	turn   chan struct{} // holds one token: whoever has it may ask the engine
	config *imageConfig  // under the turn
}

// image makes an image ready for a node and returns what it says.
func (e *Engine) image(ctx context.Context, n *topology.Node) (*imageConfig, error) {
	e.images.mu.Lock()
	if e.images.ready == nil {
		e.images.ready = make(map[imageKey]*readyImage)
	}
	key := imageKey{n.Image, n.PullPolicy}
	img := e.images.ready[key]
	if img == nil {
		img = &readyImage{turn: make(chan struct{}, 1)}
		img.turn <- struct{}{}
		e.images.ready[key] = img
	}
	e.images.mu.Unlock()

	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-img.turn:
	}
	defer func() { img.turn <- struct{}{} }()
	if img.config != nil {
		return img.config, nil
	}
	var err error
	if n.Image == OwnImage {
		img.config, err = e.ownImage(ctx)
	} else {
		img.config, err = e.fetchImage(ctx, n)
	}
	return img.config, err
}

// forgetImage makes the next node ask again: the image has gone meanwhile.
func (e *Engine) forgetImage(n *topology.Node) {
	e.images.mu.Lock()
	defer e.images.mu.Unlock()
	delete(e.images.ready, imageKey{n.Image, n.PullPolicy})
}

// fetchImage pulls an image where the node's policy says so.
func (e *Engine) fetchImage(ctx context.Context, n *topology.Node) (*imageConfig, error) {
	if n.PullPolicy != topology.PullAlways {
		config, err := e.inspectImage(ctx, n.Image)
		if err == nil || !isNotFound(err) {
			return config, err
		}
		if n.PullPolicy == topology.PullNever {
			return nil, &Error{n.Name, fmt.Errorf("there is no image %s here", n.Image), "docker pull " + n.Image + ", or image-pull-policy: missing"}
		}
	}
	if err := e.pull(ctx, n.Image); err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		return nil, &Error{n.Name, fmt.Errorf("pull image %s: %w", n.Image, explain(err)), "docker pull " + n.Image}
	}
	return e.inspectImage(ctx, n.Image)
}

func (e *Engine) inspectImage(ctx context.Context, ref string) (*imageConfig, error) {
	c, err := e.api()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	found, err := c.ImageInspect(ctx, ref)
	if err != nil {
		return nil, err
	}
	config := &imageConfig{id: found.ID}
	if found.Config != nil {
		config.entrypoint, config.cmd, config.env = found.Config.Entrypoint, found.Config.Cmd, found.Config.Env
	}
	return config, nil
}

// pull pulls an image and tells how far it is.
func (e *Engine) pull(ctx context.Context, ref string) error {
	c, err := e.api()
	if err != nil {
		return err
	}
	executor.Say(ctx, "pulling "+ref)
	stream, err := c.ImagePull(ctx, ref, image.PullOptions{})
	if err != nil {
		return err
	}
	defer stream.Close()
	return readPull(stream, func(have, want int64) {
		executor.Say(ctx, fmt.Sprintf("pulling %s: %s of %s", ref, units.HumanSize(float64(have)), units.HumanSize(float64(want))))
	})
}

// pullMessage is one message of a pull or an import.
type pullMessage struct {
	ID       string `json:"id"`
	Status   string `json:"status"`
	Error    string `json:"error"`
	Progress struct {
		Current int64 `json:"current"`
		Total   int64 `json:"total"`
	} `json:"progressDetail"`
}

// readPull reads the messages of a pull to their end. tell is called with the
// bytes of all layers that are there, and of those that are known of.
func readPull(stream io.Reader, tell func(have, want int64)) error {
	layers := make(map[string]pullMessage)
	for messages := json.NewDecoder(stream); ; {
		var m pullMessage
		switch err := messages.Decode(&m); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case m.Error != "":
			return errors.New(oneLine(m.Error))
		}
		if m.Status != "Downloading" || m.ID == "" || len(layers) > 1000 {
			continue
		}
		layers[m.ID] = m
		var have, want int64
		for _, l := range layers {
			have += l.Progress.Current
			want += l.Progress.Total
		}
		tell(have, want)
	}
}
