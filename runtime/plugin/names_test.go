package plugin

import (
	"testing"
)

// TestLabelRemoved: names that were found out while an endpoint was removed do
// not bring its node back.
func TestLabelRemoved(t *testing.T) {
	b := newBench(t)
	b.must(b.network("n1", nil))
	b.must(b.network("n2", nil))
	b.joined("n1", "e1", "10.9.0.2/24", "/run/docker/netns/s1")
	b.joined("n2", "e2", "10.9.0.3/24", "/run/docker/netns/s2")
	n, _ := b.known.network("n1")
	e, _ := b.known.endpoint("e1")
	e.Inside = "eth0"
	b.must(b.known.putEndpoint(e))

	unlock, err := b.locks.lock(t.Context(), "n1")
	b.must(err)
	looked, learned := make(chan struct{}), make(chan error)
	b.fabric.fault = func(op string) error {
		if op == "inside" { // it has seen both endpoints
			close(looked)
		}
		return nil
	}
	go func() {
		_, err := b.learn(t.Context(), b.known)
		learned <- err
	}()
	<-looked
	b.must(b.removeEndpoint(t.Context(), b.known, n, e))
	unlock()
	b.must(<-learned)
	if len(b.fabric.labels) > 0 {
		t.Errorf("labels: %v", b.fabric.labels)
	}
}
