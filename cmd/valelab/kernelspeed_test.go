//go:build kernel

package main

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/valelab/valelab/topology"
)

const kernelSpeedLab = `
name: %s
switches: {lan: {}}
nodes:
  src: {cmd: sleep infinity}
  sink: {cmd: sleep infinity}
links:
  - endpoints: [src:eth1, lan]
    mac: 02:00:00:00:00:01
  - endpoints: [sink:eth1, lan]
    mac: 02:00:00:00:00:02
`

// speedRounds is how often each way is measured: in turn, so that what else the machine does meets all of them.
const speedRounds = 3

// TestKernelSpeed sends frames of 60 bytes from one program to another as fast as it goes: through the user-space
// switch and through the module's, in a lab each, and through the module without a lab. It is an emulated machine that
// it runs in: the rates say something of each other only, and none is demanded.
func TestKernelSpeed(t *testing.T) {
	labs := map[string]*liveLab{}
	for _, backend := range []string{topology.NetmapUser, topology.NetmapKernel} {
		labs[backend] = labOn(t, fmt.Sprintf(kernelSpeedLab, "kspeed"+backend), backend)
	}
	ways := []speedWay{
		{name: "netmap: user", send: labs[topology.NetmapUser].speedRound},
		{name: "netmap: kernel", send: labs[topology.NetmapKernel].speedRound},
		{name: "the module without a lab", send: func() (tx, rx string) { return bareRound(t) }},
	}
	for range speedRounds {
		for i := range ways {
			ways[i].measure(t)
		}
	}
	var table strings.Builder
	tw := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintf(tw, "60 BYTES, MEDIAN OF %d\tSENT\tRECEIVED\tOF NETMAP: KERNEL\n", speedRounds)
	for i := range ways {
		w := &ways[i]
		fmt.Fprintf(tw, "%s\t%.2f Mpps\t%.2f Mpps\t%.2f\n", w.name, median(w.sent), median(w.received), median(w.received)/median(ways[1].received))
	}
	tw.Flush()
	for line := range strings.Lines(table.String()) {
		t.Logf("measured: %s", strings.TrimSpace(line))
	}
}

// speedWay is a way from one program to another.
type speedWay struct {
	name           string
	send           func() (tx, rx string) // what the two print
	sent, received []float64              // in millions a second
}

// measure sends once. What was received is counted over the time of the sending: a frame of some node's stack may have
// come long before.
func (w *speedWay) measure(t *testing.T) {
	t.Helper()
	tx, rx := w.send()
	sent, seconds := reported(t, tx)
	received, _ := reported(t, rx)
	w.sent, w.received = append(w.sent, sent/seconds/1e6), append(w.received, received/seconds/1e6)
}

// reported is what a summary of pktgen says: packets and seconds.
func reported(t *testing.T, text string) (n, seconds float64) {
	t.Helper()
	m := trafficReport.FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no summary in:\n%s", text)
	}
	n, _ = strconv.ParseFloat(m[2], 64)
	seconds, _ = strconv.ParseFloat(m[4], 64)
	if n == 0 || seconds == 0 {
		t.Fatalf("nothing was measured: %s", m[0])
	}
	return n, seconds
}

// What the two programs of a round are told beside their ports.
var (
	speedTx = []string{"--interval", "0", "--size", "60", "--duration", "2s", "--dst-mac", "02:00:00:00:00:02"}
	speedRx = []string{"--interval", "0", "--idle-timeout", "1s"}
)

// speedRound sends from one node to the other.
func (l *liveLab) speedRound() (tx, rx string) {
	l.t.Helper()
	sink := l.command(append([]string{"exec", "--lab", l.name, "sink", "--", "valelab", "pktgen", "rx", "-i", "netmap:eth1"}, speedRx...)...)
	text, err := startPiped(sink)
	if err != nil {
		l.t.Fatal(err)
	}
	l.awaitMode("sink:eth1 rx0", "netmap")
	tx = l.in("src", append([]string{"valelab", "pktgen", "tx", "-i", "netmap:eth1"}, speedTx...)...)
	if err := sink.Wait(); err != nil {
		l.t.Fatalf("pktgen rx: %v\n%s", err, text)
	}
	l.awaitMode("sink:eth1 rx0", "socket")
	return tx, text.String()
}

// startPiped starts a program; what it prints is complete when it was waited for.
func startPiped(cmd *exec.Cmd) (*strings.Builder, error) {
	text := new(strings.Builder)
	cmd.Stdout, cmd.Stderr = text, text
	return text, cmd.Start()
}

// bareRound sends from one port of the module to another.
func bareRound(t *testing.T) (tx, rx string) {
	t.Helper()
	sink := exec.Command("valelab", append([]string{"pktgen", "rx", "-i", "valespeed:rx", "--mac", "02:00:00:00:00:02"}, speedRx...)...)
	text, err := startPiped(sink)
	if err != nil {
		t.Fatal(err)
	}
	awaitPort(t, "valespeed:rx")
	out, err := exec.Command("valelab", append([]string{"pktgen", "tx", "-i", "valespeed:tx"}, speedTx...)...).CombinedOutput()
	if err != nil {
		t.Errorf("pktgen tx: %v\n%s", err, out)
	}
	if err := sink.Wait(); err != nil {
		t.Fatalf("pktgen rx: %v\n%s", err, text)
	}
	return string(out), text.String()
}
