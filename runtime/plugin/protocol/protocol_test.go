package protocol

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func handler(log io.Writer, methods Methods) *Handler {
	return NewHandler(methods, slog.New(slog.NewTextHandler(log, nil)))
}

func send(h http.Handler, verb, path, body string) (int, string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(verb, path, strings.NewReader(body)))
	return w.Code, strings.TrimSpace(w.Body.String())
}

// TestAnswers holds what an engine makes of each kind of answer.
func TestAnswers(t *testing.T) {
	var log bytes.Buffer
	stuck := make(chan struct{})
	defer close(stuck)
	h := handler(&log, Methods{
		"D.Fine": Call(func(context.Context, *EndpointRequest) (*Nothing, error) { return &Nothing{}, nil }),
		"D.Bad":  Call(func(context.Context, *EndpointRequest) (*Nothing, error) { return nil, errors.New("no room") }),
		"D.Panic": Call(func(context.Context, *EndpointRequest) (*Nothing, error) {
			panic("boom")
		}),
		"D.Stuck": Call(func(context.Context, *EndpointRequest) (*Nothing, error) { <-stuck; return &Nothing{}, nil }),
		"D.Ask":   Call(func(context.Context, *Nothing) (*Capabilities, error) { return &Capabilities{Scope: "local"}, nil }),
	})
	h.deadline = 50 * time.Millisecond
	const ids = `{"NetworkID":"abc","EndpointID":"def"}`
	for _, c := range []struct {
		verb, path, body string
		status           int
		answer           string // or a part of it
	}{
		{"POST", "/Plugin.Activate", "", 200, `{"Implements":["NetworkDriver"]}`},
		{"POST", "/D.Fine", ids, 200, "{}"},
		{"POST", "/D.Fine", `{"NetworkID":"w2iy4q8v6z0f3k5m7p9r1t3u5","EndpointID":"d","Other":[1]}`, 200, "{}"},
		{"POST", "/D.Fine", "", 400, "the request is empty"},
		{"POST", "/D.Fine", " \n", 400, "the request is empty"},
		{"POST", "/D.Fine", "null", 400, "not a JSON object"},
		{"POST", "/D.Fine", `[]`, 400, "not a JSON object"},
		{"POST", "/D.Fine", ids + ids, 400, "more than one value"},
		{"POST", "/D.Fine", `{"NetworkID":5}`, 400, "can't be read"},
		{"POST", "/D.Fine", `{"NetworkID":"abc"}`, 400, "EndpointID is missing"},
		{"POST", "/D.Fine", `{"NetworkID":"../x","EndpointID":"d"}`, 400, "not an id"},
		{"POST", "/D.Fine", `{"NetworkID":"` + strings.Repeat("x", maxBody) + `"}`, 413, "too large"},
		{"POST", "/D.Bad", ids, 200, `{"Err":"no room"}`},
		{"POST", "/D.Panic", ids, 200, `{"Err":"D.Panic has failed; the plugin's log says how"}`},
		{"POST", "/D.Stuck", ids, 200, "takes longer than"},
		{"POST", "/D.Ask", "", 200, `{"Scope":"local","ConnectivityScope":"","GwAllocChecker":false}`},
		{"POST", "/D.Other", ids, 404, "there is no method"},
		{"POST", "/", "", 404, "there is no method"},
		{"GET", "/D.Fine", "", 404, "there is no method"},
	} {
		status, answer := send(h, c.verb, c.path, c.body)
		if status != c.status || !strings.Contains(answer, c.answer) {
			t.Errorf("%s %s %.80s: %d %s, want %d %s", c.verb, c.path, c.body, status, answer, c.status, c.answer)
		}
	}
	for _, want := range []string{"network=abc endpoint=def", "boom", "protocol_test.go", "the request is empty"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not have %q", want)
		}
	}
}

// TestServer plays an engine at a socket: one that never ends its request, and
// one that is being answered when the plugin ends.
func TestServer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p", "s.sock")
	listener, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	if fi, err := os.Stat(path); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("socket: %v %v", fi.Mode(), err)
	}
	if _, err := Listen(path); err == nil || !strings.Contains(err.Error(), "another plugin") {
		t.Errorf("second plugin: %v", err)
	}
	begun, let := make(chan struct{}), make(chan struct{})
	h := handler(io.Discard, Methods{"D.Slow": Call(func(context.Context, *NetworkRequest) (*Nothing, error) {
		close(begun)
		<-let
		return &Nothing{}, nil
	})})
	h.deadline = 500 * time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	served := make(chan error, 1)
	go func() { served <- Serve(ctx, listener, h) }()

	half, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer half.Close()
	if _, err := io.WriteString(half, "POST /D.Slow HTTP/1.1\r\nHost:\r\nContent-Length: 100\r\n\r\n{"); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(half)
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 400") {
		t.Errorf("half a request: %v %q", err, answer)
	}

	h.deadline = Deadline
	client := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}}}
	answered := make(chan error, 1)
	go func() {
		resp, err := client.Post("http://x/D.Slow", "", strings.NewReader(`{"NetworkID":"n"}`))
		if err == nil && resp.StatusCode != 200 {
			err = errors.New(resp.Status)
		}
		answered <- err
	}()
	<-begun
	cancel()
	for _, err := os.Stat(path); err == nil; _, err = os.Stat(path) {
		time.Sleep(time.Millisecond) // the socket goes first
	}
	close(let)
	if err := <-answered; err != nil {
		t.Errorf("request under way: %v", err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// TestStaleSocket takes the place of a socket that a killed plugin has left.
func TestStaleSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.sock")
	old, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	old.SetUnlinkOnClose(false)
	old.Close()
	listener, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the socket is left: %v", err)
	}
}
