package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// TestRootChaos does random things to a lab and looks at it after each. A run
// is repeated by its seed: VALELAB_CHAOS_SEED=N go test -run TestRootChaos.
func TestRootChaos(t *testing.T) { chaos(t, 40) }

// chaos does so many random operations. The environment may say how many, and
// the seed.
func chaos(t *testing.T, operations int) {
	needRoot(t)
	seed := uint64(number("VALELAB_CHAOS_SEED", int(rand.Uint32())))
	operations = number("VALELAB_CHAOS_OPERATIONS", operations)
	t.Logf("seed %d, %d operations", seed, operations)
	c := &chaosRun{t: t, r: rand.New(rand.NewPCG(seed, 1)), counts: map[string]int{}, file: filepath.Join(t.TempDir(), "chaos.yml")}
	c.lab = &chaosLab{
		nodes: map[string]*chaosNode{"na": {cmd: 1}, "nb": {cmd: 2}}, switches: map[string]bool{"s0": true}, trunks: map[[2]string]bool{},
	}
	if c.lab.image = chaosImage(t); c.lab.image != "" {
		c.lab.nodes["nc"] = &chaosNode{cmd: 3, box: true}
	}
	for range 12 {
		c.lab.edit(c.r)
	}
	c.liveLab = newLab(t, c.file)
	for i := range operations {
		c.step(i)
		if t.Failed() {
			t.Fatalf("seed %d, operation %d of %d; the lab file:\n%s", seed, i, operations, c.lab.text("chaos"))
		}
	}
	c.valelab("destroy", "chaos")
	if left := c.traces(); left != "" {
		t.Errorf("left behind:\n%s", left)
	}
	if c.lab.image != "" {
		c.checkNoContainers()
	}
	t.Logf("%v", c.counts)
}

// restartStale restarts the commands of nodes whose endpoint has come to another switch of netmap's module, where a
// program keeps the port that it has: the agent says so.
func (c *chaosRun) restartStale() {
	client := c.client()
	defer client.Close()
	lab, err := client.Lab(c.t.Context())
	if err != nil {
		return // there may be no agent, which is looked at later
	}
	for _, e := range lab.Endpoints {
		if strings.Contains(e.Fault, "valelab restart "+e.Node) {
			c.valelab("restart", "--lab", c.name, e.Node)
		}
	}
}

// chaosImage is the image of nodes that are containers, "" where there is no
// engine.
func chaosImage(t *testing.T) (image string) {
	t.Run("engine", func(t *testing.T) { image = testImage(t) })
	return image
}

// number reads a number from the environment.
func number(variable string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(variable)); err == nil {
		return n
	}
	return otherwise
}

// A chaosRun is the state of one run.
type chaosRun struct {
	*liveLab
	t      *testing.T
	r      *rand.Rand
	file   string
	lab    *chaosLab // as deployed last
	up     bool
	facts  chaosFacts // of the last check
	counts map[string]int
}

// step does one thing, brings the lab to a state that is known, and checks it.
func (c *chaosRun) step(i int) {
	what, expect := "deploy", func(string) bool { return true } // nodes that may be others than before
	next := c.lab.clone()
	if c.up {
		what, expect = c.act(next)
	}
	out, err := c.deployFile(next)
	if err != nil {
		c.t.Errorf("operation %d, %s: deploy: %v\n%s", i, what, err, out)
		return
	}
	c.lab, c.up = next, true
	c.restartStale()
	var wrong []string
	facts := chaosFacts{}
	c.settle(func() bool {
		facts, wrong = c.observe(c.lab)
		return len(wrong) == 0
	})
	for _, w := range wrong {
		c.t.Errorf("operation %d, %s: %s\n%s", i, what, w, out)
	}
	for _, name := range changedInits(c.facts.inits, facts.inits) {
		if !expect(name) {
			c.t.Errorf("operation %d, %s: node %s was started anew\n%s", i, what, name, out)
		}
	}
	if len(wrong) == 0 {
		if failed := c.probe(c.r, c.lab, facts); failed != "" {
			c.t.Errorf("operation %d, %s: %s", i, what, failed)
		}
	}
	if again, err := c.deployFile(c.lab); i%8 == 0 && (err != nil || !strings.Contains(again, "nothing to change")) {
		c.t.Errorf("operation %d, %s: deploying again: %v\n%s", i, what, err, again)
	}
	c.facts = facts
}

// settle waits until what was begun in the background is over.
func (c *chaosRun) settle(ok func() bool) {
	for deadline := time.Now().Add(time.Minute); !ok() && time.Now().Before(deadline); {
		time.Sleep(50 * time.Millisecond)
	}
}

// act does one random thing to the running lab, and edits next where the
// deploy after it is to change something.
func (c *chaosRun) act(next *chaosLab) (what string, expect func(string) bool) {
	old := c.lab
	recreated := func(name string) bool {
		was, is := old.nodes[name], next.nodes[name]
		return was == nil || is == nil || was.box != is.box || old.command(name) != next.command(name) ||
			was.env != is.env || is.box && (was.memory == 0) != (is.memory == 0) // the engine takes no limit away
	}
	anyNode := func(string) bool { return true }
	defer func() { c.counts[strings.Fields(what)[0]]++ }()
	if os.Getenv("VALELAB_CHAOS_LOG") != "" {
		defer func() { c.t.Log(what) }()
	}
	node := pick(c.r, c.lab.nodes)
	switch n := c.r.IntN(100); {
	case n < 45:
		what = "edit:"
		for range 1 + c.r.IntN(4) {
			what += " " + next.edit(c.r) + ","
		}
		return what, recreated
	case n < 53:
		if c.lab.nodes[node].box && c.r.IntN(2) == 0 {
			c.engine("POST", node, "/restart?t=0", nil)
			return "restart-container " + node, func(name string) bool { return name == node }
		}
		c.kill(c.facts.inits[node])
		return "kill node " + node, func(name string) bool { return name == node }
	case n < 58: // its init starts the command again
		for pid, args := range commandLines() {
			if strings.Join(args, " ") == c.lab.command(node) && sameNamespace(pid, c.facts.inits[node]) {
				c.kill(pid)
			}
		}
		return "kill-command of " + node, func(name string) bool { return recreated(name) || name == node && c.lab.nodes[name].box }
	case n < 68:
		c.kill(c.facts.agent)
		if c.r.IntN(2) == 0 {
			next.edit(c.r)
		}
		return "kill-agent", recreated
	case n < 71:
		for pid, args := range commandLines() {
			if args[0] == "valelab-keeper" && len(args) == 2 && args[1] == filepath.Join(c.root, c.name) {
				c.kill(pid)
			}
		}
		return "kill-keeper", recreated
	case n < 80:
		return c.deleteDevice(), recreated
	case n < 88: // and then to the end
		end := next.edit(c.r)
		c.interrupted(next, unix.SIGINT)
		return "interrupt: " + end, anyNode
	case n < 96:
		target := next.clone()
		end := target.edit(c.r)
		c.interrupted(target, unix.SIGKILL)
		if c.r.IntN(2) == 0 {
			*next = *target
		}
		return "kill-deploy: " + end, anyNode
	}
	c.valelab("destroy", "chaos")
	return "destroy", anyNode
}

// sameNamespace says whether two processes are in one PID namespace.
func sameNamespace(a, b int) bool {
	x, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", a))
	y, err2 := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", b))
	return err == nil && err2 == nil && x == y
}

// kill kills a process of the lab and waits for its end: a deploy that begins
// before that rightly finds it alive.
func (c *chaosRun) kill(pid int) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err == unix.ESRCH {
		return
	}
	if err != nil {
		c.t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0); err != nil && err != unix.ESRCH {
		c.t.Error(err)
	}
	for _, err = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, -1); err == unix.EINTR; {
		_, err = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, -1)
	}
}

// deleteDevice deletes one of the lab's veths, at one end or the other.
func (c *chaosRun) deleteDevice() string {
	if len(c.lab.links) == 0 {
		return "delete: nothing"
	}
	e := c.lab.links[c.r.IntN(len(c.lab.links))].ends[0]
	err := inNetns(c.facts.inits[e.node], func() error {
		link, err := netlink.LinkByName(e.iface)
		if err != nil {
			return err
		}
		return netlink.LinkDel(link)
	})
	if err != nil {
		c.t.Error(err)
	}
	return "delete " + e.node + ":" + e.iface
}

// interrupted deploys a lab and sends the signal at a random moment. One that
// says that all was taken back must leave the lab as it was.
func (c *chaosRun) interrupted(next *chaosLab, signal unix.Signal) {
	c.write(next)
	cmd := c.command("deploy", c.file)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	time.Sleep(time.Duration(c.r.IntN(150)) * time.Millisecond)
	_ = cmd.Process.Signal(signal)
	err := cmd.Wait()
	if signal != unix.SIGINT {
		return
	}
	is := next
	if err != nil {
		is = c.lab
	}
	if strings.Contains(out.String(), "not taken back") {
		c.t.Errorf("an interrupted deploy could not take all back:\n%s", out.String())
	}
	var wrong []string
	c.liveSettle(is, &wrong)
	for _, w := range wrong {
		c.t.Errorf("after an interrupt (%v): %s\n%s", err, w, out.String())
	}
}

func (c *chaosRun) liveSettle(is *chaosLab, wrong *[]string) {
	c.settle(func() bool {
		_, *wrong = c.observe(is)
		return len(*wrong) == 0
	})
}

// deployFile writes the lab's file and deploys it.
func (c *chaosRun) deployFile(lab *chaosLab) (string, error) {
	c.write(lab)
	out, err := c.command("deploy", c.file).CombinedOutput()
	return string(out), err
}

func (c *chaosRun) write(lab *chaosLab) {
	if err := os.WriteFile(c.file, []byte(setBackend(lab.text("chaos"), *backend)), 0o600); err != nil {
		c.t.Fatal(err)
	}
}
