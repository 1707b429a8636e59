package docker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/docker/docker/client"
)

// requestTime bounds a request that the engine should answer soon. Those that
// make or remove a container have to wait for the kernel and for other ones.
const requestTime = 2 * time.Minute

// Engine is this machine's engine. It connects when it is first used and may be
// used concurrently. Close it.
type Engine struct {
	host string // address; empty: what the environment says, or the usual one

	once   sync.Once
	client *client.Client
	err    error

	installing sync.Mutex // the program is copied once
	images     images

	profiling sync.Mutex
	profile   *bool // whether its seccomp profile is the one that it comes with; nil: not asked yet
}

// New returns the engine that the environment (DOCKER_HOST) names, or the one
// at the usual socket. It does not connect.
func New() *Engine { return &Engine{} }

// At returns the engine at an address, such as unix:///var/run/docker.sock.
func At(host string) *Engine { return &Engine{host: host} }

// Close drops the connections.
func (e *Engine) Close() {
	e.once.Do(func() { e.err = errors.New("engine is closed") })
	if e.client != nil {
		_ = e.client.Close() // of idle connections: it can't fail
	}
}

// api returns the client, with the version of the API that both sides know.
func (e *Engine) api() (*client.Client, error) {
	e.once.Do(func() {
		options := []client.Opt{client.FromEnv, client.WithAPIVersionNegotiation()}
		if e.host != "" {
			options = append(options, client.WithHost(e.host))
		}
		c, err := client.NewClientWithOpts(options...)
		if err == nil && !strings.HasPrefix(c.DaemonHost(), "unix://") {
			err = fmt.Errorf("%w: %s is not on this machine", ErrNoEngine, c.DaemonHost())
		}
		e.client, e.err = c, err
	})
	return e.client, e.err
}

// Check says whether there is an engine that this program can work with.
func (e *Engine) Check(ctx context.Context) error {
	c, err := e.api()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	ping, err := c.Ping(ctx)
	if err != nil {
		return explain(err)
	}
	if ping.OSType != "" && ping.OSType != "linux" {
		return fmt.Errorf("%w: it runs containers of %s", ErrNoEngine, ping.OSType)
	}
	c.NegotiateAPIVersionPing(ping)
	return nil
}

// steadfast returns a context for a request that must not be cut off halfway:
// what the engine is making then would be found by nobody.
func steadfast(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), requestTime)
}
