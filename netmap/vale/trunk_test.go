package vale

import (
	"bytes"
	"errors"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// trunkPair is a socket port on one switch and an open port on another, with a trunk between the switches.
func trunkPair(t *testing.T, workers int) (e *Engine, trunk *Trunk, peer int, o *Open) {
	t.Helper()
	e = newManual(t, workers)
	left, err := e.NewSwitch("left", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	right, err := e.NewSwitch("right", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	if trunk, err = Connect(left, right, "left--right"); err != nil {
		t.Fatal(err)
	}
	sock, peer := newSocketPair(t)
	if _, err := left.AttachSocket("a", -1, sock, 9216); err != nil {
		t.Fatal(err)
	}
	o, _ = mustOpen(t, right, "b", abi.NR_REG_ALL_NIC, 1, 1024)
	return e, trunk, peer, o
}

// TestTrunk: frames cross with their offload headers and are segmented where they leave; chains of slots
// come back in one piece.
func TestTrunk(t *testing.T) {
	for workers := 1; workers <= 2; workers++ {
		e, _, peer, o := trunkPair(t, workers)
		tx, rx := find(t, o, true, false, 0), find(t, o, false, false, 0)
		for i := range 100 {
			p := packet{vlans: i % 3, payload: bytes.Repeat([]byte{byte(i)}, 600*i)}
			frame, v := p.unfinished()
			v.gsoType, v.gsoSize = 1, 1448
			sendSocket(t, peer, v, frame)
			e.settle()
			compareFrames(t, "over the trunk", rx.frames(), p.segments(1448))
		}
		long := eth(1, 2, 5000)
		tx.put(long[:2048], abi.NS_MOREFRAG)
		tx.put(long[2048:4096], abi.NS_MOREFRAG)
		tx.put(long[4096:], 0)
		tx.sync(t)
		e.settle()
		compareFrames(t, "back", recvSocket(t, peer), [][]byte{long})
	}
}

// TestRootTrunkFull: what the trunk does not hold is dropped and counted, the rest arrives in order. The burst needs
// a socket buffer larger than an ordinary user may have.
func TestRootTrunkFull(t *testing.T) {
	e, _, peer, o := trunkPair(t, 1)
	if err := unix.SetsockoptInt(peer, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, 64<<20); errors.Is(err, unix.EPERM) {
		t.Skip("large socket buffers are not permitted: run as root")
	}
	rx := find(t, o, false, false, 0)
	for i := range 64 {
		f := eth(2, 1, 40000)
		f[20] = byte(i)
		sendSocket(t, peer, vnet{}, f)
	}
	e.settle()
	got := rx.frames()
	for i, f := range got {
		if f[20] != byte(i) || len(f) != 40000 {
			t.Fatalf("frame %d is frame %d, %d bytes", i, f[20], len(f))
		}
	}
	for _, r := range e.Stats() {
		if r.Mode == ModeTrunk && r.Switch == "left" && r.Dir == "rx" && (r.Drops.Full == 0 || r.Packets+r.Drops.Full != 64) {
			t.Errorf("%d packets, %d dropped, want 64 together", r.Packets, r.Drops.Full)
		}
	}
	if len(got) < 20 {
		t.Errorf("only %d frames of a burst of 64 came", len(got))
	}
}

// TestTrunkClose: both ports go, and what was learned over them.
func TestTrunkClose(t *testing.T) {
	e, trunk, peer, o := trunkPair(t, 2)
	tx := find(t, o, true, false, 0)
	sendSocket(t, peer, vnet{}, eth(9, 1, 60))
	e.settle()
	if err := trunk.Close(); err != nil {
		t.Fatal(err)
	}
	if err := trunk.Close(); err != nil {
		t.Fatal(err)
	}
	tx.put(eth(1, 2, 60), 0)
	tx.sync(t)
	e.settle()
	if got := recvSocket(t, peer); len(got) != 0 {
		t.Errorf("%d frames over a closed trunk", len(got))
	}
	if got := len(e.Stats()); got != 6 {
		t.Errorf("%d rings counted, want 6", got)
	}
}
