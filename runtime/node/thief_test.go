package node

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// thiefMark makes a copy of the test binary look into the processes that
// appear in its node, as a hostile program does, for files of the machine.
const thiefMark = "VALELAB_TEST_THIEF"

// thief never returns. It writes down what it could see.
func thief() {
	fmt.Println("ready")
	for pid := os.Getpid() + 1; ; pid++ {
		dir := fmt.Sprintf("/proc/%d", pid)
		for exists(dir) != nil { // numbers are given in turn
		}
		if exists(fmt.Sprintf("/proc/self/task/%d", pid)) == nil {
			continue // a thread of this process
		}
		for first := dir + "/fd/3"; exists(dir) == nil; {
			if _, err := os.Readlink(first); err != nil {
				continue // not permitted: it has all of its capabilities
			}
			for fd := 3; fd < 20; fd++ {
				target, _ := os.Readlink(fmt.Sprintf("%s/fd/%d", dir, fd))
				if strings.Contains(target, "valelab") || strings.Contains(target, "pidfd") {
					fmt.Println(target)
				}
			}
		}
	}
}

func exists(path string) error { return unix.Access(path, unix.F_OK) }

// TestRootNothingToSteal: between giving up its capabilities and becoming the
// command, a process of init or exec has files of the machine open.
func TestRootNothingToSteal(t *testing.T) {
	dir := labDir(t)
	run(t, Config{LabDir: dir, Env: []string{thiefMark + "=1"}, Argv: []string{programDir + "/valelab"}})
	await(t, dir, "a thief", func(Status) bool { return strings.HasPrefix(readLog(t, dir), "ready\n") })
	for range 300 {
		if err := inNode(t, dir, "true").Run(); err != nil {
			t.Fatal(err)
		}
	}
	if log := readLog(t, dir); log != "ready\n" {
		t.Errorf("seen by another process of the node:\n%s", log)
	}
}
