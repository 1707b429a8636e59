//go:build soak

package main

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// TestSoakPluginEngineKilled kills the engine at each request of a network's life.
// What its user does again then works, and in the end nothing is left.
func TestSoakPluginEngineKilled(t *testing.T) {
	needRoot(t)
	e := newEngine(t)
	p := newPluginProxy(e)
	p.kill = func() {
		p.down.Store(true)
		_ = syscall.Kill(e.pid, syscall.SIGKILL)
	}
	p.start()
	methods := lifeMethods
	if e.api() < 48 { // 20.10, killed while it removes a network of any driver, panics whenever it starts after that
		methods = slices.DeleteFunc(slices.Clone(methods), func(m string) bool { return m == "DeleteNetwork" })
	}
	for i, method := range methods {
		for j, after := range []bool{false, true} {
			what := fmt.Sprintf("%s, after it: %v", method, after)
			network := fmt.Sprint("net", 2*i+j)
			p.killAt(method, after)
			p.revived(what, "already exists", "network", "create", "-d", "valelab", "--subnet", fmt.Sprintf("10.9.%d.0/24", 2*i+j), network)
			for _, name := range []string{"c1", "c2"} {
				if out, err := e.try(e.runArgs(name, network)...); err != nil {
					t.Logf("%s: run %s: %s", what, name, out)
					p.revive()
					p.revived(what, "No such container", "rm", "-f", name)
					e.run(name, network)
				}
			}
			e.ping("c1", "c2")
			for _, name := range []string{"c1", "c2"} {
				p.revived(what, "No such container", "rm", "-f", name)
			}
			p.revived(what, "not found", "network", "rm", network)
			p.done(what)
		}
	}
	e.awaitNothing()
	endPlugin(e)
}

// revive starts the engine again if it has been killed.
func (p *pluginProxy) revive() {
	p.e.t.Helper()
	if p.down.Swap(false) {
		p.e.stop(syscall.SIGKILL) // that is, wait for its end
		p.e.start()
	}
}

// revived does something, and again when the engine has been killed meanwhile. An
// error that contains done says that it was done the first time.
func (p *pluginProxy) revived(what, done string, args ...string) {
	e := p.e
	e.t.Helper()
	out, err := e.try(args...)
	if err == nil {
		return
	}
	e.t.Logf("%s: docker %s: %s", what, strings.Join(args, " "), out)
	p.revive()
	if out, err := e.try(args...); err != nil && !strings.Contains(out, done) {
		e.t.Fatalf("%s: docker %s again: %s", what, strings.Join(args, " "), out)
	}
}
