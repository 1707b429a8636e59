package netmap

import (
	"testing"

	"golang.org/x/sys/unix"
)

// TestClearWake: however often the switch has woken the program (once for each ring that moved), one look clears
// it: what stays behind would cut the next sleeps short. The switch may use an eventfd or a pipe.
func TestClearWake(t *testing.T) {
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		t.Fatal(err)
	}
	event, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range []int{pipe[0], pipe[1], event} {
		defer unix.Close(fd)
	}
	for name, wake := range map[string]struct{ in, out int }{"pipe": {pipe[1], pipe[0]}, "eventfd": {event, event}} {
		for range 32 {
			if _, err := unix.Write(wake.in, []byte{1, 0, 0, 0, 0, 0, 0, 0}); err != nil {
				t.Fatal(err)
			}
		}
		p := &Port{wake: wake.out}
		p.clearWake()
		fds := []unix.PollFd{{Fd: int32(wake.out), Events: unix.POLLIN}}
		if n, err := unix.Poll(fds, 0); n != 0 || err != nil {
			t.Errorf("%s: still readable, %v", name, err)
		}
	}
}
