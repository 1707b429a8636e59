package netmap

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/valelab/valelab/netmap/internal/fakeswitch"
)

// child starts this test binary in a role of TestMain and waits for its first line of output.
func child(t *testing.T, role string) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), "NETMAP_TEST_ROLE="+role)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("%s: %v", role, err)
	}
	return cmd, line[:len(line)-1]
}

// sender is a program that floods its port until it is killed.
func sender() {
	p, err := Open("netmap:eth1/T")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("open")
	for tx := p.TxRings()[0]; err == nil; _, err = p.Poll(Out, -1) {
		b := tx.Borrow(100)
		for i := range b.Len() {
			b.SetLen(i, 60)
		}
		b.Commit(b.Len())
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// switchProcess is a switch that runs until it is killed.
func switchProcess() {
	s, err := fakeswitch.Start(fakeswitch.Config{Slots: 64})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(s.Path())
	select {}
}

// A program that is killed in full flight gives its port back at once, and the next one finds it as new.
func TestProgramKilled(t *testing.T) {
	s := fakeswitch.ForTest(t, fakeswitch.Config{Slots: 64})
	for range 5 {
		cmd, _ := child(t, "sender")
		if _, err := Open("netmap:eth1/T"); !errors.Is(err, ErrBusy) {
			t.Errorf("while the program runs: %v", err)
		}
		time.Sleep(5 * time.Millisecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		eventually(t, time.Second, "the port is given back", func() bool { return s.Opens() == 0 })
	}
	p := open(t, "netmap:eth1")
	if n := p.TxRings()[0].Available(); n != 63 {
		t.Errorf("%d free slots, want 63", n)
	}
	send(t, p.TxRings()[0], 0, 63)
	receive(t, p, p.RxRings()[0], 0, 63)
}

// A switch that is killed, with nobody to hold its end, takes its ports with it: the program is told, its
// memory stays whole, and it can open the port of the next switch.
func TestSwitchKilled(t *testing.T) {
	cmd, path := child(t, "switch")
	t.Cleanup(func() { os.RemoveAll(path[:len(path)-len("/sock")]) })
	p := open(t, "netmap:eth1", Socket(path))
	send(t, p.TxRings()[0], 0, 1)
	receive(t, p, p.RxRings()[0], 0, 1)
	time.AfterFunc(20*time.Millisecond, func() { cmd.Process.Kill() })
	if _, err := p.Poll(In, 10*time.Second); !errors.Is(err, ErrDetached) {
		t.Errorf("poll: %v, want ErrDetached", err)
	}
	send(t, p.TxRings()[0], 0, 10)
	if err := p.TxSync(); err != nil {
		t.Errorf("sync into the memory of a dead switch: %v", err)
	}
	fakeswitch.ForTest(t, fakeswitch.Config{Slots: 64})
	send(t, open(t, "netmap:eth1").TxRings()[0], 0, 1)
}
