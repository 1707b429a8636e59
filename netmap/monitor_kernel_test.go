//go:build kernel

package netmap

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/kernel"
)

// sendTo sends frames of one slot each, which begin with a number.
func sendTo(t *testing.T, p *Port, first, n, size int) {
	t.Helper()
	batch := p.TxRings()[0].Borrow(n)
	if batch.Len() != n {
		t.Fatalf("%d free slots", batch.Len())
	}
	for i := range n {
		batch.Put(i, append(bytes.Repeat([]byte{0xff}, 12), append([]byte{0x88, 0xb5, byte(first + i)}, make([]byte, size-15)...)...))
	}
	batch.Commit(n)
	if err := p.TxSync(); err != nil {
		t.Fatal(err)
	}
}

// A monitor has a copy of what a program sends and gets, frames of several slots in one piece, round the end of the
// rings, and also what was there when the program went, which no poll finds any more. It does not keep the port.
func TestKernelMonitor(t *testing.T) {
	if _, err := kernel.OpenMonitor("valemon:nobody"); !errors.Is(err, unix.EINVAL) {
		t.Errorf("monitor of a port that nobody has: %v, want EINVAL", err)
	}
	a, b := openNative(t, "valemon:a"), openNative(t, "valemon:b")
	m, err := kernel.OpenMonitor("valemon:a")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	var got []string
	note := func(sent bool, frame []byte) { got = append(got, fmt.Sprintf("%t %d %d", sent, frame[14], len(frame))) }
	poll := func() (revents int16) {
		fd := []unix.PollFd{{Fd: int32(m.FD()), Events: unix.POLLIN}}
		if _, err := unix.Poll(fd, 0); err != nil {
			t.Fatal(err)
		}
		return fd[0].Revents
	}
	expect := func(when string, want ...string) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", when, got, want)
		}
		got = nil
	}
	if poll() != 0 {
		t.Error("there is something before anything was sent")
	}
	sendTo(t, a, 1, 3, 60)
	sendTo(t, b, 9, 1, 100)
	if poll()&unix.POLLIN == 0 {
		t.Error("a poll finds nothing")
	}
	m.Read(note)
	expect("sent and got", "true 1 60", "true 2 60", "true 3 60", "false 9 100")

	long := a.TxRings()[0].Borrow(2)
	long.Put(0, append(bytes.Repeat([]byte{0xff}, 14), append([]byte{4}, make([]byte, 2033)...)...))
	long.SetFlags(0, MoreFrag)
	long.Put(1, make([]byte, 100))
	long.Commit(2)
	if err := a.TxSync(); err != nil {
		t.Fatal(err)
	}
	poll()
	m.Read(note)
	expect("of two slots", "true 4 2148")

	const rounds = 9 // more than the monitor has slots
	for i := range rounds {
		sendTo(t, a, i, 500, 60)
		poll()
		n := 0
		m.Read(func(bool, []byte) { n++ })
		if n != 500 {
			t.Errorf("round %d: %d frames, want 500", i, n)
		}
	}
	sendTo(t, a, 7, 2, 60)
	sendTo(t, b, 8, 1, 60)
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if poll()&unix.POLLERR == 0 {
		t.Error("the port has gone, and a poll says nothing of it")
	}
	m.ReadLast(note)
	expect("when the port has gone", "true 7 60", "true 8 60", "false 8 60")
	device, err := kernel.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer device.Close()
	if has, err := device.Has("valemon:a"); has || err != nil {
		t.Errorf("the monitor keeps the port: %v", err)
	}
}
