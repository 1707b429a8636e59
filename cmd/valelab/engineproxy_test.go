package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// engineProxy stands before the engine and counts what it is asked.
type engineProxy struct {
	socket string

	mu       sync.Mutex
	requests []string
	server   *http.Server
	last     string // a request whose path ends so
	left     int    // so many of them are passed on, then the engine is gone
}

// endAt lets the proxy go away at the n-th request whose path ends in suffix.
func (p *engineProxy) endAt(suffix string, n int) { p.last, p.left = suffix, n-1 }

// ends counts the requests before the end.
func (p *engineProxy) ends(path string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last == "" || !strings.HasSuffix(path, p.last) {
		return false
	}
	p.left--
	return p.left < 0
}

// newEngineProxy returns a proxy that lasts as long as the test.
func newEngineProxy(t testing.TB) *engineProxy {
	t.Helper()
	dir, err := os.MkdirTemp("/run", "vlp")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	p := &engineProxy{socket: filepath.Join(dir, "docker.sock")}
	listener, err := net.Listen("unix", p.socket)
	if err != nil {
		t.Fatal(err)
	}
	forward := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: "engine"})
	forward.ErrorLog = log.New(io.Discard, "", 0) // clients that go away are none of its business
	forward.FlushInterval = -1                    // events come as they are
	forward.Transport = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", engineSocket)
	}}
	p.server = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.requests = append(p.requests, r.Method+" "+r.URL.Path)
		p.mu.Unlock()
		if p.ends(r.URL.Path) {
			os.Remove(p.socket)
			p.server.Close()
			return
		}
		forward.ServeHTTP(w, r)
	})}
	go p.server.Serve(listener)
	t.Cleanup(func() { p.server.Close() })
	return p
}

// took returns the requests since the last call.
func (p *engineProxy) took() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.requests
	p.requests = nil
	return all
}

// ring returns a lab file of n containers in a ring.
func ring(n int) string {
	var b strings.Builder
	b.WriteString("nodes:\n")
	for i := range n {
		fmt.Fprintf(&b, "  n%02d: {image: IMAGE, cmd: sleep 1000}\n", i)
	}
	b.WriteString("links:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - [n%02d:eth1, n%02d:eth2]\n", i, (i+1)%n)
	}
	return b.String()
}

// The engine is asked little: four requests a container at most for a deploy,
// two for a destroy, and a few for all together when there is nothing to do.
// The lab's agent asks through the same proxy.
func TestRootEngineRequests(t *testing.T) {
	const n = 8
	file := labOf(t, "cring", ring(n))
	proxy := newEngineProxy(t)
	t.Setenv("DOCKER_HOST", "unix://"+proxy.socket)
	l := newContainerLab(t, file)
	check := func(what string, most int) {
		t.Helper()
		took := proxy.took()
		t.Logf("%s: %d requests", what, len(took))
		if len(took) > most {
			t.Errorf("%s: %d requests, want %d at most:\n%s", what, len(took), most, strings.Join(took, "\n"))
		}
	}
	check("deploy", 4*n)
	if out := l.valelab("deploy", file, "-f", "json"); !strings.Contains(out, `"changed": 0`) {
		t.Errorf("deploying again:\n%s", out)
	}
	check("deploying again", 2)
	l.valelab("destroy", l.name)
	check("destroy", 2*n)
}

// Whenever a deploy of containers is interrupted or killed, nothing of it is
// left: by itself, or once it is destroyed.
func TestRootContainersInterrupted(t *testing.T) {
	file := labOf(t, "ccut", ring(4))
	for i, delay := range []time.Duration{100, 300, 500, 800, 1200} {
		for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGKILL} {
			l := newLab(t, file)
			cmd := l.command("deploy", file)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(delay * time.Millisecond)
			cmd.Process.Signal(sig)
			err := cmd.Wait()
			if sig == syscall.SIGKILL || err == nil { // or it was through already
				l.valelab("destroy", l.name)
			}
			l.checkNoContainers()
			if t.Failed() {
				t.Fatalf("round %d, %s after %d ms: %v", i, sig, delay, err)
			}
		}
	}
}

// An engine that goes away in the midst of a deploy: the deploy fails and says
// so; once there is one again, a destroy finishes.
func TestRootEngineGoesAway(t *testing.T) {
	file := labOf(t, "caway", ring(3))
	proxy := newEngineProxy(t)
	l := newLab(t, file)
	proxy.endAt("/start", 2) // one container runs, the others do not
	cmd := l.command("deploy", file)
	cmd.Env = append(cmd.Env, "DOCKER_HOST=unix://"+proxy.socket)
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "there is no container engine") || !strings.Contains(string(out), "not taken back: ") {
		t.Errorf("deploy: %v\n%s", err, out)
	}
	l.valelab("destroy", l.name) // with the engine itself
	l.checkNoContainers()
}
