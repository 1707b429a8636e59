package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valelab/valelab/netmap"
)

// garbage deploys a lab in which a program in a container writes garbage into all that the switch gives it, again and
// again for a while, each time with another seed, while two neighbours exchange frames on the same switch. They lose
// none but those that were dropped at their own full rings, the agent lives and holds no more than before, and the
// events tell of the ports that the program lost.
func garbage(t *testing.T, rounds int, each time.Duration) {
	needEngine(t)
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	compileC(t, "garbage", filepath.Join(dir, "garbage"), "gcc", "-static")
	l := deployContainers(t, "cgarbage", strings.ReplaceAll(`
switches: {left: {}}
nodes:
  bad: {image: IMAGE, cmd: sleep 1000, vale: [left], binds: ["BOUND:/opt:ro"], user: worker}
  a: {}
  b: {}
links:
  - [bad:eth1, left]
  - [a:eth1, left]
  - [b:eth1, left]
`, "BOUND", dir))
	seed := rand.Uint64()
	if s := os.Getenv("VALELAB_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("VALELAB_SEED=%d", seed)
	offend := func(k int) {
		t.Helper()
		out := l.in("bad", "/opt/garbage", "/run/valelab/netmap.sock", "eth1", fmt.Sprint(seed+uint64(k)), fmt.Sprint(each.Milliseconds()))
		t.Logf("seed %d: %s", seed+uint64(k), strings.TrimSpace(out))
	}
	detached := l.countDetached("bad")
	n := newNeighbours(l, "a", "b")
	calm := l.agentHolds().keeperFiles
	offend(0) // what is made once is made now
	await(t, func() string {
		if l.agentHolds().keeperFiles != calm {
			return "the keeper still holds what the program had"
		}
		return ""
	})
	before := l.agentHolds()
	for k := range rounds {
		offend(k + 1)
	}
	await(t, func() string {
		if now := l.agentHolds(); !now.atMost(before) {
			return fmt.Sprintf("the agent held %v before, and %v when the program is gone", before, now)
		}
		return ""
	})
	n.end()
	await(t, func() string {
		if detached.Load() == 0 {
			return "no event tells of a port that was detached"
		}
		return ""
	})
	t.Logf("%d events of detached ports; the agent holds %v, after %v", detached.Load(), l.agentHolds(), before)
}

// holdings are what an agent and its keeper hold.
type holdings struct {
	pid, files, keeperFiles, regions int
	memory                           int // kB, resident
}

// atMost says whether it is the same agent and nothing was added: memory comes and goes by some MB.
func (h holdings) atMost(before holdings) bool {
	const slack = 32 << 10
	return h.pid == before.pid && h.files <= before.files && h.keeperFiles <= before.keeperFiles &&
		h.regions <= before.regions && h.memory < before.memory+slack
}

// agentHolds looks at the agent.
func (l *liveLab) agentHolds() (h holdings) {
	l.t.Helper()
	pidOf := func(name string) int {
		data, err := os.ReadFile(filepath.Join(l.root, l.name, name))
		if err != nil {
			l.t.Fatal(err)
		}
		pid, err := strconv.Atoi(strings.Fields(string(data))[0])
		if err != nil {
			l.t.Fatal(err)
		}
		return pid
	}
	files := func(pid int) int {
		entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
		if err != nil {
			l.t.Fatal(err)
		}
		return len(entries)
	}
	h.pid = pidOf("agent.pid")
	h.files, h.keeperFiles = files(h.pid), files(pidOf("keeper.pid"))
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", h.pid))
	if err != nil {
		l.t.Fatal(err)
	}
	h.regions = bytes.Count(maps, []byte("/memfd:"))
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", h.pid))
	if err != nil {
		l.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	fmt.Sscan(rest, &h.memory)
	return h
}

// countDetached counts the events of ports that a node's programs lose.
func (l *liveLab) countDetached(node string) *atomic.Int64 {
	l.t.Helper()
	events := l.command("events", l.name)
	out, err := events.StdoutPipe()
	if err != nil {
		l.t.Fatal(err)
	}
	if err := events.Start(); err != nil {
		l.t.Fatal(err)
	}
	count := new(atomic.Int64)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if strings.Contains(lines.Text(), `"kind":"detach","node":"`+node+`"`) {
				count.Add(1)
			}
		}
	}()
	l.t.Cleanup(func() {
		events.Process.Kill()
		<-done
		events.Wait()
	})
	return count
}

// neighbours are two ports that send each other numbered frames, to all, so that it does not matter to them what the
// switch learns from others. Each frame is signed: what comes with another signature was made by somebody else, and one
// with an old number was sent again by somebody else.
type neighbours struct {
	l     *liveLab
	stop  chan struct{}
	done  chan struct{}
	err   error // once done
	names [2]string
	flows [2]flowCount // towards each
}

type flowCount struct {
	sent, received, lost uint64
	next                 uint64 // number of the frame that is expected
}

func newNeighbours(l *liveLab, a, b string) *neighbours {
	l.t.Helper()
	n := &neighbours{l: l, stop: make(chan struct{}), done: make(chan struct{}), names: [2]string{a, b}}
	var ports [2]*netmap.Port
	for i, node := range n.names {
		port, err := netmap.Open("netmap:eth1", netmap.Socket(filepath.Join(l.root, l.name, "nodes", node, "netmap.sock")))
		if err != nil {
			l.t.Fatal(err)
		}
		l.t.Cleanup(func() { port.Close() })
		ports[i] = port
	}
	go func() {
		defer close(n.done)
		n.err = n.run(ports)
	}()
	l.t.Cleanup(n.halt) // before the ports go
	return n
}

// halt ends the exchange; twice is fine.
func (n *neighbours) halt() {
	select {
	case <-n.stop:
	default:
		close(n.stop)
	}
	<-n.done
}

// run exchanges frames until halt.
func (n *neighbours) run(ports [2]*netmap.Port) error {
	secret := rand.Uint64()
	for {
		for to := range ports {
			f := &n.flows[to]
			if err := f.send(ports[1-to], secret+uint64(to)); err != nil {
				return err
			}
			// A frame may come late or never; either way the next ones are sent.
			for begin := time.Now(); f.next < f.sent && time.Since(begin) < 50*time.Millisecond; {
				if err := f.receive(ports[to], secret+uint64(to)); err != nil {
					return err
				}
			}
		}
		select {
		case <-n.stop:
			for to := range ports { // what is still on its way
				f := &n.flows[to]
				for begin := time.Now(); f.next < f.sent && time.Since(begin) < 2*time.Second; {
					if err := f.receive(ports[to], secret+uint64(to)); err != nil {
						return err
					}
				}
				f.lost += f.sent - f.next
			}
			return nil
		default:
		}
	}
}

const neighbourFrame = 64

// signed is a frame with a number.
func signed(number, secret uint64) []byte {
	frame := make([]byte, neighbourFrame)
	copy(frame, "\xff\xff\xff\xff\xff\xff\x02\x00\x00\x00\x00\x0a\x88\xb5")
	binary.LittleEndian.PutUint64(frame[16:], number)
	h := fnv.New64a()
	binary.Write(h, binary.LittleEndian, [2]uint64{number, secret})
	copy(frame[24:], h.Sum(nil))
	return frame
}

func (f *flowCount) send(port *netmap.Port, secret uint64) error {
	batch := port.TxRings()[0].Borrow(16)
	for i := range batch.Len() {
		batch.Put(i, signed(f.sent, secret))
		f.sent++
	}
	batch.Commit(batch.Len())
	return port.TxSync()
}

func (f *flowCount) receive(port *netmap.Port, secret uint64) error {
	if _, err := port.Poll(netmap.In, 5*time.Millisecond); err != nil {
		return err
	}
	batch := port.RxRings()[0].Borrow(1 << 16)
	for i := range batch.Len() {
		got := batch.Buf(i)
		if len(got) != neighbourFrame {
			continue
		}
		number := binary.LittleEndian.Uint64(got[16:])
		if number < f.next || number >= f.sent || !bytes.Equal(got, signed(number, secret)) {
			continue
		}
		f.lost += number - f.next
		f.received++
		f.next = number + 1
	}
	batch.Release(batch.Len())
	return nil
}

// end ends the exchange and compares what each has lost with what was dropped at its ring.
func (n *neighbours) end() {
	t := n.l.t
	t.Helper()
	n.halt()
	if n.err != nil {
		t.Fatalf("the neighbours: %v", n.err)
	}
	rings := n.l.rings()
	for to, name := range n.names {
		f, ring := n.flows[to], rings[name+":eth1 rx0"]
		t.Logf("to %s: %d sent, %d received, %d lost; %d packets, %d drops at the ring", name, f.sent, f.received, f.lost, ring.Packets, ring.Drops.Full)
		if f.received == 0 || f.lost > ring.Drops.Full {
			t.Errorf("%s lost %d frames of %d, and %d were dropped at its ring", name, f.lost, f.sent, ring.Drops.Full)
		}
	}
}
