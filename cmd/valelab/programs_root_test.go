package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/valelab/valelab/runtime/docker"
)

// Unmodified netmap programs find their ports in every kind of node: with glibc, with musl, static, in containers and
// not. They have ports on a switch of the lab where the file lets them, and a switch of their own by that name where
// it does not.
func TestRootPrograms(t *testing.T) {
	needLibrary(t)
	needEngine(t)
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	compileC(t, "frames", filepath.Join(dir, "glibc"), "gcc")
	compileC(t, "frames", filepath.Join(dir, "musl"), "musl-gcc")
	compileC(t, "frames", filepath.Join(dir, "static"), "gcc", "-static")
	const text = `
switches: {left: {}}
defaults: {vale: [left]}
groups:
  box: {image: IMAGE, cmd: sleep 1000, binds: ["BOUND:/opt:ro"]}
nodes:
  glibc: {group: box}
  musl: {group: box, vale: []}
  static: {group: box, cmd: /opt/static recv eth1 7 40}
  without: {group: box, vale: [], netmap: false}
  process: {}
links:
  - [glibc:eth1, left]
  - [musl:eth1, left]
  - [static:eth1, left]
  - [without:eth1, left]
  - [process:eth1, left]
`
	inDir := strings.ReplaceAll(text, "BOUND", dir)
	l := deployContainers(t, "cprog", inDir)
	send := func(node, program, port, tag string) {
		t.Helper()
		l.run(node, program, "send", port, tag, "40").says("ready").ends()
	}

	await(t, func() string { return l.logHas("static", "ready\n") })
	send("process", filepath.Join(dir, "glibc"), "eth1", "7")
	await(t, func() string { return l.logHas("static", "ready\ngot 40\n") })

	musl := l.run("musl", "/opt/musl", "recv", "eth1", "1", "40").says("ready")
	process := l.run("process", filepath.Join(dir, "musl"), "recv", "valeleft:p", "1", "40", "9").says("ready")
	send("musl", "/opt/glibc", "valeleft:m", "9") // its own switch, where nobody is
	send("glibc", "/opt/glibc", "valeleft:g", "1")
	musl.says("got 40").ends()
	process.says("got 40").ends()

	static := l.run("glibc", "valelab", "netmap-exec", "--", "/opt/static", "recv", "valeleft:s", "2", "40").says("ready")
	send("musl", "/opt/musl", "eth1", "2")
	static.says("got 40").ends()

	for _, program := range []string{"glibc", "musl", "static"} {
		l.run("without", "/opt/"+program, "none").ends()
	}
	l.in("without", "sh", "-c", `test -z "$LD_PRELOAD"`)

	// A deploy gives the switch to one node and takes it from another; nobody is made anew.
	lost, own := l.run("glibc", "/opt/glibc", "hold", "valeleft:x").says("ready"), l.run("musl", "/opt/musl", "hold", "valeleft:x").says("ready")
	table := l.valelab("inspect", l.name)
	if want := "glibc        left    netmap:valeleft:...  running  1\n"; !strings.Contains(table, want) {
		t.Errorf("inspect has no line %q:\n%s", want, table)
	}
	if want := "left glibc/x tx0"; !strings.Contains(strings.Join(strings.Fields(l.valelab("stats", l.name)), " "), want) {
		t.Errorf("stats has no %q", want)
	}
	changed := labOf(t, "cprog", strings.NewReplacer("{group: box}", "{group: box, vale: []}", "{group: box, vale: []}", "{group: box, vale: [left]}").Replace(inDir))
	plan := l.valelab("deploy", "--dry-run", changed)
	for _, want := range []string{"access/glibc:left", "access/musl:left", "loses valeleft: programs that have ports there are detached"} {
		if !strings.Contains(plan, want) {
			t.Errorf("the dry run has no %q:\n%s", want, plan)
		}
	}
	if out := l.valelab("deploy", changed, "-f", "json"); !strings.Contains(out, `"changed": 2`) {
		t.Errorf("deploy: %s", out)
	}
	lost.says("taken away").ends()
	own.says("taken away").ends()
	musl = l.run("musl", "/opt/musl", "recv", "valeleft:m", "3", "40", "8").says("ready")
	send("glibc", "/opt/glibc", "valeleft:g", "8")
	l.killAgent()
	send("process", filepath.Join(dir, "glibc"), "valeleft:p", "3")
	musl.says("got 40").ends()
}

// A static program waits for its port beside pipes, sockets and events, in a container as elsewhere, whoever it runs as.
func TestRootPollBeside(t *testing.T) {
	needLibrary(t)
	needEngine(t)
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "beside")
	compileC(t, "beside", program, "gcc", "-static")
	l := deployContainers(t, "cbeside", strings.ReplaceAll(`
switches: {left: {}}
defaults: {cmd: BESIDE eth1}
groups:
  box: {image: IMAGE, binds: ["BESIDE:BESIDE:ro"]}
nodes:
  root: {group: box}
  other: {group: box, user: "1000"}
  process: {}
links:
  - [root:eth1, left]
  - [other:eth1, left]
  - [process:eth1, left]
`, "BESIDE", program))
	for _, node := range []string{"root", "other", "process"} {
		await(t, func() string { return l.logHas(node, "served\n") })
	}
}

// logHas says what a node's log lacks, or "".
func (l *liveLab) logHas(node, want string) string {
	if log := l.valelab("logs", node, "--lab", l.name); log != want {
		return "node " + node + " has said " + log + ", not " + want
	}
	return ""
}

// A program in a container gets at nothing of another node, whatever it guesses: its memory, ports, lists, sockets.
func TestRootIntruder(t *testing.T) {
	needLibrary(t)
	needEngine(t)
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	compileC(t, "frames", filepath.Join(dir, "frames"), "gcc")
	compileC(t, "intrude", filepath.Join(dir, "intrude"), "gcc")
	l := deployContainers(t, "cintrude", strings.ReplaceAll(`
switches: {left: {}, right: {}}
defaults: {image: IMAGE, cmd: sleep 1000, binds: ["BOUND:/opt:ro"]}
nodes:
  intruder: {}
  other: {}
  third: {}
links:
  - [intruder:eth1, left]
  - [other:eth1, right]
  - [third:eth1, right]
`, "BOUND", dir))
	for _, port := range []string{"eth1", "vale9:h"} {
		l.run("other", "/opt/frames", "hold", port).says("ready")
	}
	l.run("third", "/opt/frames", "send", "eth1", "1", "40").says("ready").ends()
	l.run("other", "/opt/frames", "send", "vale9:s", "1", "40").says("ready").ends()

	if out := l.in("other", "/opt/intrude", "vale9:h"); !strings.Contains(out, "memory 2: the other's frames") || !strings.Contains(out, "list: vale9:h") {
		t.Fatalf("the intruder does not find what is its own: %s", out)
	}
	lasting := docker.Folder(l.dir(), "other")
	out := l.in("intruder", "/opt/intrude", "vale9:h", "vale9:s", "other:eth1", "other/eth1", "../other/eth1", "right", "valeright:x", "valeright:other:eth1",
		"vale9:h{1", "vale9:h}1", filepath.Join(lasting, "netmap.sock"), filepath.Join(lasting, "gate.sock"),
		"/run/valelab/../other/netmap.sock", "../other/netmap.sock", filepath.Join(l.root, l.name, "agent.sock"),
		filepath.Join(l.root, l.name, "nodes/other/netmap.sock"), "/var/run/docker.sock", "/run/docker.sock")
	if out != "nothing\n" {
		t.Errorf("the intruder has found\n%s", out)
	}
}
