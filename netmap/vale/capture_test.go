package vale

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// frame is one captured frame in a test.
type frame struct {
	point int
	sent  bool
	data  string
}

func (c *Capture) all(t testing.TB) (frames []frame) {
	t.Helper()
	err := c.Read(func(f Captured) error {
		if f.Len < len(f.Data) || time.Since(f.Time) > time.Minute || time.Until(f.Time) > time.Minute {
			t.Errorf("captured %+v", f)
		}
		frames = append(frames, frame{f.Point, f.Sent, string(f.Data)})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return frames
}

// captureLab is a switch with a netmap port of 8 slots and a socket, both captured.
func captureLab(t *testing.T, e *Engine, snaplen, size int) (c *Capture, tx, rx *prog, peer int) {
	t.Helper()
	s, err := e.NewSwitch("s", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	open, _ := mustOpen(t, s, "n", abi.NR_REG_ALL_NIC, 1, 8)
	sock, peer := newSocketPair(t)
	if _, err := s.AttachSocket("k", -1, sock, 1500); err != nil {
		t.Fatal(err)
	}
	c, err = e.Capture([]CapturePoint{{Switch: "s", Port: "n"}, {Switch: "s", Port: "k"}}, snaplen, size)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, find(t, open, true, false, 0), find(t, open, false, false, 0), peer
}

// A capture has what the counters count, in both modes and directions: what a program and a kernel send, what
// is delivered to them, chains of slots whole, and nothing that was dropped.
func TestCapture(t *testing.T) {
	e := newManual(t, 1)
	c, tx, _, peer := captureLab(t, e, 1<<18, 1<<16)
	short, long := eth(9, 1, 60), eth(9, 1, 3000)
	tx.put(short, 0)
	tx.put(long[:2000], abi.NS_MOREFRAG)
	tx.put(long[2000:], 0)
	tx.put(short[:10], 0) // a runt
	tx.sync(t)
	e.settle()
	// The long one is larger than the MTU of the socket, and so is dropped there.
	want := []frame{{0, true, string(short)}, {0, true, string(long)}, {1, false, string(short)}}
	checkFrames(t, "sent by a program", c.all(t), want)

	back := eth(1, 9, 100)
	want = nil
	for range 10 { // 7 fit
		sendSocket(t, peer, vnet{}, back)
		want = append(want, frame{1, true, string(back)})
	}
	for range 7 {
		want = append(want, frame{0, false, string(back)})
	}
	e.settle()
	checkFrames(t, "sent by a kernel", c.all(t), want)
	if c.Lost(0) != 0 || c.Lost(1) != 0 {
		t.Errorf("lost %d, %d", c.Lost(0), c.Lost(1))
	}
}

func checkFrames(t *testing.T, what string, got, want []frame) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			t.Errorf("%s: frame %d is missing: point %d, %d bytes", what, i, want[i].point, len(want[i].data))
		case i >= len(want):
			t.Errorf("%s: frame %d is too much: point %d, sent %v, %d bytes", what, i, got[i].point, got[i].sent, len(got[i].data))
		case got[i] != want[i]:
			t.Errorf("%s: frame %d: point %d, sent %v, %d bytes; want point %d, sent %v, %d bytes", what, i,
				got[i].point, got[i].sent, len(got[i].data), want[i].point, want[i].sent, len(want[i].data))
		}
	}
}

// What goes between a program and its own kernel stack is a point of its own.
func TestCaptureHost(t *testing.T) {
	e := newManual(t, 1)
	s, err := e.NewSwitch("s", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	open, peer := mustOpen(t, s, "n", abi.NR_REG_NIC_SW, 1, 8)
	c, err := e.Capture([]CapturePoint{{Switch: "s", Port: "n"}, {Switch: "s", Port: "n", Host: true}}, 1<<18, 1<<16)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	down, up := eth(1, 2, 60), eth(2, 1, 61)
	host := find(t, open, true, true, 0)
	host.put(down, 0)
	host.sync(t)
	sendSocket(t, peer, vnet{}, up)
	e.settle()
	got := c.all(t)
	if len(got) != 2 || got[0].point != 1 || got[1].point != 1 || got[0].sent == got[1].sent {
		t.Errorf("captured %+v", got)
	}
	for _, f := range got {
		if want := map[bool][]byte{true: down, false: up}[f.sent]; !bytes.Equal(want, []byte(f.data)) {
			t.Errorf("sent %v: %d bytes", f.sent, len(f.data))
		}
	}
}

// A reader who does not read loses frames of the capture, which are counted, and nothing else; what is there is
// in order. Frames are cut to snaplen.
func TestCaptureSlowReader(t *testing.T) {
	e := newManual(t, 1)
	c, tx, _, peer := captureLab(t, e, 20, 1024)
	for round := range 3 { // around the end of the queue
		for i := range 60 {
			f := eth(9, 1, 80)
			f[14] = byte(i)
			tx.put(f, 0)
			tx.sync(t)
			e.settle()
		}
		got := c.all(t)
		// A record is 24 bytes and 20 of the frame, padded to 48; each frame is copied twice.
		if len(got) < 19 || len(got) > 21 || got[0].data != string(eth(9, 1, 80)[:14])+"\x00"+string(eth(9, 1, 80)[15:20]) {
			t.Fatalf("round %d: %d frames, the first %+v", round, len(got), got[0])
		}
		for i, f := range got {
			if f.data[14] != byte(i/2) || f.point != i%2 || len(f.data) != 20 {
				t.Fatalf("round %d, frame %d: %+v", round, i, f)
			}
		}
		if lost := c.Lost(0) + c.Lost(1); lost+uint64(len(got)) < 120 || lost == 0 {
			t.Errorf("round %d: lost %d and got %d of 120", round, lost, len(got))
		}
	}
	if got := len(recvSocket(t, peer)); got != 180 {
		t.Errorf("%d frames were delivered, want 180", got)
	}
}

// Ports come and go under a capture, engines end under it, and points may not exist.
func TestCaptureLife(t *testing.T) {
	e := newManual(t, 2)
	c, tx, _, _ := captureLab(t, e, 100, 1024)
	for range 40 {
		tx.put(eth(9, 1, 60), 0)
		tx.sync(t)
		e.settle()
	}
	lost := c.Lost(0)
	if err := e.switches["s"].ports["n"].Detach(); err != nil {
		t.Fatal(err)
	}
	if c.Lost(0) != lost || lost == 0 {
		t.Errorf("lost %d, after the port's end %d", lost, c.Lost(0))
	}
	if got := c.all(t); len(got) == 0 {
		t.Error("what was captured before the port's end is gone")
	}
	for _, at := range []CapturePoint{{Switch: "s", Port: "n"}, {Switch: "t", Port: "k"}} {
		if _, err := e.Capture([]CapturePoint{{Switch: "s", Port: "k"}, at}, 100, 1024); !errors.Is(err, ErrNotFound) {
			t.Errorf("capture of %+v: %v", at, err)
		}
	}
	if got := len(e.switches["s"].ports["k"].taps); got != 1 {
		t.Errorf("%d taps are left of captures that did not begin", got)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}

// BenchmarkForwardCaptured is BenchmarkForward with a capture that is read.
func BenchmarkForwardCaptured(b *testing.B) {
	tx, rx, e := benchPair(b, newManual(b, 1), 1024)
	c, err := e.Capture([]CapturePoint{{Switch: "s", Port: "to"}}, 64, 1<<20)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	b.SetBytes(64)
	for n := 0; n < b.N; n += 256 {
		tx.head = (tx.head + 256) % tx.n()
		tx.Ctl.Head.Store(tx.head)
		e.workers[0].core.Step()
		rx.head = rx.Ctl.Tail.Load()
		rx.Ctl.Head.Store(rx.head)
		if err := c.Read(func(Captured) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	reportRate(b, b.N)
}
