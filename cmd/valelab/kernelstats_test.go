//go:build kernel

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/valelab/valelab/netmap/kernel"
	"github.com/valelab/valelab/runtime/sample"
	"github.com/valelab/valelab/topology"
)

// missing says that none of these is in the text yet.
func missing(text string, words ...string) string {
	for _, w := range words {
		if strings.Contains(text, w) {
			return ""
		}
	}
	return "none of " + strings.Join(words, ", ") + " in:\n" + text
}

// awaitPort waits until there is a port of the module in this process's namespace.
func awaitPort(t *testing.T, port string) {
	t.Helper()
	device, err := kernel.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer device.Close()
	await(t, func() string {
		if has, err := device.Has(port); !has {
			return fmt.Sprintf("there is no %s: %v", port, err)
		}
		return ""
	})
}

const kernelStatsLab = `
name: kstats
switches: {lan: {}}
nodes:
  src: {cmd: sleep infinity}
  sink: {cmd: valelab pktgen rx -i netmap:eth1}
links:
  - endpoints: [src:eth1, lan]
    ipv4: 10.0.0.1/24
  - endpoints: [sink:eth1, lan]
    mac: 02:00:00:00:00:02
    ipv4: 10.0.0.2/24
`

// kernelLab deploys a lab on the module.
func kernelLab(t *testing.T, text string) *liveLab {
	t.Helper()
	return labOn(t, text, topology.NetmapKernel)
}

// labOn deploys a lab with a backend.
func labOn(t *testing.T, text, backend string) *liveLab {
	t.Helper()
	name := regexp.MustCompile(`(?m)^name: (\w+)$`).FindStringSubmatch(text)[1]
	file := filepath.Join(t.TempDir(), name+".yml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return deployOn(t, file, backend)
}

// Where stats sees a program's ring stand is where the program itself says that it is: after N packets, at slot N of
// the ring, again and again round it. Packets and drops, which the module does not count, are in no form shown.
func TestKernelStats(t *testing.T) {
	l := kernelLab(t, kernelStatsLab)
	const ring = "sink:eth1 rx0"
	await(t, func() string { return missing(l.valelab("logs", "sink", "--lab", l.name), " pps") })
	await(t, func() string { // what a sink is too slow for is lost
		if n, _ := l.carried(ring); n >= 2500 {
			return ""
		}
		l.in("src", "valelab", "pktgen", "tx", "-i", "netmap:eth1", "--count", "1000", "--rate", "2000", "--interval", "0",
			"--size", "60", "--dst-mac", "02:00:00:00:00:02")
		return "the sink gets too little"
	})
	l.settle(ring)
	var at sample.Ring
	await(t, func() string { // frames that nobody asked for may still come by
		at = l.rings()[ring]
		if again := l.rings()[ring]; at.Positions == nil || again.Positions == nil || *again.Positions != *at.Positions {
			return "the ring does not come to rest"
		}
		return ""
	})
	if at.Mode != "netmap" || at.Counts != nil || at.Program != nil || at.Head != at.Cur || at.Tail != at.Head {
		t.Errorf("%s: %+v %+v, want netmap mode, no counters, and a ring without packets", ring, at, at.Positions)
	}
	for command, want := range map[string]string{
		"stats":   fmt.Sprintf(`(?m)^lan +sink:eth1 +rx0 +netmap( +-){4} +%d +%d +%d *$`, at.Head, at.Cur, at.Tail),
		"metrics": `(?m)^valelab_ring_slots\{.*port="sink:eth1".*dir="rx".*\} 1024$`,
		"inspect": `(?m)^sink:eth1 +lan +netmap `,
	} {
		if text := l.valelab(command, l.name); !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("valelab %s has no line %s:\n%s", command, want, text)
		}
	}
	for line := range strings.Lines(l.valelab("metrics", l.name)) {
		if strings.Contains(line, `port="sink:eth1"`) && (strings.HasPrefix(line, "valelab_ring_packets") || strings.HasPrefix(line, "valelab_ring_drops")) {
			t.Errorf("metrics tell what nobody knows: %s", line)
		}
	}
	l.stop("sink", "received")
	n, _ := l.total("sink")
	if slots := uint64(at.Slots); slots != 1024 || uint64(at.Head) != n%slots || n < 2500 {
		t.Errorf("%s stood at %d of %d, and the program says that it received %d packets", ring, at.Head, slots, n)
	}
	// With sockets it is the kernel that counts.
	l.awaitMode(ring, "socket")
	before := l.rings()[ring]
	netprobe, err := exec.LookPath("netprobe")
	if err != nil {
		t.Fatal(err)
	}
	l.in("src", netprobe, "ping4", "10.0.0.2")
	after := l.rings()[ring]
	if before.Counts == nil || after.Counts == nil || after.Packets <= before.Packets || after.Drops != nil {
		t.Errorf("%s after a ping: %+v, before %+v", ring, after.Counts, before.Counts)
	}
}
