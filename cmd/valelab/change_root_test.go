package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// writeFile writes a lab file into a folder of the test's own.
func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name+".yml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

const changingLab = `
name: changing
switches: {s: {}, t: {}}
nodes:
  txc: {cmd: valelab pktgen tx -i netmap:eth1 --size 60 --dst-mac 02:00:00:00:00:02}
  rxc: {cmd: valelab pktgen rx -i netmap:eth1}
  a: {cmd: sleep infinity}
links:
  - [txc:eth1, s]
  - endpoints: [rxc:eth1, s]
    mac: 02:00:00:00:00:02
  - endpoints: [a:eth1, t]
    ipv4: 10.0.0.1/24
`

// Nodes that a change does not concern keep their processes, their programs
// their ports, and their counters go on, while their neighbours come, change,
// move and go.
func TestRootChangeLeavesOthersAlone(t *testing.T) {
	l := deploy(t, writeFile(t, "changing", changingLab))
	l.awaitPackets("rxc:eth1 rx0", 10_000)
	programs := regexp.MustCompile(`(?s)"name": "(?:txc|rxc)".*?\}`).FindAllString(l.valelab("inspect", "-f", "json", "changing"), -1)
	for _, edit := range [][2]string{
		{"nodes:", "nodes:\n  new: {}"},
		{"nodes:", "nodes:\n  new: {memory: 64mib}"},
		{"- endpoints: [a:eth1, t]", "- [t, s]\n  - endpoints: [a:eth1, t]"},
		{"[a:eth1, t]", "[a:eth1, s]\n    mtu: 1400"},
		{"[a:eth1, t]", "[a:eth1, s]\n    slots: 64"},
		{"10.0.0.1/24", "10.0.0.9/24"},
		{"a: {cmd: sleep infinity}", "a: {cmd: sleep 99999}"},
		{"t: {}", "t: {}, u: {}"},
		{"name: changing", "name: changing"},
	} {
		counted := l.rings()
		l.valelab("deploy", writeFile(t, "changing", strings.Replace(changingLab, edit[0], edit[1], 1)))
		l.awaitPackets("rxc:eth1 rx0", counted["rxc:eth1 rx0"].Packets+10_000)
		if now := l.rings()["txc:eth1 tx0"]; now.Packets < counted["txc:eth1 tx0"].Packets || now.Mode != "netmap" {
			t.Errorf("%q: txc:eth1 is in mode %s and has %d packets after %d", edit[1], now.Mode, now.Packets, counted["txc:eth1 tx0"].Packets)
		}
		after := regexp.MustCompile(`(?s)"name": "(?:txc|rxc)".*?\}`).FindAllString(l.valelab("inspect", "-f", "json", "changing"), -1)
		if len(programs) != 2 || fmt.Sprint(after) != fmt.Sprint(programs) {
			t.Errorf("%q: programs were %s and are %s", edit[1], programs, after)
		}
	}
}

// Two deploys of one lab at once: one waits for the other, or says who holds
// the lock. Here the holder takes longer than anybody waits.
func TestRootTwoDeploys(t *testing.T) {
	file := writeFile(t, "two", "name: two\nnodes:\n  a: {cmd: sleep infinity}\n  b: {depends_on: {a: exited}}\n")
	l := newLab(t, file)
	first := l.command("deploy", file)
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	await(t, func() string {
		if _, err := os.Stat(filepath.Join(l.root, "two", "plan.json")); err != nil {
			return err.Error()
		}
		return ""
	})
	out, err := l.command("deploy", file).CombinedOutput()
	want := fmt.Sprintf("valelab: lab two is being deployed or destroyed by another process: process %d, \"valelab deploy %s\", since ", first.Process.Pid, file)
	if err == nil || !strings.HasPrefix(string(out), want) {
		t.Errorf("the second deploy: %v\n%swant\n%s", err, out, want)
	}
	if err := first.Process.Signal(unix.SIGINT); err != nil {
		t.Fatal(err)
	}
	first.Wait()
	// Short ones wait for each other, unless the machine is very busy.
	file = writeFile(t, "two", "name: two\nnodes:\n  a: {cmd: sleep infinity}\n  b: {}\n")
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			out, err := l.command("deploy", file).CombinedOutput()
			if err != nil && !bytes.Contains(out, []byte("by another process: process ")) {
				t.Errorf("deploy: %v\n%s", err, out)
			}
		})
	}
	wg.Wait()
}

// Ten labs of the same nodes, addresses and switches side by side, deployed at
// once: none is in the way of another, and each is whole.
func TestRootTenLabs(t *testing.T) {
	needRoot(t)
	root, err := os.MkdirTemp("/run", "vl")
	if err != nil {
		t.Fatal(err)
	}
	all := &liveLab{t: t, root: root}
	t.Cleanup(func() {
		if out, err := all.command("destroy", "--all").CombinedOutput(); err != nil {
			t.Errorf("destroy: %v\n%s", err, out)
		}
		os.RemoveAll(root)
	})
	lab := &chaosLab{
		nodes:    map[string]*chaosNode{"a": {cmd: 1}, "b": {cmd: 2, memory: 256}},
		switches: map[string]bool{"s": true},
		links: []*chaosLink{
			{ends: []chaosEnd{{"a", "eth1", 1}}, vale: "s", mtu: 1500, slots: 256},
			{ends: []chaosEnd{{"b", "eth1", 2}}, vale: "s", mtu: 1500, slots: 256},
			{ends: []chaosEnd{{"a", "eth2", 3}, {"b", "eth2", 4}}, mtu: 1500, slots: 256},
		},
	}
	var wg sync.WaitGroup
	for i := range 10 {
		name := fmt.Sprintf("lab%d", i)
		file := writeFile(t, name, lab.text(name))
		wg.Go(func() {
			if out, err := all.command("deploy", file).CombinedOutput(); err != nil {
				t.Errorf("deploy: %v\n%s", err, out)
			}
		})
	}
	wg.Wait()
	for i := range 10 {
		l := &liveLab{t: t, name: fmt.Sprintf("lab%d", i), root: root}
		var wrong []string
		for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
			if _, wrong = l.observe(lab); len(wrong) == 0 {
				break
			}
		}
		for _, w := range wrong {
			t.Errorf("%s: %s", l.name, w)
		}
	}
	// A change of one is no affair of the others.
	changed := lab.clone()
	changed.nodes["a"].env++
	changed.links[0].mtu = 1400
	all.valelab("deploy", writeFile(t, "lab3", changed.text("lab3")))
	for i := range 10 {
		name := fmt.Sprintf("lab%d", i)
		if i != 3 {
			out, err := all.command("deploy", name).CombinedOutput()
			if err != nil || !bytes.Contains(out, []byte("nothing to change")) {
				t.Errorf("%s: %v\n%s", name, err, out)
			}
		}
	}
	all.valelab("destroy", "--all")
	if left := all.traces(); left != "" {
		t.Errorf("left behind:\n%s", left)
	}
}

// A container that is restarted knows the lab's names as they are, not as they
// were when it was made.
func TestRootRestartKeepsNames(t *testing.T) {
	text := `switches: {s: {}}
nodes:
  a: {}
  box: {image: IMAGE, image-pull-policy: never, cmd: sleep 1000, restart-policy: always}
links:
  - endpoints: [a:eth1, s]
    ipv4: 10.0.0.1/24
  - [box:eth1, s]
`
	l := deployContainers(t, "names", text)
	l.valelab("deploy", labOf(t, "names", strings.Replace(text, "10.0.0.1/24", "10.0.0.7/24", 1)))
	l.engine("POST", "box", "/restart?t=0", nil)
	l.awaitState("box", "running")
	hosts := l.in("box", "cat", "/etc/hosts")
	if !strings.Contains(hosts, "10.0.0.7\ta") || strings.Contains(hosts, "10.0.0.1\t") {
		t.Errorf("/etc/hosts is\n%s", hosts)
	}
}
