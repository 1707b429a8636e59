package sequence

import (
	"math/rand/v2"
	"testing"
)

// model counts with a set instead of a window, one number after the other.
type model struct {
	seen      map[uint64]bool
	low, high uint64
	counts    Counts
}

func (m *model) observe(seq uint64) {
	switch {
	case m.seen == nil:
		m.seen = map[uint64]bool{}
		m.low, m.high = seq, seq
	case seq+Window <= m.high:
		m.counts.Late++
		return
	case m.seen[seq]:
		m.counts.Duplicates++
		return
	case seq < m.high:
		m.counts.Reordered++
	}
	m.seen[seq] = true
	m.low, m.high = min(m.low, seq), max(m.high, seq)
	m.counts.Received++
	m.counts.Lost = m.high - m.low + 1 - m.counts.Received
}

// The tracker counts as the model does, however the numbers are cut into runs.
func FuzzTracker(f *testing.F) {
	f.Add([]byte{0, 0, 0, 5, 1, 0, 0, 3, 2, 16, 0, 9, 3, 1, 0, 1})
	f.Add([]byte{255, 255, 255, 255, 0, 0, 0, 200, 128, 7, 1, 255})
	f.Fuzz(func(t *testing.T, script []byte) {
		var tracker Tracker
		var m model
		at := uint64(1 << 40)
		for ; len(script) >= 4; script = script[4:] {
			step := uint64(script[1]) | uint64(script[2])<<8
			switch script[0] % 4 {
			case 1:
				at -= min(step%512, at)
			case 2:
				at -= min(step, at)
			case 3:
				at += step
			}
			n := uint64(script[3])
			tracker.Observe(at, n)
			for i := range n {
				m.observe(at + i)
			}
			at += n
			if got := tracker.Counts(); got != m.counts {
				t.Fatalf("after %d numbers up to %d: %+v, want %+v", n, at, got, m.counts)
			}
		}
	})
}

func TestTrackerNamedCases(t *testing.T) {
	for _, test := range []struct {
		name string
		runs [][2]uint64
		want Counts
	}{
		{"nothing", nil, Counts{}},
		{"empty run", [][2]uint64{{7, 0}}, Counts{}},
		{"in order", [][2]uint64{{7, 100}, {107, 1}}, Counts{Received: 101}},
		{"gap", [][2]uint64{{0, 10}, {20, 10}}, Counts{Received: 20, Lost: 10}},
		{"filled gap", [][2]uint64{{0, 10}, {20, 10}, {10, 10}}, Counts{Received: 30, Reordered: 10}},
		{"again", [][2]uint64{{0, 10}, {5, 10}}, Counts{Received: 15, Duplicates: 5}},
		{"before the first", [][2]uint64{{10, 1}, {8, 1}}, Counts{Received: 2, Lost: 1, Reordered: 1}},
		{"too late", [][2]uint64{{0, 1}, {Window + 1, 1}, {1, 1}, {2, 1}}, Counts{Received: 3, Lost: Window - 1, Reordered: 1, Late: 1}},
		{"long run", [][2]uint64{{0, 3 * Window}, {2*Window + 1, 1}}, Counts{Received: 3 * Window, Duplicates: 1}},
		{"long gap", [][2]uint64{{0, Window}, {1 << 61, 1}, {1<<61 - 1, 1}},
			Counts{Received: Window + 2, Lost: 1<<61 - Window - 1, Reordered: 1}},
	} {
		var tracker Tracker
		for _, run := range test.runs {
			tracker.Observe(run[0], run[1])
		}
		if got := tracker.Counts(); got != test.want {
			t.Errorf("%s: %+v, want %+v", test.name, got, test.want)
		}
	}
}

func TestFlowsAreApart(t *testing.T) {
	var flows Flows
	models := map[uint32]*model{}
	r := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		id := uint32(r.IntN(MaxFlows))
		if models[id] == nil {
			models[id] = &model{}
		}
		seq := 1000 + r.Uint64N(100)
		flows.Observe(id, seq, 1)
		models[id].observe(seq)
	}
	var want Counts
	for _, m := range models {
		want.add(m.counts)
	}
	if got := flows.Counts(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := flows.Number(); got != uint64(len(models)) {
		t.Errorf("%d flows, want %d", got, len(models))
	}
}

// A storm of flows leaves all totals alone and takes the place of a busy flow
// once a round at most.
func TestFlowsAreBounded(t *testing.T) {
	var flows Flows
	const storm = 10 * MaxFlows
	for i := range uint32(storm) {
		flows.Observe(1, uint64(i), 1)
		flows.Observe(2+i, 0, 1)
		flows.Observe(2+i, 2, 1)
	}
	if len(flows.flows) != MaxFlows || len(flows.byID) != MaxFlows {
		t.Errorf("%d flows, %d in the index, want %d", len(flows.flows), len(flows.byID), MaxFlows)
	}
	if got, want := flows.Counts(), (Counts{Received: 3 * storm, Lost: storm}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := flows.Number(); got <= storm || got > storm+1+storm/(MaxFlows-1) {
		t.Errorf("%d flows began for %d", got, storm+1)
	}
}

func BenchmarkObserve(b *testing.B) {
	for name, n := range map[string]uint64{"one": 1, "batch": 256} {
		b.Run(name, func(b *testing.B) {
			var flows Flows
			seq := uint64(0)
			for b.Loop() {
				flows.Observe(1, seq, n)
				seq += n
			}
		})
	}
}
