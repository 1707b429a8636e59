//go:build soak

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The tests of this file take minutes and want the machine for themselves:
// `make soak`. They print what they measure.

// TestSoakKill kills deploy at random moments: destroy then leaves the machine
// as it was.
func TestSoakKill(t *testing.T) { interruptDeploys(t, unix.SIGKILL, 20, 40) }

// TestSoakInterrupt interrupts deploy at random moments: it leaves the machine
// as it was by itself.
func TestSoakInterrupt(t *testing.T) { interruptDeploys(t, unix.SIGINT, 20, 40) }

// TestSoakChaos does 500 random things to a lab.
func TestSoakChaos(t *testing.T) { chaos(t, 500) }

// TestSoakAgentKills kills the agent 100 times at full traffic.
func TestSoakAgentKills(t *testing.T) { killAgents(t, 100) }

// TestSoakPlugin goes through the life of networks of the Docker plugin 100 times.
func TestSoakPlugin(t *testing.T) {
	needRoot(t)
	e := newEngine(t)
	e.startPlugin()
	for i := range 100 {
		pluginCycle(e, i)
	}
	endPlugin(e)
}

// TestSoakScale deploys labs of 10, 100 and 1,000 nodes on 8 switches.
func TestSoakScale(t *testing.T) {
	t.Log("nodes   deploy   again    destroy  memory (PSS of all processes)")
	for _, nodes := range []int{10, 100, 1000} {
		file := writeLab(t, nodes)
		l := newLab(t, file)
		up := timeOf(func() { l.valelab("deploy", file) })
		again := timeOf(func() { l.valelab("deploy", file) })
		memory := l.memory()
		down := timeOf(func() { l.valelab("destroy", l.name) })
		t.Logf("%5d   %-7s  %-7s  %-7s  %d MB, %d kB a node", nodes,
			up.Round(time.Millisecond), again.Round(time.Millisecond), down.Round(time.Millisecond), memory>>20, memory>>10/uint64(nodes))
	}
}

// TestSoakGarbage is TestRootGarbage for a minute.
func TestSoakGarbage(t *testing.T) { garbage(t, 20, 3*time.Second) }

// TestSoakIdle watches a lab of 100 endpoints in which nothing happens.
func TestSoakIdle(t *testing.T) {
	l := deploy(t, writeLab(t, 100))
	time.Sleep(10 * time.Second) // the nodes' kernels send their first IPv6 messages
	before := l.processorTime()
	time.Sleep(time.Minute)
	used := l.processorTime() - before
	t.Logf("100 idle endpoints use %s of processor time in 60 s", used)
	if used > 100*time.Millisecond {
		t.Errorf("that is more than 100ms")
	}
}

// processes are the folders in /proc of everything that runs in the lab.
func (l *liveLab) processes() []string {
	l.t.Helper()
	var folders []string
	for _, found := range processesOf(l.t, l.root) {
		file, _, _ := strings.Cut(found, ":")
		folders = append(folders, filepath.Dir(file))
	}
	return folders
}

// memory is the proportional set size of the lab's processes, in bytes.
func (l *liveLab) memory() uint64 {
	l.t.Helper()
	var total uint64
	for _, folder := range l.processes() {
		text, err := os.ReadFile(folder + "/smaps_rollup")
		if err != nil {
			l.t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			var kb uint64
			if n, _ := fmt.Sscanf(line, "Pss: %d kB", &kb); n == 1 {
				total += kb << 10
			}
		}
	}
	return total
}

// processorTime is what all threads of the lab's processes have used.
func (l *liveLab) processorTime() time.Duration {
	l.t.Helper()
	var total time.Duration
	for _, folder := range l.processes() {
		threads, err := filepath.Glob(folder + "/task/*/schedstat")
		if err != nil {
			l.t.Fatal(err)
		}
		for _, thread := range threads {
			text, err := os.ReadFile(thread)
			if err != nil {
				continue // the thread has ended
			}
			var ns int64
			if _, err := fmt.Sscan(string(text), &ns); err != nil {
				l.t.Fatal(err)
			}
			total += time.Duration(ns)
		}
	}
	return total
}
