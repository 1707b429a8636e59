package agent

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// niceness returns the nice values of a process's threads, and that of its
// session, "" where sessions have none.
func niceness(pid int) (threads []string, session string) {
	stats, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	for _, stat := range stats {
		text, err := os.ReadFile(stat)
		if err != nil { // it has ended
			continue
		}
		_, rest, _ := strings.Cut(string(text), ") ")
		threads = append(threads, strings.Fields(rest)[16])
	}
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/autogroup", pid))
	_, session, _ = strings.Cut(strings.TrimSpace(string(text)), " nice ")
	return threads, session
}

// mayHurry skips the test where nobody may have a negative nice value.
func mayHurry(t *testing.T) {
	t.Helper()
	errs := make(chan error)
	go func() {
		runtime.LockOSThread() // and thrown away
		errs <- unix.Setpriority(unix.PRIO_PROCESS, 0, ofSockets.threads)
	}()
	if err := <-errs; errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM) {
		t.Skip("negative nice values are not permitted here")
	} else if err != nil {
		t.Fatal(err)
	}
}

// The switches come before programs as long as these use sockets only, after a
// restart of the agent too.
func TestRootPrecedence(t *testing.T) {
	mayHurry(t)
	l := startLab(t)
	n1, n2 := l.twoNodes()
	await := func(when string, want precedence) {
		t.Helper()
		eventually(t, fmt.Sprintf("precedence %v %s", want, when), func() bool {
			threads, session := niceness(l.version().PID)
			return slices.Contains(threads, strconv.Itoa(want.threads)) && (session == strconv.Itoa(want.session) || session == "")
		})
	}
	await("of a new lab", ofSockets)
	p1, p2 := n1.openPort("netmap:eth1"), n2.openPort("netmap:eth1")
	await("with two programs", ofRings)
	_ = p1.Close()
	await("with one program", ofRings)
	l.kill()
	await("after a restart with a program", ofRings)
	_ = p2.Close()
	await("without programs", ofSockets)
	l.kill()
	await("after a restart without programs", ofSockets)
}
