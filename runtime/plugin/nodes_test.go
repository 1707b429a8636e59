package plugin

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/valelab/valelab/runtime/agent"
	"github.com/valelab/valelab/runtime/link"
	"github.com/valelab/valelab/runtime/state"
)

// fakeGuests is as much of an agent as has guests with endpoints.
type fakeGuests struct {
	mu     sync.Mutex
	guests map[string]map[string]bool
}

func (f *fakeGuests) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	path := strings.Split(strings.TrimPrefix(r.URL.Path, "/v1/"), "/")
	guest := f.guests[path[1]]
	switch r.Method + " " + path[0] {
	case "PUT guests":
		if guest == nil {
			f.guests[path[1]] = make(map[string]bool)
		}
	case "DELETE guests":
		if len(guest) > 0 {
			http.Error(w, `{"error": "it has endpoints"}`, http.StatusConflict)
			return
		}
		delete(f.guests, path[1])
	case "PUT endpoints":
		if guest == nil {
			http.Error(w, `{"error": "there is no node"}`, http.StatusNotFound)
			return
		}
		guest[path[2]] = true
	case "DELETE endpoints":
		delete(guest, path[2])
	}
}

// TestNodeOfTwoNetworks: a container that joins one network while it leaves
// another, over and over, always finds its node, and leaves none in the end.
func TestNodeOfTwoNetworks(t *testing.T) {
	dir, err := state.OpenLab(t.TempDir(), "lab")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir.Path(), 0o700); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", filepath.Join(dir.Path(), "agent.sock"))
	if err != nil {
		t.Fatal(err)
	}
	f := &fakeGuests{guests: make(map[string]map[string]bool)}
	server := &http.Server{Handler: f}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	l := &lab{dir: dir, client: agent.Dial(dir.Path())}
	defer l.client.Close()
	if l.net, err = link.Current(); err != nil {
		t.Fatal(err)
	}
	defer l.net.Close()
	var both sync.WaitGroup
	for _, network := range []string{"a", "b"} {
		both.Go(func() {
			p := plug{Node: "c1", Interface: "e" + network, Device: "vltest-none" + network}
			for range 300 {
				if err := l.Replug(t.Context(), p); err != nil {
					t.Error(err)
					return
				}
				if err := l.Unplug(t.Context(), p); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	both.Wait()
	if len(f.guests) > 0 {
		t.Errorf("left: %v", f.guests)
	}
}
