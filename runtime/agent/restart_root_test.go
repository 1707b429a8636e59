package agent

import (
	"errors"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap"
	"github.com/valelab/valelab/runtime/state"
)

// settled is how long an agent has to live for the next one to start at once.
const settled = 1100 * time.Millisecond

// The agent is killed under traffic: sockets carry on within a second, in
// order, and the switch remembers what it has learned and counted.
func TestRootSocketsSurviveAgent(t *testing.T) {
	l := startLab(t)
	n1, n2 := l.twoNodes()
	f := startFlow(t, n1.udp(t, "10.0.0.1:1000"), n2.udp(t, "10.0.0.2:1000"), "10.0.0.2:1000")
	eventually(t, "traffic", func() bool { return f.received.Load() > 0 })
	f.longest.Store(0) // not the time of address resolution

	for i := range 3 {
		time.Sleep(settled)
		before := f.received.Load()
		took := l.kill()
		eventually(t, "traffic after a kill", func() bool { return f.received.Load() > before+200 })
		if v := l.version(); v.Restarts != i+1 {
			t.Errorf("%d restarts, want %d", v.Restarts, i+1)
		}
		t.Logf("the next agent answered after %v", took)
	}
	if longest := time.Duration(f.longest.Load()); longest > time.Second {
		t.Errorf("%v without traffic", longest)
	} else {
		t.Logf("at most %v without traffic", longest)
	}
	if f.disorder.Load() != 0 {
		t.Errorf("%d datagrams came out of order or twice", f.disorder.Load())
	}
	received := uint64(f.received.Load()) // before it is counted
	stats, err := l.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, ring := range stats.Rings {
		if ring.Node == "n1" && ring.Dir == "tx" && ring.Packets < received {
			t.Errorf("%d packets counted, %d received", ring.Packets, received)
		}
	}
}

// Programs keep their ports through the death of agents.
func TestRootProgramsSurviveAgent(t *testing.T) {
	l := startLab(t)
	n1, n2 := l.twoNodes()
	p1, p2 := n1.openPort("netmap:eth1"), n2.openPort("netmap:eth1*")
	exchange(t, p1, p2, 1)
	for i := range 4 {
		l.kill()
		exchange(t, p1, p2, uint32(i+2))
		for _, e := range l.inventory().Endpoints {
			if e.Mode != ModeNetmap || e.Fault != "" {
				t.Errorf("endpoint %s:%s is in mode %s, fault %q", e.Node, e.Interface, e.Mode, e.Fault)
			}
		}
	}
	if _, err := netmap.Open("netmap:eth1", netmap.Socket(n1.socket())); err == nil {
		t.Error("a second program could open the same rings")
	}
	if err := p1.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "socket mode", func() bool { return l.inventory().Endpoints[0].Mode == ModeSocket })
	n1.openPort("netmap:eth1")
}

// A program that dies while there is no agent is noticed by the next one.
func TestRootProgramDiesWithoutAgent(t *testing.T) {
	l := startLab(t)
	n1 := l.oneNode()
	port := n1.openPort("netmap:eth1")
	for range 5 { // after so many early deaths the keeper waits 800 ms
		pid := l.version().PID
		if err := unix.Kill(pid, unix.SIGKILL); err != nil {
			t.Fatal(err)
		}
		eventually(t, "death", func() bool { return unix.Kill(pid, 0) == unix.ESRCH })
	}
	if err := port.Close(); err != nil {
		t.Fatal(err)
	}
	if l.agentLives() {
		t.Fatal("the next agent came too early for this test")
	}
	eventually(t, "socket mode", func() bool { return l.inventory().Endpoints[0].Mode == ModeSocket })
	n1.openPort("netmap:eth1")
}

// agentLives says whether the pid file's agent is a living process.
func (l *testLab) agentLives() bool {
	text, err := os.ReadFile(l.dir + "/agent.pid")
	if err != nil {
		l.Fatal(err)
	}
	pid, err := state.ParsePID(text)
	if err != nil {
		l.Fatal(err)
	}
	return pid.Alive()
}

// Agents are killed at random moments while a program opens and closes its
// port again and again; in the end everything works.
func TestRootOpensWhileAgentsDie(t *testing.T) {
	l := startLab(t)
	n1, n2 := l.twoNodes()
	stop, done := make(chan struct{}), make(chan int)
	go func() {
		opens := 0
		for {
			select {
			case <-stop:
				done <- opens
				return
			default:
			}
			if port, err := netmap.Open("netmap:eth1", netmap.Socket(n1.socket())); err == nil {
				opens++
				_ = port.Close()
			}
		}
	}()
	for i := range 5 {
		time.Sleep(time.Duration(37*i) * time.Millisecond)
		l.kill()
	}
	close(stop)
	if opens := <-done; opens == 0 {
		t.Error("no port could be opened")
	} else {
		t.Logf("%d opens", opens)
	}
	eventually(t, "socket mode", func() bool { return l.inventory().Endpoints[0].Mode == ModeSocket })
	exchange(t, n1.openPort("netmap:eth1"), n2.openPort("netmap:eth1"), 1)
}

// What an agent with no keeper still does, and that it says so.
func TestRootAgentWithoutKeeper(t *testing.T) {
	l := startLab(t)
	l.must(l.PutSwitch(t.Context(), "lan", SwitchSpec{}))
	events, err := l.Events(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer events.Close()
	if err := unix.Kill(l.keeper.Number, unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for kind := ""; kind != EventKeeper; {
		event, err := events.Next()
		if err != nil {
			t.Fatal(err)
		}
		kind = event.Kind
	}
	if l.version().Keeper {
		t.Error("the agent believes to have a keeper")
	}
	if _, err := l.PutSwitch(t.Context(), "other", SwitchSpec{}); err == nil {
		t.Error("a switch was made that nobody keeps")
	}
	if n := len(l.inventory().Switches); n != 1 {
		t.Errorf("%d switches, want 1", n)
	}
	if err := l.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "end of the agent", func() bool { return !l.lives() })
}

// What an open binds is remembered: one direction, host rings, one program each.
func TestRootPartialOpensSurviveAgent(t *testing.T) {
	l := startLab(t)
	n := l.oneNode()
	opens := []string{"netmap:eth1/T", "netmap:eth1/R", "netmap:eth1^"}
	for _, name := range opens {
		n.openPort(name)
	}
	for _, moment := range []string{"at first", "after a kill"} {
		for _, name := range opens {
			if _, err := netmap.Open(name, netmap.Socket(n.socket())); !errors.Is(err, netmap.ErrBusy) {
				t.Errorf("%s: %s once more: %v", moment, name, err)
			}
		}
		l.kill()
	}
}
