package agent

import (
	"strings"
	"testing"

	"github.com/valelab/valelab/runtime/node"
)

// await reads a stream until an event of a kind comes.
func (s *Stream) await(t *testing.T, kind string) Event {
	t.Helper()
	for {
		event, err := s.Next()
		if err != nil {
			t.Fatalf("waiting for %s: %v", kind, err)
		}
		if event.Kind == kind {
			return event
		}
	}
}

func TestRootEvents(t *testing.T) {
	l := startLab(t)
	ctx := t.Context()
	open := func() *Stream {
		events, err := l.Events(ctx)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { events.Close() })
		return events
	}
	events := open()
	if event := events.await(t, EventAgent); event.State != "started" || event.Time.IsZero() {
		t.Errorf("first event %+v", event)
	}
	l.must(l.PutSwitch(ctx, "lan", SwitchSpec{}))
	n := l.addNode("n1")
	n.addEndpoint("lan", 1)

	for _, status := range []string{"exited 0 3 0 0", "backoff 0 3 0 1", "running 7 3 0 2"} {
		n.write(status)
		if event := events.await(t, EventNode); event.Node != "n1" || !strings.HasPrefix(status, event.State+" ") {
			t.Errorf("event %+v after the status %q", event, status)
		}
	}
	port := n.openPort("netmap:eth1")
	if event := events.await(t, EventPort); event.State != ModeNetmap || event.Node != "n1" || event.Interface != "eth1" {
		t.Errorf("event %+v after an open", event)
	}
	if err := port.Close(); err != nil {
		t.Fatal(err)
	}
	if event := events.await(t, EventPort); event.State != ModeSocket || event.Switch != "lan" {
		t.Errorf("event %+v after a close", event)
	}
	n.stopInit()
	if event := events.await(t, EventNode); event.State != string(StateGone) {
		t.Errorf("event %+v after the end of init", event)
	}
	if states, err := l.Nodes(ctx); err != nil || states[0].State != StateGone {
		t.Errorf("nodes %+v, %v", states, err)
	}

	l.kill()
	events = open()
	if event := events.await(t, EventAgent); event.State != "restarted" || !strings.Contains(event.Message, "killed") {
		t.Errorf("first event of the next agent %+v", event)
	}
	if states, err := l.Nodes(ctx); err != nil || states[0].State != StateGone {
		t.Errorf("nodes after a restart %+v, %v", states, err)
	}
	n.startInit() // a node that was made anew takes the place of the one that is gone
	n.write("waiting 0 0 0 0")
	if created, err := l.PutNode(ctx, "n1", n.spec); !created || err != nil {
		t.Errorf("created %v, error %v", created, err)
	}
	if states, err := l.Nodes(ctx); err != nil || states[0].State != node.Waiting {
		t.Errorf("nodes %+v, %v", states, err)
	}
	n.openPort("netmap:eth1")
}
