package docker

import (
	"context"
	"io"
	"strconv"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/valelab/valelab/runtime/state"
)

// Logs copies what a container's command printed to w, both streams together;
// only the last tail lines if tail is not negative. With follow it goes on until
// ctx or the container ends.
func (e *Engine) Logs(ctx context.Context, lab state.Dir, name string, follow bool, tail int, w io.Writer) error {
	r, err := ReadRecord(lab, name)
	if err != nil {
		return err
	}
	c, err := e.api()
	if err != nil {
		return fail(name, err)
	}
	options := container.LogsOptions{ShowStdout: true, ShowStderr: true, Follow: follow}
	if tail >= 0 {
		options.Tail = strconv.Itoa(tail)
	}
	stream, err := c.ContainerLogs(ctx, r.ID, options)
	if err != nil {
		return fail(name, err)
	}
	defer stream.Close()
	if _, err := stdcopy.StdCopy(w, w, stream); err != nil && ctx.Err() == nil {
		return fail(name, err)
	}
	return nil
}
