//go:build bench

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The measure of top: a lab of 1,000 rings, ten frames a second.
const (
	benchEndpoints = 50 // of each of circle nodes, with two rings each
	benchWatch     = 30 * time.Second
	benchShare     = 3.0 // percent of one core, what the issue asks for
)

// TestBenchTop prints what it costs to watch a lab: the processor time of top,
// and that of the agent over what the traffic alone takes it. It wants
// bin/valelab, and tmux.
func TestBenchTop(t *testing.T) {
	needTmux(t)
	bin, err := filepath.Abs("../../bin")
	if err != nil {
		t.Fatal(err)
	}
	netprobe, err := exec.LookPath("netprobe")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	file := filepath.Join(t.TempDir(), "wide.yml")
	if err := os.WriteFile(file, []byte(wideLab()), 0o644); err != nil {
		t.Fatal(err)
	}
	l := deploy(t, file)
	if n := len(l.rings()); n != 2*circle*benchEndpoints {
		t.Fatalf("%d rings", n)
	}
	measureTop(t, l, "all rest")
	l.start("n0", "valelab", "pktgen", "tx", "-i", "netmap:eth0", "--rate", "20000", "--dst-mac", "02:00:00:00:01:00")
	l.start("n1", "valelab", "pktgen", "rx", "-i", "netmap:eth0")
	l.awaitMode("n1:eth0 rx0", "netmap")
	measureTop(t, l, "two are busy")
	for i := range circle {
		l.start(fmt.Sprintf("n%d", i), netprobe, "chatter", "100ms")
	}
	measureTop(t, l, "all change")
}

// wideLab is a lab file of few nodes, with many endpoints each.
func wideLab() string {
	var b strings.Builder
	b.WriteString("name: wide\nnetmap: user\ndefaults: {cmd: sleep infinity, sysctls: {net.ipv6.conf.all.disable_ipv6: \"1\", net.ipv6.conf.default.disable_ipv6: \"1\"}}\n")
	b.WriteString("switches:\n")
	for s := range 10 {
		fmt.Fprintf(&b, "  s%d: {}\n", s)
	}
	b.WriteString("nodes:\n")
	for i := range circle {
		fmt.Fprintf(&b, "  n%d: {}\n", i)
	}
	b.WriteString("links:\n")
	for i := range circle {
		for e := range benchEndpoints {
			fmt.Fprintf(&b, "  - {endpoints: [\"n%d:eth%d\", s%d], mac: \"02:00:00:00:%02x:%02x\"}\n", i, e, e%10, i, e)
		}
	}
	return b.String()
}

func measureTop(t *testing.T, l *liveLab, what string) {
	t.Helper()
	time.Sleep(3 * time.Second) // what has just begun settles
	before := shareOf(t, benchWatch/2, l.agent())
	tt := openTop(t, l, 120, 40, "--interval 100ms")
	tt.see("wide", "PKT/S")
	tt.keys("3", "s", "s", "s", "s") // the rings, by rate: the most work
	tt.see("by PKT/S")
	pid := tt.program()
	time.Sleep(3 * time.Second)
	shares := shareOf(t, benchWatch, l.agent(), pid)
	tt.keys("q")
	tt.see("ended 0")
	after := shareOf(t, benchWatch/2, l.agent())
	alone := (before[0] + after[0]) / 2
	agent, top := shares[0]-alone, shares[1]
	fmt.Printf("%d rings at 10 frames a second, %s: agent %.1f %% more than the %.1f %% without top, top %.1f %%; together %.1f %% of a core (at most %.1f %%)\n",
		2*circle*benchEndpoints, what, agent, alone, top, agent+top, benchShare)
	if agent+top > benchShare {
		t.Errorf("%s: more than %.1f %%", what, benchShare)
	}
}

// shareOf measures processors' time over a while, in percent of one.
func shareOf(t *testing.T, over time.Duration, pids ...int) []float64 {
	t.Helper()
	used := func(pid int) time.Duration {
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			t.Fatal(err)
		}
		fields := bytes.Fields(line[bytes.LastIndexByte(line, ')')+1:])
		user, err := strconv.Atoi(string(fields[11]))
		if err != nil {
			t.Fatal(err)
		}
		system, err := strconv.Atoi(string(fields[12]))
		if err != nil {
			t.Fatal(err)
		}
		return time.Duration(user+system) * 10 * time.Millisecond
	}
	begin, before := time.Now(), make([]time.Duration, len(pids))
	for i, pid := range pids {
		before[i] = used(pid)
	}
	time.Sleep(over)
	elapsed, shares := time.Since(begin), make([]float64, len(pids))
	for i, pid := range pids {
		shares[i] = 100 * float64(used(pid)-before[i]) / float64(elapsed)
	}
	return shares
}
