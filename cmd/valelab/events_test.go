package main

import (
	"bufio"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/runtime/agent"
)

// `valelab events` tells of steps, nodes, ports and drops as they happen, goes
// on with the next agent, and ends with the lab.
func TestRootEventsCommand(t *testing.T) {
	l := deploy(t, "testdata/exact.yml")
	events := l.command("events", l.name)
	out, err := events.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := events.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan agent.Event, 10_000)
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			var e agent.Event
			if json.Unmarshal(scanner.Bytes(), &e) == nil {
				lines <- e
			}
		}
	}()
	awaitEvent := func(what string, ok func(agent.Event) bool) {
		t.Helper()
		limit := time.After(30 * time.Second)
		for {
			select {
			case e, open := <-lines:
				if !open {
					t.Fatalf("the events ended before: %s", what)
				}
				if ok(e) {
					return
				}
			case <-limit:
				t.Fatalf("no event: %s", what)
			}
		}
	}
	awaitEvent("a step of the deploy", func(e agent.Event) bool {
		return e.Kind == agent.EventStep && e.State == "done" && e.Message == "endpoint/gen:eth1"
	})
	l.sendExactly()
	awaitEvent("hold has its port open", func(e agent.Event) bool {
		return e.Kind == agent.EventPort && e.Node == "hold" && e.State == agent.ModeNetmap
	})
	// Whoever got an event that was not of the past is told of drops that come after it.
	l.in("gen", "valelab", "pktgen", "tx", "-i", "netmap:eth1", "--count", "100", "--size", "60")
	drops := func(state string) func(agent.Event) bool {
		return func(e agent.Event) bool {
			return e.Kind == agent.EventDrops && e.State == state && e.Node == "hold" && strings.HasPrefix(e.Message, "hold:eth1 rx0: ")
		}
	}
	awaitEvent("drops began", drops("started"))
	awaitEvent("drops ended", drops("ended"))

	if err := unix.Kill(l.agent(), unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	awaitEvent("the next agent", func(e agent.Event) bool { return e.Kind == agent.EventAgent && e.State == "restarted" })
	l.valelab("destroy", l.name)
	limit := time.After(30 * time.Second)
	for open := true; open; {
		select {
		case _, open = <-lines:
		case <-limit:
			t.Fatal("events goes on without the lab")
		}
	}
	if err := events.Wait(); err != nil {
		t.Errorf("events: %v", err)
	}
}
