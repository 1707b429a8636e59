package agent

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// ticks is the processor time that a process has used, in clock ticks.
func ticks(t testing.TB, pid int) (n int) {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	for _, field := range strings.Fields(rest)[11:13] {
		var part int
		if _, err := fmt.Sscan(field, &part); err != nil {
			t.Fatal(err)
		}
		n += part
	}
	return n
}

// An agent and a keeper that have nothing to do use no processor time, with
// nodes, sockets, programs and a reader of events.
func TestRootIdleCostsNothing(t *testing.T) {
	l := startLab(t)
	l.must(l.PutSwitch(t.Context(), "lan", SwitchSpec{}))
	for i := range 4 {
		n := l.addNode(fmt.Sprintf("n%d", i+1))
		n.addEndpoint("lan", i+1)
		if i < 2 {
			n.openPort("netmap:eth1")
		}
	}
	events, err := l.Events(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer events.Close()
	pid := l.version().PID
	time.Sleep(3 * time.Second) // what new interfaces have to say to each other
	agent, keeper := ticks(t, pid), ticks(t, l.keeper.Number)
	time.Sleep(3 * time.Second)
	agent, keeper = ticks(t, pid)-agent, ticks(t, l.keeper.Number)-keeper
	if agent > 1 || keeper > 0 {
		t.Errorf("in 3 idle seconds the agent used %d ticks and the keeper %d", agent, keeper)
	}
}
