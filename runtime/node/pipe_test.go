package node

import (
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// hastyMark makes a copy of the test binary a command that no longer wants to
// wait for its output to be taken, says whether it was so before, and fails.
const hastyMark = "VALELAB_TEST_HASTY"

func hasty() {
	flags, err := unix.FcntlInt(1, unix.F_GETFL, 0)
	fmt.Println(flags&unix.O_NONBLOCK, err)
	if _, err := unix.FcntlInt(1, unix.F_SETFL, flags|unix.O_NONBLOCK); err != nil {
		fmt.Println(err)
	}
	os.Exit(1)
}

// TestRootOutputBlocksAgain: all runs of a command have one pipe, and what one
// has done to it is not the next one's affair.
func TestRootOutputBlocksAgain(t *testing.T) {
	dir := labDir(t)
	run(t, Config{
		LabDir: dir, Env: []string{hastyMark + "=1"}, Argv: []string{programDir + "/valelab"},
		Restart: RestartOnFailure, RestartMax: 2,
	})
	await(t, dir, "exited", isState(Exited))
	if log := readLog(t, dir); log != "0 <nil>\n0 <nil>\n0 <nil>\n" {
		t.Errorf("flag before each run:\n%s", log)
	}
}
