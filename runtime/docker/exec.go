package docker

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"strings"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"
	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"github.com/valelab/valelab/runtime/state"
)

// Exec runs a command in a container, as its user and with its environment, and
// returns the command's exit status. When in and out are a terminal, the
// command gets one of its own, relayed. The error is ErrStopped when the
// container does not run.
func (e *Engine) Exec(ctx context.Context, lab state.Dir, name string, argv []string, in *os.File, out, fault io.Writer) (status int, err error) {
	r, err := ReadRecord(lab, name)
	if err != nil {
		return 0, err
	}
	x := execution{engine: e, argv: argv, in: in, out: out, fault: fault}
	if o, ok := out.(*os.File); ok && in != nil && term.IsTerminal(int(in.Fd())) && term.IsTerminal(int(o.Fd())) {
		x.terminal = o
	}
	status, err = x.run(ctx, r.ID)
	if errors.Is(err, ErrStopped) {
		err = &Error{Node: name, Err: err, Hint: "valelab start " + name + " --lab " + lab.Name()}
	}
	return status, fail(name, err)
}

// ExecQuiet runs a command without input and returns its exit status and the end
// of what it printed.
func (e *Engine) ExecQuiet(ctx context.Context, lab state.Dir, name string, argv []string) (status int, output string, err error) {
	var end tail
	status, err = e.Exec(ctx, lab, name, argv, nil, &end, &end)
	return status, strings.TrimSpace(string(end)), err
}

// tail keeps the end of what is written to it.
type tail []byte

func (t *tail) Write(p []byte) (int, error) {
	const most = 300
	*t = append(*t, p...)
	*t = (*t)[max(0, len(*t)-most):]
	return len(p), nil
}

// execution is one Exec.
type execution struct {
	engine     *Engine
	argv       []string
	in         *os.File
	out, fault io.Writer
	terminal   *os.File // nil: there is none
}

func (x *execution) run(ctx context.Context, container string) (int, error) {
	c, err := x.engine.api()
	if err != nil {
		return 0, err
	}
	id, err := x.create(ctx, container)
	if err != nil {
		return 0, err
	}
	stream, err := c.ContainerExecAttach(ctx, id, x.attachOptions())
	if err != nil {
		return 0, err
	}
	defer stream.Close()
	stop := context.AfterFunc(ctx, stream.Close)
	defer stop()
	if x.terminal != nil {
		restore, err := x.raw(ctx, id)
		if err != nil {
			return 0, err
		}
		defer restore()
	}
	if err := x.copy(stream); err != nil && ctx.Err() == nil {
		return 0, err
	}
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	done, err := c.ContainerExecInspect(ctx, id)
	if err != nil {
		return 0, err
	}
	if done.Running {
		return 0, errors.New("the engine closed the connection while the command runs")
	}
	return done.ExitCode, nil
}

func (x *execution) create(ctx context.Context, id string) (string, error) {
	options := container.ExecOptions{
		Cmd: x.argv, AttachStdin: x.in != nil, AttachStdout: true, AttachStderr: true, Tty: x.terminal != nil,
	}
	if name, ok := os.LookupEnv("TERM"); ok && x.terminal != nil {
		options.Env = []string{"TERM=" + name}
	}
	made, err := x.engine.client.ContainerExecCreate(ctx, id, options)
	if isConflict(err) && strings.Contains(err.Error(), "is not running") {
		return "", ErrStopped // the engine says it with the container's number
	}
	return made.ID, err
}

func (x *execution) attachOptions() container.ExecAttachOptions {
	return container.ExecAttachOptions{Tty: x.terminal != nil}
}

// copy relays until the command has closed its output.
func (x *execution) copy(stream types.HijackedResponse) error {
	if x.in != nil {
		go func() {
			_, _ = io.Copy(stream.Conn, x.in) // the command may not want all of it
			_ = stream.CloseWrite()
		}()
	}
	if x.terminal != nil {
		_, err := io.Copy(x.out, stream.Reader)
		return err
	}
	_, err := stdcopy.StdCopy(x.out, x.fault, stream.Reader)
	return err
}

// raw hands every key to the command's own terminal, which follows the size of
// this one. The returned function puts this one back.
func (x *execution) raw(ctx context.Context, id string) (restore func(), err error) {
	before, err := term.MakeRaw(int(x.in.Fd()))
	if err != nil {
		return nil, err
	}
	sizes := make(chan os.Signal, 1)
	signal.Notify(sizes, unix.SIGWINCH)
	resize := func() {
		if width, height, err := term.GetSize(int(x.terminal.Fd())); err == nil {
			size := container.ResizeOptions{Width: uint(width), Height: uint(height)}
			_ = x.engine.client.ContainerExecResize(ctx, id, size) // the next change tries again
		}
	}
	resize()
	go func() {
		for range sizes {
			resize()
		}
	}()
	return func() {
		signal.Stop(sizes)
		close(sizes)
		_ = term.Restore(int(x.in.Fd()), before)
	}, nil
}
