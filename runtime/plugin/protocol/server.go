package protocol

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// farewell is how long requests that are under way at the end may take: an
// engine kills a plugin 10 seconds after it has asked it to end.
const farewell = 5 * time.Second

// Listen makes the plugin's socket, which only root may connect to, in the place
// of one that nobody listens on. It makes the folder if it is missing.
func Listen(path string) (net.Listener, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	switch conn, err := net.DialTimeout("unix", path, time.Second); {
	case err == nil:
		conn.Close()
		return nil, fmt.Errorf("socket %s: another plugin listens there", path)
	case errors.Is(err, unix.ECONNREFUSED):
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	old := unix.Umask(0o177)
	listener, err := net.Listen("unix", path)
	unix.Umask(old)
	if err != nil {
		return nil, fmt.Errorf("socket %s: %w", path, err)
	}
	return listener, nil
}

// Serve answers requests until ctx ends. Then it removes the socket, so that no
// engine waits for an answer from it, and lets the requests that are under way
// end. It closes the listener.
func Serve(ctx context.Context, listener net.Listener, h *Handler) error {
	// No bound for idle connections: a request that comes just when one is closed
	// would be repeated with an empty body.
	server := &http.Server{Handler: h, ReadHeaderTimeout: Deadline, MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(h.log.Handler(), slog.LevelWarn)}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	inner, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	if err := server.Shutdown(inner); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}
