package node

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// starterMark makes a copy of the test binary start nodes in the lab's folder
// that it names, until it is killed.
const starterMark = "VALELAB_TEST_STARTER"

func starter(dir string) {
	fmt.Println("ready")
	for i := 0; ; i++ {
		p, err := Start(context.Background(), Config{LabDir: dir, Name: fmt.Sprintf("n%d", i), Argv: []string{"sleep", "1000"}})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		p.Close()
		if err := Release(dir, fmt.Sprintf("n%d", i)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// TestRootStarterKilled kills a starter at random moments: each init that is
// left then has a pid file, so killing those that Find finds leaves none.
func TestRootStarterKilled(t *testing.T) {
	rounds := 60
	if testing.Short() {
		rounds = 10
	}
	probe := labDir(t)
	run(t, Config{LabDir: probe}) // skips when namespaces are not permitted
	for range rounds {
		dir := labDir(t)
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), starterMark+"="+dir)
		var faults strings.Builder
		cmd.Stderr = &faults
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(rand.IntN(15000)) * time.Microsecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		var ended *exec.ExitError
		if err := cmd.Wait(); !errors.As(err, &ended) || faults.Len() > 0 {
			t.Fatalf("starter: %v: %s", err, faults.String())
		}
		killAll(t, dir)
		// An init without its configuration needs a moment to see the end of
		// the pipe.
		deadline := time.Now().Add(2 * time.Second)
		for len(processesOf(t, dir)) > 0 && time.Now().Before(deadline) {
			time.Sleep(time.Millisecond)
		}
		if left := processesOf(t, dir); len(left) > 0 {
			t.Fatalf("left behind: %q", left)
		}
	}
}
