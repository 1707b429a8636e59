package agent

import (
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

// A stream of samples has the rings of the lab, with positions while a program
// has them open, and ends with the agent; the next agent answers a new one.
func TestRootSamples(t *testing.T) {
	l := startLab(t)
	n := l.oneNode()
	for range 2 {
		stream, err := l.Samples(t.Context(), minInterval)
		if err != nil {
			t.Fatal(err)
		}
		next := func(what string, ok func(mode string, open bool) bool) {
			t.Helper()
			eventually(t, what, func() bool {
				s, err := stream.Next()
				if err != nil {
					t.Fatal(err)
				}
				r := s.Rings[0]
				return r.Node == "n1" && r.Dir == "tx" && r.Exact && len(s.Nodes) == 1 && ok(r.Mode, r.Positions != nil)
			})
		}
		next("socket mode", func(mode string, open bool) bool { return mode == ModeSocket && !open })
		port := n.openPort("netmap:eth1")
		next("netmap mode", func(mode string, open bool) bool { return mode == ModeNetmap && open })
		if err := port.Close(); err != nil {
			t.Fatal(err)
		}
		next("socket mode", func(mode string, open bool) bool { return mode == ModeSocket && !open })
		l.kill()
		for err == nil {
			_, err = stream.Next()
		}
		stream.Close()
	}
}

func TestSamplesInterval(t *testing.T) {
	for _, interval := range []time.Duration{0, minInterval - 1, maxInterval + 1} {
		if got := ask(newTestAgent(t, newFakeStore()), "GET", "/v1/samples?interval="+interval.String(), ""); got.Code != 400 {
			t.Errorf("interval %v: status %d", interval, got.Code)
		}
	}
}

// Whoever runs has used some memory, and more processor time the longer it runs.
func TestTreeUsage(t *testing.T) {
	cpu, memory, ok := treeUsage(os.Getpid())
	if !ok || memory < 1<<20 {
		t.Fatalf("this process: %v s, %d bytes, %v", cpu, memory, ok)
	}
	eventually(t, "processor time", func() bool {
		more, _, ok := treeUsage(os.Getpid())
		return ok && more > cpu
	})
	if _, _, ok := treeUsage(0); ok {
		t.Error("process 0 has a usage")
	}
}

func TestPublishSteps(t *testing.T) {
	a := newTestAgent(t, newFakeStore())
	if got := ask(a, "POST", "/v1/events", `[{"kind":"step","state":"done","message":"node/a"}]`); got.Code != 204 {
		t.Errorf("status %d: %s", got.Code, got.Body)
	}
	if got := ask(a, "POST", "/v1/events", `[{"kind":"node","node":"a","state":"gone"}]`); got.Code != 400 {
		t.Errorf("an event of the agent's own: status %d", got.Code)
	}
	if past, _ := a.hub.subscribe(); len(past) != 1 || past[0].Message != "node/a" || past[0].Time.IsZero() {
		t.Errorf("events %+v", past)
	}
}

// ask makes a request of an agent in this process.
func ask(a *agent, method, path, body string) *httptest.ResponseRecorder {
	recorder := httptest.NewRecorder()
	routes(a, func() {}, func() {}).ServeHTTP(recorder, httptest.NewRequest(method, path, strings.NewReader(body)))
	return recorder
}
