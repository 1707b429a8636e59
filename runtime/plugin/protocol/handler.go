package protocol

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"
)

// Deadline is how long a request may take. Engines that wait for an answer hold
// locks meanwhile, and some wait for ever.
const Deadline = 10 * time.Second

// maxBody bounds a request.
const maxBody = 1 << 20

// contentType is what engines ask for.
const contentType = "application/vnd.docker.plugins.v1.2+json"

// Handler answers an engine. It is safe for concurrent use.
type Handler struct {
	methods  Methods
	log      *slog.Logger
	deadline time.Duration
}

// NewHandler returns a handler of the methods of a network driver.
func NewHandler(methods Methods, log *slog.Logger) *Handler {
	return &Handler{methods: methods, log: log, deadline: Deadline}
}

// failure is an answer that tells of an error.
type failure struct{ Err string }

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	name := strings.TrimPrefix(r.URL.Path, "/")
	if name == "Plugin.Activate" {
		h.log.Info("request", "method", name)
		reply(w, http.StatusOK, map[string][]string{"Implements": {"NetworkDriver"}})
		return
	}
	method := h.methods[name]
	if method == nil || r.Method != http.MethodPost {
		h.log.Info("request", "method", r.Method+" "+r.URL.Path, "error", "there is no such method")
		reply(w, http.StatusNotFound, failure{"there is no method " + name})
		return
	}
	body, err := readBody(w, r, h.deadline)
	var c *call
	if err == nil {
		c, err = method(body)
	}
	if err != nil {
		h.log.Warn("request", "method", name, "error", err)
		status := http.StatusBadRequest
		if tooLong := new(http.MaxBytesError); errors.As(err, &tooLong) {
			status = http.StatusRequestEntityTooLarge
		}
		reply(w, status, failure{err.Error()}) // the engine says of which method
		return
	}
	answer, err := h.carryOut(r.Context(), name, c)
	attrs := []any{"method", name, "network", c.network, "endpoint", c.endpoint, "took", time.Since(began).Round(time.Microsecond)}
	if err != nil {
		h.log.Warn("request", append(attrs, "error", err)...)
		reply(w, http.StatusOK, failure{err.Error()})
		return
	}
	h.log.Info("request", attrs...)
	reply(w, http.StatusOK, answer)
}

// readBody reads a request's body, which must come within the deadline.
func readBody(w http.ResponseWriter, r *http.Request, deadline time.Duration) ([]byte, error) {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(deadline)) // not every writer has one: tests'
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		w.Header().Set("Connection", "close") // the deadline stands: the server waits for the rest of the body
		return nil, fmt.Errorf("read the request: %w", err)
	}
	_ = control.SetReadDeadline(time.Time{})
	return body, nil
}

// carryOut runs a call until it has ended or its time is over. Then it is left
// to end by itself: its context tells it to.
func (h *Handler) carryOut(ctx context.Context, name string, c *call) (answer any, err error) {
	// Not the connection's: an engine that goes away must not leave half a thing.
	ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), h.deadline,
		fmt.Errorf("it takes longer than %v", h.deadline))
	type result struct {
		answer any
		err    error
	}
	done := make(chan result, 1)
	go func() {
		defer cancel()
		defer func() {
			if p := recover(); p != nil {
				h.log.Error("panic", "method", name, "value", p, "stack", string(debug.Stack()))
				done <- result{err: fmt.Errorf("%s has failed; the plugin's log says how", name)}
			}
		}()
		answer, err := c.do(ctx)
		done <- result{answer, err}
	}()
	select {
	case r := <-done:
		return r.answer, r.err
	case <-ctx.Done():
	}
	select { // both at once
	case r := <-done:
		return r.answer, r.err
	default:
		return nil, fmt.Errorf("%s: %w", name, context.Cause(ctx))
	}
}

func reply(w http.ResponseWriter, status int, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"Err":"the answer can't be written"}`)
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n')) // who does not read it does not want it
}
