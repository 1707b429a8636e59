//go:build soak

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// methods are what engines call.
var pluginMethods = []string{
	"GetCapabilities", "GwAllocCheck", "CreateNetwork", "DeleteNetwork", "CreateEndpoint", "DeleteEndpoint", "EndpointOperInfo",
	"Join", "Leave", "DiscoverNew", "DiscoverDelete", "ProgramExternalConnectivity", "AllocateNetwork", "Nonsense",
}

// TestSoakPluginStorm: many engines' worth of requests at once, some of them
// twice, some without a body, some that never end; the networks between work, and
// nothing is left.
func TestSoakPluginStorm(t *testing.T) {
	needRoot(t)
	e := newEngine(t)
	e.startPlugin()
	stop := make(chan struct{})
	var noise sync.WaitGroup
	for i := range 4 {
		noise.Go(func() { e.noise(i, stop) })
	}
	endless := make([]chan string, 10)
	for i := range endless {
		endless[i] = make(chan string, 1)
		go func() { endless[i] <- e.endless(i%2 == 0) }()
	}
	const networks, each = 3, 4
	all := func(do func(network, i int) error) {
		t.Helper()
		var wg sync.WaitGroup
		for n := range networks {
			for i := range each {
				wg.Go(func() {
					if err := do(n, i); err != nil {
						t.Error(err)
					}
				})
			}
		}
		wg.Wait()
	}
	docker := func(args ...string) error {
		out, err := e.try(args...)
		if err != nil {
			return fmt.Errorf("docker %s: %v %s", strings.Join(args, " "), err, out)
		}
		return nil
	}
	for range 2 {
		all(func(n, i int) error {
			if i > 0 {
				return nil
			}
			return docker("network", "create", "-d", "valelab", "--subnet", fmt.Sprintf("10.9.%d.0/24", n), "-o", "switch=left", fmt.Sprint("net", n))
		})
		all(func(n, i int) error {
			return docker(e.runArgs(fmt.Sprintf("c%d-%d", n, i), fmt.Sprint("net", n))...)
		})
		all(func(n, i int) error { // each onto the next network too
			return docker("network", "connect", fmt.Sprint("net", (n+1)%networks), fmt.Sprintf("c%d-%d", n, i))
		})
		if t.Failed() {
			break
		}
		for n := range networks {
			e.ping(fmt.Sprintf("c%d-0", n), fmt.Sprintf("c%d-%d", n, each-1))
			e.ping(fmt.Sprintf("c%d-0", n), fmt.Sprintf("c%d-1", (n+1)%networks))
		}
		all(func(n, i int) error { return docker("rm", "-f", fmt.Sprintf("c%d-%d", n, i)) })
		all(func(n, i int) error {
			if i > 0 {
				return nil
			}
			return docker("network", "rm", fmt.Sprint("net", n))
		})
	}
	close(stop)
	noise.Wait()
	for i, answer := range endless {
		if got := <-answer; got != "400 Bad Request" && got != "closed" {
			t.Errorf("endless request %d: %s", i, got)
		}
	}
	e.awaitNothing()
	endPlugin(e)
}

// pluginDial connects to the plugin as an engine would.
func (e *privateEngine) pluginDial() (net.Conn, error) {
	return net.Dial("unix", fmt.Sprintf("/proc/%d/root/run/docker/plugins/valelab.sock", e.holder()))
}

// call sends the plugin a request and returns the status and the answer.
func (e *privateEngine) call(client *http.Client, method, body string) (int, string) {
	r, err := client.Post("http://plugin/NetworkDriver."+method, "application/json", strings.NewReader(body))
	if err != nil {
		return 0, err.Error()
	}
	defer r.Body.Close()
	text, _ := io.ReadAll(r.Body)
	return r.StatusCode, string(text)
}

// noise is an engine that does everything twice, and much that makes no sense.
func (e *privateEngine) noise(who int, stop chan struct{}) {
	client := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return e.pluginDial() }}}
	defer client.CloseIdleConnections()
	for round := 0; ; round++ {
		select {
		case <-stop:
			return
		default:
		}
		network, endpoint := fmt.Sprintf("noise%d-%d", who, round), fmt.Sprintf("end%d-%d", who, round)
		ids := fmt.Sprintf(`"NetworkID": %q, "EndpointID": %q`, network, endpoint)
		for _, step := range []struct{ method, body string }{
			{"CreateNetwork", fmt.Sprintf(`{"NetworkID": %q, "IPv4Data": [{"Pool": "10.200.0.0/24"}]}`, network)},
			{"CreateEndpoint", `{` + ids + `, "Interface": {"Address": "10.200.0.2/24"}}`},
			{"Join", `{` + ids + `, "SandboxKey": "/noise"}`},
			{"Leave", `{` + ids + `}`},
			{"DeleteEndpoint", `{` + ids + `}`},
			{"DeleteNetwork", fmt.Sprintf(`{"NetworkID": %q}`, network)},
		} {
			for range 2 {
				if status, text := e.call(client, step.method, step.body); status != http.StatusOK || strings.Contains(text, `"Err":"`) {
					e.t.Errorf("%s: %d %s", step.method, status, text)
				}
			}
		}
		for _, method := range pluginMethods {
			for _, body := range []string{"", "{", "[]", `{"NetworkID": 5}`, `{"NetworkID": "unknown", "EndpointID": "unknown"}`} {
				if status, text := e.call(client, method, body); status == 0 || status >= 500 {
					e.t.Errorf("%s %q: %d %s", method, body, status, text)
				}
			}
		}
	}
}

// endless sends a part of a request and returns the status of the answer, or that
// the connection was closed.
func (e *privateEngine) endless(body bool) string {
	conn, err := e.pluginDial()
	if err != nil {
		return err.Error()
	}
	defer conn.Close()
	text := "POST /NetworkDriver.CreateNetwork HTTP/1.1\r\nHost: plugin\r\nContent-Length: 100\r\n"
	if body {
		text += "\r\n{"
	}
	if _, err := io.WriteString(conn, text); err != nil {
		return err.Error()
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		return err.Error()
	}
	line, _, _ := strings.Cut(string(answer), "\r\n")
	if line == "" {
		return "closed"
	}
	return strings.TrimPrefix(line, "HTTP/1.1 ")
}
