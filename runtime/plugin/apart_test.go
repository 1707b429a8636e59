package plugin

import (
	"strings"
	"testing"

	"github.com/valelab/valelab/runtime/plugin/protocol"
)

// TestApart: two containers can't have the same name of a port or the same MAC,
// unless the first one is gone and nobody has said so yet.
func TestApart(t *testing.T) {
	const path = "/run/docker/netns/old"
	for _, c := range []struct {
		key, value, want string
		address          string // of the second
	}{
		{"port", "front", "front is the name of another endpoint", "10.9.0.2/24"},
		{"mac", "02:00:00:00:00:07", "is that of another container", "10.9.0.3/24"},
	} {
		b := newBench(t)
		b.must(b.network("n1", nil))
		options := map[string]any{c.key: c.value}
		_, err := b.endpoint("n1", "old", "10.9.0.2/24", options)
		b.must(err)
		_, err = b.join(t.Context(), &protocol.JoinRequest{NetworkID: "n1", EndpointID: "old", SandboxKey: path})
		b.must(err)
		if _, err := b.endpoint("n1", "new", c.address, options); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.key, err, c.want)
		}
		b.fabric.dead[path] = true
		_, err = b.endpoint("n1", "new", c.address, options)
		b.must(err)
	}
}

// TestAlive: a namespace is alive, a file in its place is not.
func TestAlive(t *testing.T) {
	l := &lab{}
	for path, want := range map[string]bool{"/proc/self/ns/net": true, t.TempDir(): false, "/nowhere": false} {
		if got := l.Alive(path); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
}
