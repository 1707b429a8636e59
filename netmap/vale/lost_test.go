package vale

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// newLossySocket makes a socket that counts what its queue does not hold, as AF_PACKET sockets do, and a function
// that overfills it and has e take what was received.
func newLossySocket(t *testing.T) (sock int, overfill func(e *Engine)) {
	t.Helper()
	var fds [2]int
	for i := range fds {
		var err error
		if fds[i], err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Close(fds[i]) })
	}
	if err := unix.Bind(fds[0], &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	addr, err := unix.Getsockname(fds[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Connect(fds[1], addr); err != nil {
		t.Fatal(err)
	}
	if err := unix.SetsockoptInt(fds[0], unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 1); err != nil {
		t.Fatal(err)
	}
	if err := unix.SetsockoptInt(fds[0], unix.SOL_SOCKET, unix.SO_RCVBUF, 4096); err != nil {
		t.Fatal(err)
	}
	return fds[0], func(e *Engine) {
		for range 2 { // the count comes with the next frame that is received
			for range 50 {
				sendSocket(t, fds[1], vnet{}, eth(9, 1, 60))
			}
			e.settle()
		}
	}
}

// TestLostInSocket: what the kernel lost is counted once, also when a port is attached again with another
// socket, which counts from zero.
func TestLostInSocket(t *testing.T) {
	e := newManual(t, 1)
	s, err := e.NewSwitch("s", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	state := dupFile(t, s.StateFile())
	sock, overfill := newLossySocket(t)
	if _, err := s.AttachSocket("p", -1, sock, 1500); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		overfill(e)
	}
	before := e.Stats()[0].Drops.Kernel
	if before == 0 || before > 300 {
		t.Fatalf("%d lost, want 1 to 300", before)
	}
	e.abandon()
	e = newManual(t, 1)
	if s, err = e.NewSwitch("s", false, state); err != nil {
		t.Fatal(err)
	}
	sock, overfill = newLossySocket(t)
	if _, err := s.AttachSocket("p", -1, sock, 1500); err != nil {
		t.Fatal(err)
	}
	overfill(e)
	if after := e.Stats()[0].Drops.Kernel; after <= before || after > before+100 {
		t.Errorf("%d lost, then %d", before, after)
	}
}

// TestDropsOfHostFrames: while a program has the port, what its socket received wrong was on the way to the host
// ring, not into the switch.
func TestDropsOfHostFrames(t *testing.T) {
	e := newManual(t, 1)
	s, err := e.NewSwitch("s", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, peer := mustOpen(t, s, "p", abi.NR_REG_NIC_SW, 1, 64)
	sendSocket(t, peer, vnet{}, eth(9, 1, 13))
	e.settle()
	for _, r := range e.Stats() {
		want := uint64(0)
		if r.Host && r.Dir == "rx" {
			want = 1
		}
		if r.Drops.Runt != want {
			t.Errorf("host %v %s: %d runts, want %d", r.Host, r.Dir, r.Drops.Runt, want)
		}
	}
}
