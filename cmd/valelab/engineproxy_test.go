package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// engineProxy stands before the engine and counts what it is asked.
type engineProxy struct {
	socket string

	mu       sync.Mutex
	requests []string
	closed   chan struct{} // once it is, nothing gets through any more
}

// newEngineProxy returns a proxy that lasts as long as the test.
func newEngineProxy(t testing.TB) *engineProxy {
	t.Helper()
	dir, err := os.MkdirTemp("/run", "vlp")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	p := &engineProxy{socket: filepath.Join(dir, "docker.sock"), closed: make(chan struct{})}
	listener, err := net.Listen("unix", p.socket)
	if err != nil {
		t.Fatal(err)
	}
	forward := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: "engine"})
	forward.FlushInterval = -1 // events come as they are
	forward.Transport = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", engineSocket)
	}}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.requests = append(p.requests, r.Method+" "+r.URL.Path)
		p.mu.Unlock()
		forward.ServeHTTP(w, r)
	})}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
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
