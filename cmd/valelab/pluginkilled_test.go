//go:build soak

package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// A pluginProxy stands between an engine and the plugin, and kills one of them at
// a request of its choice.
type pluginProxy struct {
	e      *privateEngine
	server *http.Server
	kill   func()
	down   atomic.Bool // the engine was killed, and is not started again yet

	mu     sync.Mutex
	method string // at whose next request one is killed; empty: none is
	after  bool   // once it has answered, and the engine does not see the answer
	killed bool
}

// newPluginProxy listens where an engine looks for the plugin, which listens
// elsewhere.
func newPluginProxy(e *privateEngine) *pluginProxy {
	t := e.t
	t.Helper()
	p := &pluginProxy{e: e}
	p.kill = func() { e.endPlugin(syscall.SIGKILL); p.start() }
	// The engine's own /run/docker, from outside.
	folder := fmt.Sprintf("/proc/%d/root/run/docker/plugins", e.holder())
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", folder+"/valelab.sock")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	forward := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: "plugin"})
	forward.ErrorLog = log.New(io.Discard, "", 0)
	forward.Transport = &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", e.dir+"/plugin.sock")
	}}
	forward.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) {
		if _, nobody := w.(discard); !nobody {
			panic(http.ErrAbortHandler)
		}
	}
	p.server = &http.Server{ErrorLog: forward.ErrorLog, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kill, after := p.kills(r.URL.Path)
		switch {
		case kill && after:
			forward.ServeHTTP(discard{http.Header{}}, r)
			p.kill()
			panic(http.ErrAbortHandler)
		case kill:
			written := make(chan struct{}, 1)
			trace := &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { written <- struct{}{} }}
			served := make(chan struct{})
			go func() {
				forward.ServeHTTP(discard{http.Header{}}, r.WithContext(httptrace.WithClientTrace(context.WithoutCancel(r.Context()), trace)))
				close(served)
			}()
			<-written
			p.kill()
			<-served
			panic(http.ErrAbortHandler)
		}
		forward.ServeHTTP(w, r)
	})}
	go p.server.Serve(listener)
	t.Cleanup(func() { p.server.Close() })
	return p
}

// start starts the plugin behind the proxy.
func (p *pluginProxy) start() {
	p.e.t.Helper()
	p.e.startPluginAt(p.e.dir+"/plugin.sock", "--socket", p.e.dir+"/plugin.sock")
}

// killAt has one killed at the next request for a method.
func (p *pluginProxy) killAt(method string, after bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.method, p.after, p.killed = method, after, false
}

func (p *pluginProxy) kills(path string) (kill, after bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.method == "" || !strings.HasSuffix(path, "."+p.method) {
		return false, false
	}
	p.method, p.killed = "", true
	return true, p.after
}

// done fails the test unless one was killed.
func (p *pluginProxy) done(what string) {
	p.e.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.killed {
		p.e.t.Errorf("%s: nothing was killed", what)
	}
}

// discard takes an answer that nobody is to see.
type discard struct{ header http.Header }

func (d discard) Header() http.Header       { return d.header }
func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) WriteHeader(int)             {}

// lifeMethods are what an engine calls in the life of a network.
var lifeMethods = []string{"CreateNetwork", "CreateEndpoint", "Join", "EndpointOperInfo", "Leave", "DeleteEndpoint", "DeleteNetwork"}

// TestSoakPluginKilled kills the plugin at each request of a network's life, while
// it is carried out and when it has been. An engine repeats such a request
// without its body, which is refused; what the user does again then works, and
// nothing is left of the first time.
func TestSoakPluginKilled(t *testing.T) {
	needRoot(t)
	e := newEngine(t)
	p := newPluginProxy(e)
	p.start()
	for i, method := range lifeMethods {
		for j, after := range []bool{false, true} {
			what := fmt.Sprintf("%s, after it: %v", method, after)
			subnet := fmt.Sprintf("10.9.%d", 2*i+j)
			p.killAt(method, after)
			e.again("network", "create", "-d", "valelab", "--subnet", subnet+".0/24", "-o", "switch=left", "mynet")
			for _, name := range []string{"c1", "c2"} {
				if out, err := e.try(e.runArgs(name, "mynet")...); err != nil {
					t.Logf("%s: run %s: %s", what, name, out)
					e.docker("rm", "-f", name) // early engines of the 29 line start it again without its network
					e.run(name, "mynet")
				}
			}
			e.ping("c1", "c2")
			e.awaitEndpoints("c1:eth0 c2:eth0")
			e.awaitDevices(2)
			e.again("rm", "-f", "c1", "c2")
			e.again("network", "rm", "mynet")
			p.done(what)
			e.awaitNothing()
		}
	}
	endPlugin(e)
}

// again does something again that may fail once.
func (e *privateEngine) again(args ...string) {
	e.t.Helper()
	if out, err := e.try(args...); err != nil {
		e.t.Logf("docker %s: %s", strings.Join(args, " "), out)
		e.docker(args...)
	}
}
