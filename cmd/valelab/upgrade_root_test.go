package main

import (
	"bytes"
	"context"
	"debug/elf"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/runtime/agent"
)

// otherBuild returns a copy of this program that is of another build: a byte of
// the ID that the linker gave it is another one. With broken set its agents
// can't start.
func otherBuild(t *testing.T, broken bool) string {
	t.Helper()
	program, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	file, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		t.Fatal(err)
	}
	note := file.Section(".note.go.buildid")
	if note == nil {
		t.Fatal("this program has no build ID")
	}
	id := program[note.Offset+16:]
	id[3] ^= 1
	path := filepath.Join(t.TempDir(), "valelab")
	if broken {
		id[3] ^= 2
		path = filepath.Join(t.TempDir(), brokenName)
	}
	if err := os.WriteFile(path, program, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// brokenName is the name of a program whose agents end at once.
const brokenName = "valelab-broken"

// failIfBroken is the beginning of an agent.
func failIfBroken() {
	if path, err := os.Readlink("/proc/self/exe"); err != nil || filepath.Base(path) == brokenName {
		os.Exit(1)
	}
}

// with runs a command of the lab with another build of the program.
func (l *liveLab) with(program string, args ...string) (string, error) {
	cmd := l.command(args...)
	cmd.Path = program
	cmd.Err = nil
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// build is what the lab's agent says of its program.
func (l *liveLab) build() string { return l.version().Build }

// started is when the lab's agent began to answer.
func (l *liveLab) started() time.Time { return l.version().Started }

func (l *liveLab) version() *agent.Version {
	l.t.Helper()
	client := agent.Dial(filepath.Join(l.root, l.name))
	defer client.Close()
	version, err := client.Version(context.Background())
	if err != nil {
		l.t.Fatal(err)
	}
	return version
}

// initLines are the lines of an inspection that name processes of nodes.
func initLines(inspection string) string {
	var all []string
	for line := range strings.Lines(inspection) {
		if strings.Contains(line, `"init":`) {
			all = append(all, line)
		}
	}
	return strings.Join(all, "")
}

// Another build of the program replaces the agent under traffic: programs and
// nodes carry on, and so do the counters. The next agent is of that build too.
func TestRootUpgrade(t *testing.T) {
	other := otherBuild(t, false)
	l := deploy(t, "../../labs/txrx.yml")
	l.awaitPackets("rxc:eth1 rx0", 100_000)
	before, nodes := l.build(), l.valelab("inspect", "-f", "json")
	counted := l.rings()["rxc:eth1 rx0"].Packets

	out, err := l.with(other, "deploy", "--dry-run", "../../labs/txrx.yml")
	if err != nil || !strings.Contains(out, "one of this build takes over") || !strings.Contains(out, "no node's traffic is touched") {
		t.Fatalf("dry run: %v\n%s", err, out)
	}
	if out, err := l.with(other, "deploy", "../../labs/txrx.yml"); err != nil {
		t.Fatalf("deploy: %v\n%s", err, out)
	}
	after := l.build()
	if after == before || after == "" {
		t.Errorf("the agent's build was %q and is %q", before, after)
	}
	l.awaitPackets("rxc:eth1 rx0", counted+100_000)
	if err := unix.Kill(l.agent(), unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	l.awaitPackets("rxc:eth1 rx0", l.rings()["rxc:eth1 rx0"].Packets+100_000)
	if again := l.build(); again != after {
		t.Errorf("the agent after a kill is of build %q, want %q", again, after)
	}
	if a, b := initLines(nodes), initLines(l.valelab("inspect", "-f", "json")); a != b {
		t.Errorf("nodes before:\n%s\nafter:\n%s", a, b)
	}
	l.stop("txc", "sent")
	l.settle("rxc:eth1 rx0")
	l.stop("rxc", "received")
	l.checkDeliveryAfterKills("txc:eth1 tx0", "rxc:eth1 rx0", 1)
	if out, err := l.with(other, "deploy", "../../labs/txrx.yml"); err != nil || !strings.Contains(out, "nothing to change") {
		t.Errorf("deploy again: %v\n%s", err, out)
	}
}

// A build whose agents do not live is given up: deploy says so, and the agent
// before it carries on with everything.
func TestRootUpgradeToBroken(t *testing.T) {
	broken, other := otherBuild(t, true), otherBuild(t, false)
	l := deploy(t, "../../labs/txrx.yml")
	l.awaitPackets("rxc:eth1 rx0", 1000)
	// The one before is not the one that the lab began with.
	if out, err := l.with(other, "deploy", "../../labs/txrx.yml"); err != nil {
		t.Fatalf("deploy: %v\n%s", err, out)
	}
	before := l.build()
	await(t, func() string {
		if lived := time.Since(l.started()); lived < 2*time.Second { // by then the keeper trusts it
			return "the agent has lived for " + lived.String()
		}
		return ""
	})
	if out, err := l.with(broken, "deploy", "../../labs/txrx.yml"); err == nil || !strings.Contains(out, "the one before carries on") {
		t.Fatalf("deploy: %v\n%s", err, out)
	}
	if after := l.build(); after != before {
		t.Errorf("the agent's build was %q and is %q", before, after)
	}
	l.awaitPackets("rxc:eth1 rx0", l.rings()["rxc:eth1 rx0"].Packets+100_000)
	if out, err := l.with(other, "deploy", "../../labs/txrx.yml"); err != nil || !strings.Contains(out, "nothing to change") {
		t.Errorf("deploy again: %v\n%s", err, out)
	}
}
