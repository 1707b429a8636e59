package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"math"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// The tests of this file deploy each lab of labs/ and check what its comment
// says that it must show.

func TestRootLabTxrx(t *testing.T) {
	l := deploy(t, "../../labs/txrx.yml")
	l.awaitPackets("rxc:eth1 rx0", 100_000)
	l.stop("txc", "sent")
	l.settle("rxc:eth1 rx0")
	l.stop("rxc", "received")

	l.checkDelivery("txc:eth1 tx0", "rxc:eth1 rx0")
	l.checkSink("rxc", 1)
}

func TestRootLabWire(t *testing.T) {
	l := deploy(t, "../../labs/wire.yml")
	l.awaitPackets("right:eth1 rx0", 10_000)
	l.stop("left", "sent")
	l.settle("right:eth1 rx0")
	l.stop("right", "received")

	l.checkDelivery("left:eth1 tx0", "right:eth1 rx0")
	l.checkSink("right", 1)
}

func TestRootLabFanin(t *testing.T) {
	l := deploy(t, "../../labs/fanin.yml")
	const senders = 8
	for i := range senders {
		l.awaitPackets(fmt.Sprintf("tx%d:eth1 tx0", i+1), 5_000)
	}
	l.awaitPackets("sink:eth1 rx0", 40_000)

	// A sink that stands still loses frames at its full ring, and every sender goes on.
	sink := strconv.Itoa(l.commandOf("sink"))
	l.in("sink", "kill", "-s", "STOP", sink)
	counted := l.counts()
	if counted {
		full := func() uint64 { return l.rings()["sink:eth1 rx0"].Drops.Full }
		before := full()
		await(t, func() string {
			if got := full() - before; got < 1_000 {
				return fmt.Sprintf("the sink that stands still has lost %d frames, want 1000", got)
			}
			return ""
		})
	}
	for i := range senders {
		ring := fmt.Sprintf("tx%d:eth1 tx0", i+1)
		now, _ := l.carried(ring)
		l.awaitPackets(ring, now+5_000)
	}
	l.in("sink", "kill", "-s", "CONT", sink)

	for i := range senders {
		l.stop(fmt.Sprintf("tx%d", i+1), "sent")
	}
	l.settle("sink:eth1 rx0")
	l.stop("sink", "received")
	l.checkSink("sink", senders)
	if _, lost := l.sink("sink"); !counted && lost < 1_000 {
		t.Errorf("the sink that stood still has lost %d frames, want 1000", lost)
	}
}

func TestRootLabChain(t *testing.T) {
	l := deploy(t, "../../labs/chain.yml")
	l.awaitPackets("sink:eth1 rx0", 20_000)
	l.stop("gen", "sent")
	l.settle("sink:eth1 rx0")
	l.stop("sink", "received")
	sink := l.checkSink("sink", 1, "fwd1:eth1 rx0", "fwd2:eth1 rx0")
	for _, ring := range []string{"fwd1:eth2 tx0", "fwd2:eth2 tx0"} {
		if got := l.rings()[ring]; bySwitch(got) && got.Packets < sink {
			t.Errorf("%s sent %d packets, less than the %d that arrived", ring, got.Packets, sink)
		}
	}
}

func TestRootLabTrunk(t *testing.T) {
	l := deploy(t, "../../labs/trunk.yml")
	for _, pair := range []string{"tagged", "plain"} {
		l.awaitPackets(pair+"-rx:eth1 rx0", 10_000)
	}
	for _, pair := range []string{"tagged", "plain"} {
		l.stop(pair+"-tx", "sent")
	}
	for _, pair := range []string{"tagged", "plain"} {
		l.settle(pair + "-rx:eth1 rx0")
		l.stop(pair+"-rx", "received")
	}
	l.checkSink("plain-rx", 1)
	probes := l.checkSink("tagged-rx", 1)
	if _, got := l.total("tagged-rx"); got < 64*probes {
		t.Errorf("%d probes came in %d bytes: the tags are lost", probes, got)
	}
}

func TestRootLabPing(t *testing.T) {
	l := deploy(t, "../../labs/ping.yml")
	netprobe, err := exec.LookPath("netprobe")
	if err != nil {
		t.Fatal(err)
	}
	l.in("a", netprobe, "ping4", "10.0.0.2")
	l.in("a", netprobe, "ping6", "fd00::2")
	l.in("b", netprobe, "ping4", "a")

	hash := sha256.New()
	if _, err := io.Copy(hash, body()); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("%x\n", hash.Sum(nil))
	l.start("b", netprobe, "serve", ":8080")
	for _, address := range []string{"10.0.0.2:8080", "[fd00::2]:8080", "b:8080"} {
		l.in("a", netprobe, "udp", address)
		if got := l.in("a", netprobe, "get", address); got != want {
			t.Errorf("100 MB over HTTP from %s have hash %swant %s", address, got, want)
		}
	}
}

// awaitPackets waits until the ring has carried n packets.
func (l *liveLab) awaitPackets(ring string, n uint64) {
	l.t.Helper()
	await(l.t, func() string {
		if got, _ := l.carried(ring); got < n {
			return fmt.Sprintf("%s has carried %d packets, want %d", ring, got, n)
		}
		return ""
	})
}

// commandOf is the process number of a node's command, in the node.
func (l *liveLab) commandOf(node string) int {
	l.t.Helper()
	for _, n := range l.inventory().Nodes {
		if n.Node == node && n.PID != 0 {
			return n.PID
		}
	}
	l.t.Fatalf("the command of node %s does not run", node)
	return 0
}

// settle waits until the ring carries nothing any more.
func (l *liveLab) settle(ring string) {
	l.t.Helper()
	last, _ := l.carried(ring)
	counted := l.counts()
	await(l.t, func() string {
		now, still := l.carried(ring)
		defer func() { last = now }()
		if now != last || !counted && !still {
			return ring + " does not come to rest"
		}
		return ""
	})
}

// stop interrupts the node's command and waits for its last words.
func (l *liveLab) stop(node, words string) {
	l.t.Helper()
	l.in(node, "kill", "-s", "INT", strconv.Itoa(l.commandOf(node)))
	await(l.t, func() string {
		if log := l.valelab("logs", node, "--lab", l.name); !strings.Contains(log, words) {
			return fmt.Sprintf("the command of %s does not end:\n%s", node, log)
		}
		return ""
	})
}

// checkDelivery checks that what went in at one ring came out at another or
// was dropped there.
func (l *liveLab) checkDelivery(from, to string) {
	l.t.Helper()
	l.checkDeliveryAfterKills(from, to, 0)
}

// checkDeliveryAfterKills is checkDelivery where the agent was killed so many
// times. Each kill may cost the frames that were just on their way, a quarter
// of a ring: a switch delivers a frame at most once.
func (l *liveLab) checkDeliveryAfterKills(from, to string, kills uint64) {
	l.t.Helper()
	rings := l.rings()
	in, out := rings[from], rings[to]
	if !bySwitch(in) || !bySwitch(out) { // what was lost between the two is not known
		sent, _ := l.carried(from)
		node, _, _ := strings.Cut(to, ":")
		received, _ := l.sink(node) // its own probes: once a program has ended, its node's stack may say something, too
		if received == 0 || received > sent {
			l.t.Errorf("%s sent %d packets, %s received %d of them", from, sent, to, received)
		}
		return
	}
	lost := in.Packets - out.Packets - out.Drops.Total()
	if lost > kills*1024/4 {
		l.t.Errorf("%s took in %d packets, %s delivered %d and dropped %d (%s), %d are missing",
			from, in.Packets, to, out.Packets, out.Drops.Total(), dropsText(out.Drops), lost)
	}
}

// sinkReport is what `pktgen rx` prints about the probes.
var sinkReport = regexp.MustCompile(`(\d+) probes of (\d+) flows: (\d+) lost, (\d+) reordered, (\d+) duplicates, (\d+) late`)

// sink reads the report of a node that received: how many probes came, and how many were lost.
func (l *liveLab) sink(node string) (probes, lost uint64) {
	l.t.Helper()
	n := l.sinkNumbers(node)
	return n[0], n[2]
}

// sinkNumbers are those of the report: probes, flows, lost, reordered, duplicates, late.
func (l *liveLab) sinkNumbers(node string) (n [6]uint64) {
	l.t.Helper()
	log := l.valelab("logs", node, "--lab", l.name)
	match := sinkReport.FindStringSubmatch(log)
	if match == nil {
		l.t.Fatalf("%s has no report:\n%s", node, log)
	}
	for i := range n {
		n[i], _ = strconv.ParseUint(match[i+1], 10, 64)
	}
	return n
}

// checkSink checks the report of a node that received, and returns how many
// probes came: they are of so many flows, all in order and none twice. What
// was lost is what its own ring, or one of the others on the way, had no room
// for; on a backend that does not count that, it is not known.
func (l *liveLab) checkSink(node string, flows uint64, way ...string) uint64 {
	l.t.Helper()
	n := l.sinkNumbers(node)
	full, rings := uint64(0), l.rings()
	for _, ring := range append(way, node+":eth1 rx0") {
		if r := rings[ring]; !bySwitch(r) {
			full = math.MaxUint64
			break
		} else {
			full += r.Drops.Full
		}
	}
	probes, gotFlows, lost, reordered, twice, late := n[0], n[1], n[2], n[3], n[4], n[5]
	if probes == 0 || gotFlows != flows || reordered+twice+late > 0 || lost > full {
		l.t.Errorf("%s: want probes of %d flows in order, at most %d lost; got %d of %d: %d lost, %d reordered, %d twice, %d late",
			node, flows, full, probes, gotFlows, lost, reordered, twice, late)
	}
	return probes
}
