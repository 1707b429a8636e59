package agent

import (
	"testing"

	"github.com/valelab/valelab/netmap/vale"
	"github.com/valelab/valelab/runtime/sample"
)

func TestDropTracker(t *testing.T) {
	ring := func(full uint64) []sample.Ring {
		return []sample.Ring{{
			Node: "a", Interface: "eth1", Switch: "s", Port: "a:eth1", Dir: "rx",
			Counts: &sample.Counts{Drops: &vale.Drops{Full: full}},
		}, {Switch: "s", Port: "unknown", Dir: "rx"}}
	}
	tracker := newDropTracker(ring(5)) // what was before is no news
	for i, look := range []struct {
		full           uint64
		state, message string
	}{
		{5, "", ""},
		{8, "started", "a:eth1 rx0: 3 frames"},
		{9, "", ""}, {9, "", ""}, {9, "", ""},
		{10, "", ""}, // it was not calm for long enough
		{10, "", ""}, {10, "", ""},
		{10, "ended", "a:eth1 rx0: 5 frames"},
		{10, "", ""},
		{2, "", ""}, // the counter began again
		{3, "started", "a:eth1 rx0: 1 frames"},
	} {
		events := tracker.look(ring(look.full))
		switch {
		case look.state == "" && len(events) == 0:
		case len(events) != 1 || events[0].State != look.state || events[0].Message != look.message:
			t.Fatalf("look %d: %+v, want %q %q", i, events, look.state, look.message)
		}
	}
}
