package main

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// containerlabFailings is what containerlab gets wrong, and the test that
// shows valelab without it: here, or where it says.
var containerlabFailings = []struct {
	failing string
	shown   func(*testing.T)
	file    string // in which test is, when it is not shown here
	test    string
}{
	{failing: "a failed deploy leaves half a lab that can be neither re-deployed nor reconciled", shown: failedDeployLeavesNothing},
	{failing: "Ctrl-C leaves containers and veth halves", shown: interruptLeavesNothing},
	{failing: "a worker that waits for a stage holds its pool slot, so a valid lab can hang for ever",
		file: "../../runtime/depend_root_test.go", test: "TestRootDeployChainWithOneWorker"},
	{failing: "a changed link MTU is reported as no changes", shown: changedMTUIsSet},
	{failing: "validate misses a doubly used endpoint", shown: doubleEndpointIsFound},
	{failing: "errors carry no line", shown: errorsCarryLines},
	{failing: "266 engine calls for a lab that needs about 61", file: "engineproxy_test.go", test: "TestRootEngineRequests"},
}

func TestRootContainerlabFailings(t *testing.T) {
	needRoot(t)
	for _, f := range containerlabFailings {
		t.Run(f.failing, func(t *testing.T) {
			if f.shown != nil {
				f.shown(t)
				return
			}
			source, err := os.ReadFile(f.file)
			if err != nil || !strings.Contains(string(source), "\nfunc "+f.test+"(") {
				t.Errorf("%s has no %s (%v)", f.file, f.test, err)
			}
		})
	}
}

const smallLab = `name: small
switches: {s: {}}
nodes:
  a: {cmd: sleep infinity}
  b: {cmd: sleep infinity}
links:
  - endpoints: [a:eth1, s]
    ipv4: 10.0.0.1/24
  - endpoints: [b:eth1, s]
    ipv4: 10.0.0.2/24
`

// failedDeployLeavesNothing fails a fresh deploy and one that changes a lab.
func failedDeployLeavesNothing(t *testing.T) {
	failing := writeFile(t, "small", strings.Replace(smallLab, "a: {cmd: sleep infinity}", "a: {cmd: sleep 99}", 1)+"  - [s, host:eth-none]\n")
	l := newLab(t, failing)
	if out, err := l.command("deploy", failing).CombinedOutput(); err == nil {
		t.Fatalf("deploy of a lab that can't be:\n%s", out)
	}
	if left := l.traces(); left != "" {
		t.Errorf("left behind:\n%s", left)
	}
	file := writeFile(t, "small", smallLab)
	l.valelab("deploy", file)
	if out, err := l.command("deploy", failing).CombinedOutput(); err == nil || strings.Contains(string(out), "not taken back") {
		t.Fatalf("deploy of a lab that can't be: %v\n%s", err, out)
	}
	if out := l.said("deploy", file); !strings.Contains(out, "nothing to change") {
		t.Errorf("the lab is not as before: %s", out)
	}
}

// interruptLeavesNothing interrupts a deploy that waits, with nodes and
// devices made.
func interruptLeavesNothing(t *testing.T) {
	file := writeFile(t, "small", strings.Replace(smallLab, "b: {cmd: sleep infinity}", "b: {cmd: sleep infinity, depends_on: {a: exited}}", 1))
	l := newLab(t, file)
	cmd := l.command("deploy", file)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	await(t, func() string {
		for _, args := range commandLines() {
			if args[0] == "valelab-agent" && strings.HasPrefix(args[1], l.root) {
				return ""
			}
		}
		return "no agent"
	})
	if err := cmd.Process.Signal(unix.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("an interrupted deploy succeeded")
	}
	if left := l.traces(); left != "" {
		t.Errorf("left behind:\n%s", left)
	}
}

func changedMTUIsSet(t *testing.T) {
	l := deploy(t, writeFile(t, "small", smallLab))
	changed := writeFile(t, "small", strings.Replace(smallLab, "10.0.0.1/24", "10.0.0.1/24\n    mtu: 1400", 1))
	if out := l.valelab("deploy", "--dry-run", changed); !strings.Contains(out, "mtu 1500 to 1400") {
		t.Errorf("dry run:\n%s", out)
	}
	l.valelab("deploy", changed)
	if mtu := l.in("a", "cat", "/sys/class/net/eth1/mtu"); mtu != "1400\n" {
		t.Errorf("mtu is %q", mtu)
	}
}

func doubleEndpointIsFound(t *testing.T) {
	file := writeFile(t, "small", smallLab+"  - [a:eth1, b:eth2]\n")
	out, err := (&liveLab{t: t, root: t.TempDir()}).command("validate", file).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "a:eth1") {
		t.Errorf("validate: %v\n%s", err, out)
	}
}

func errorsCarryLines(t *testing.T) {
	file := writeFile(t, "small", strings.Replace(smallLab, "[b:eth1, s]", "[b:eth1, z]", 1)+"  - [a:eth1, b:eth2]\n")
	out, _ := (&liveLab{t: t, root: t.TempDir()}).command("validate", file).CombinedOutput()
	for _, place := range []string{"small.yml:9:25: ", "small.yml:11:6: "} {
		if !strings.Contains(string(out), place) {
			t.Errorf("no fault at %s:\n%s", place, out)
		}
	}
}

// said runs a command that must succeed and returns what it said on standard
// error.
func (l *liveLab) said(args ...string) string {
	l.t.Helper()
	out, err := l.command(args...).CombinedOutput()
	if err != nil {
		l.t.Fatalf("valelab %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}
