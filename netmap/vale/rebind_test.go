package vale

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// TestRebind: a port whose device was made anew carries on with the new socket: its counters go on, frames
// come in and go out there and not at the old one, and whoever had it open is closed.
func TestRebind(t *testing.T) {
	e := newManual(t, 1)
	s, err := e.NewSwitch("s", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	sock, old := newSocketPair(t)
	p, err := s.AttachSocket("a", -1, sock, 1500)
	if err != nil {
		t.Fatal(err)
	}
	otherSock, other := newSocketPair(t)
	if _, err := s.AttachSocket("b", -1, otherSock, 1500); err != nil {
		t.Fatal(err)
	}
	packets := func() (n uint64) {
		for _, r := range e.Stats() {
			if r.Port == "a" && r.Dir == "tx" && !r.Host {
				n += r.Packets
			}
		}
		return n
	}
	send := func(peer int) {
		sendSocket(t, peer, vnet{}, eth(9, 1, 60))
		e.settle()
	}
	send(old)
	if n := packets(); n != 1 {
		t.Fatalf("%d packets, want 1", n)
	}
	o, err := p.OpenRings(OpenConfig{Interface: "eth1", Mode: abi.NR_REG_ALL_NIC, Rings: 1, Slots: 64})
	if err != nil {
		t.Fatal(err)
	}
	next, now := newSocketPair(t)
	if err := p.Rebind(next, 1400); err != nil {
		t.Fatal(err)
	}
	if !o.closed {
		t.Error("the open outlived the device")
	}
	send(now)
	if n := packets(); n != 2 {
		t.Errorf("%d packets after the port got another socket, want 2", n)
	}
	send(old)
	if n := packets(); n != 2 {
		t.Errorf("%d packets after one came in at the old socket, want 2", n)
	}
	send(other)
	if !readable(now) || readable(old) {
		t.Errorf("a frame for the port: readable at the new socket %v, at the old one %v", readable(now), readable(old))
	}
	if err := p.Rebind(-1, 1500); err == nil {
		t.Error("a socket that is none is taken")
	}
	send(now)
	if n := packets(); n != 3 {
		t.Errorf("%d packets after a rebind that failed, want 3", n)
	}
	if err := p.Detach(); err != nil {
		t.Fatal(err)
	}
	if err := p.Rebind(next, 1500); err == nil {
		t.Error("a port that was detached takes a socket")
	}
}

// readable says whether a message waits on the socket.
func readable(fd int) bool {
	poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	n, err := unix.Poll(poll, 0)
	return err == nil && n == 1 && poll[0].Revents&unix.POLLIN != 0
}
