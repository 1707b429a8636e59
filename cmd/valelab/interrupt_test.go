package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestRootDeployKilled kills deploy: destroy then leaves the machine as it was.
func TestRootDeployKilled(t *testing.T) { interruptDeploys(t, unix.SIGKILL, 4, 10) }

// TestRootDeployInterrupted interrupts deploy: it leaves the machine as it was
// by itself.
func TestRootDeployInterrupted(t *testing.T) { interruptDeploys(t, unix.SIGINT, 4, 10) }

// interruptDeploys sends the signal to a number of deploys, each at a random
// moment of the time that they take.
func interruptDeploys(t *testing.T, signal unix.Signal, rounds, nodes int) {
	file := writeLab(t, nodes)
	usual := timeOf(func() { deploy(t, file) })
	for round := range rounds {
		l := newLab(t, file)
		before := l.remains()
		cmd := l.command("deploy", file)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		moment := rand.N(usual)
		time.Sleep(moment)
		cmd.Process.Signal(signal)
		err := cmd.Wait()

		if signal == unix.SIGKILL || err == nil { // killed, or done before the signal came
			l.valelab("destroy", l.name)
		}
		left := os.Remove(l.root) // it is there, and empty, when the signal came before anything was begun
		if after := l.remains(); after != before || left != nil && !errors.Is(left, os.ErrNotExist) {
			t.Errorf("round %d, %s after %s: left behind:\n%s\nbefore:\n%s\nstate folder: %v\n%s",
				round, signal, moment, after, before, left, stderr.Bytes())
		}
		t.Logf("round %d: %s after %s: deploy ended with %v", round, signal, moment.Round(time.Millisecond), err)
	}
}

// writeLab writes a lab file with so many nodes on 8 switches.
func writeLab(t *testing.T, nodes int) string {
	t.Helper()
	var text strings.Builder
	fmt.Fprintf(&text, "name: soak%d\nswitches: {s0: {}, s1: {}, s2: {}, s3: {}, s4: {}, s5: {}, s6: {}, s7: {}}\nnodes:\n", nodes)
	for i := range nodes {
		fmt.Fprintf(&text, "  n%d: {cmd: sleep infinity}\n", i)
	}
	fmt.Fprintln(&text, "links:")
	for i := range nodes {
		fmt.Fprintf(&text, "  - endpoints: [n%d:eth1, s%d]\n    ipv4: 10.0.%d.%d/16\n", i, i%8, i/250, i%250+1)
	}
	file := filepath.Join(t.TempDir(), fmt.Sprintf("soak%d.yml", nodes))
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// remains is what there is of the lab outside its state folder: processes,
// control groups, mounts and devices of the machine.
func (l *liveLab) remains() string {
	l.t.Helper()
	script := `find /sys/fs/cgroup -type d -path "*/valelab*/$1*"
		grep -F "$0" /proc/mounts
		ls /sys/class/net`
	out, err := exec.Command("sh", "-c", script, l.root, l.name).Output()
	if err != nil {
		l.t.Fatal(err)
	}
	return string(out) + strings.Join(processesOf(l.t, l.root), "\n")
}

func timeOf(do func()) time.Duration {
	begin := time.Now()
	do()
	return time.Since(begin)
}
