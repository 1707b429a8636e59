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
		errs <- unix.Setpriority(unix.PRIO_PROCESS, 0, socketsNice)
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
	await := func(when, want string) {
		t.Helper()
		eventually(t, "nice value "+want+" "+when, func() bool {
			threads, session := niceness(l.version().PID)
			return slices.Contains(threads, strconv.Itoa(socketsNice)) == (want != "0") && (session == want || session == "")
		})
	}
	first := strconv.Itoa(socketsNice)
	await("of a new lab", first)
	p1, p2 := n1.openPort("netmap:eth1"), n2.openPort("netmap:eth1")
	await("with two programs", "0")
	_ = p1.Close()
	await("with one program", "0")
	l.kill()
	await("after a restart with a program", "0")
	_ = p2.Close()
	await("without programs", first)
	l.kill()
	await("after a restart without programs", first)
}
