package standalonetest

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/valelab/valelab/netmap/bench/standalone"
	"github.com/valelab/valelab/netmap/serve"
)

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// LAN is a switch with the ports a and b, which nobody has open when the test ends.
func LAN(t *testing.T) (socket string, server *standalone.Server) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "netmap.sock")
	server, err := standalone.Start(standalone.Config{
		Socket:   socket,
		Switches: [][]string{{"a", "b"}},
		Geometry: serve.Geometry{Rings: 1, Slots: 64},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		WaitFor(t, "all ports to be closed", func() bool { return server.Opens() == 0 })
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return socket, server
}

// WaitFor waits until something is done; in vain is an error of the test.
func WaitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for begin := time.Now(); !done(); time.Sleep(time.Millisecond) {
		if time.Since(begin) > patience {
			t.Errorf("waited in vain for %s", what)
			return
		}
	}
}
