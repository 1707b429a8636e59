package agent

import (
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/valelab/valelab/netmap"
)

// flood sends to the fourth node of a test as fast as it can, until it is killed.
func flood(socket string) error {
	port, err := netmap.Open("netmap:eth1", netmap.Socket(socket))
	if err != nil {
		return err
	}
	for {
		batch := port.TxRings()[0].Borrow(64)
		for i := range batch.Len() {
			batch.Put(i, frame("02:00:00:00:00:04", "02:00:00:00:00:01", 1))
		}
		batch.Commit(batch.Len())
		if err := port.TxSync(); err != nil {
			return err
		}
	}
}

// A program that is killed while it sends has lost its port at once, and others on the switch lose nothing. How long it
// takes from the signal to the event is printed.
func TestRootKilledSender(t *testing.T) {
	l := startLab(t)
	l.must(l.PutSwitch(t.Context(), "lan", SwitchSpec{}))
	var nodes []*testNode
	for i, name := range []string{"victim", "from", "to", "sink"} {
		n := l.addNode(name)
		n.addEndpoint("lan", i+1)
		nodes = append(nodes, n)
	}
	from, to, sink := nodes[1].openPort("netmap:eth1"), nodes[2].openPort("netmap:eth1"), nodes[3].openPort("netmap:eth1")
	send(t, to, frame("ff:ff:ff:ff:ff:ff", "02:00:00:00:00:03", 0))
	send(t, sink, frame("ff:ff:ff:ff:ff:ff", "02:00:00:00:00:04", 0))
	for _, port := range []*netmap.Port{from, from, to} { // what to and sink have said
		if _, ok := receive(t, port, patience); !ok {
			t.Fatal("an announcement is lost")
		}
	}
	events, err := l.Events(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer events.Close()
	mode := func(want string) Event {
		for {
			if e := events.await(t, EventPort); e.Node == "victim" && e.State == want {
				return e
			}
		}
	}
	var took []time.Duration
	number := uint32(0)
	neighbours := func() {
		t.Helper()
		for range 50 {
			number++
			send(t, from, frame("02:00:00:00:00:03", "02:00:00:00:00:02", number))
			if got, ok := receive(t, to, patience); !ok || got != number {
				t.Fatalf("frame %d is lost: %d, %v", number, got, ok)
			}
		}
	}
	for range 10 {
		cmd := exec.Command("/proc/self/exe")
		cmd.Args = []string{"valelab-flood", nodes[0].socket()}
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { cmd.Process.Kill() })
		mode(ModeNetmap)
		if _, ok := receive(t, sink, patience); !ok {
			t.Fatal("it does not send")
		}
		neighbours()
		killed := time.Now()
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		neighbours()
		took = append(took, mode(ModeSocket).Time.Sub(killed))
		cmd.Wait()
		for ok := true; ok; { // what the sink has not taken yet
			_, ok = receive(t, sink, time.Millisecond)
		}
	}
	slices.Sort(took)
	t.Logf("from SIGKILL to the end of the port: %v at best, %v in the middle, %v at worst, of %d", took[0], took[len(took)/2], took[len(took)-1], len(took))
}
