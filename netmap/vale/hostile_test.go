package vale

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// pairOf makes a switch with three open ports: one that breaks rules, and two neighbours.
func pairOf(t testing.TB, e *Engine) (bad, from, to *Open) {
	t.Helper()
	s, err := e.NewSwitch("s", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	bad, _ = mustOpen(t, s, "bad", abi.NR_REG_NIC_SW, 1, 64)
	from, _ = mustOpen(t, s, "from", abi.NR_REG_ALL_NIC, 1, 64)
	to, _ = mustOpen(t, s, "to", abi.NR_REG_ALL_NIC, 1, 64)
	return bad, from, to
}

func TestBrokenRulesDetach(t *testing.T) {
	for _, c := range []struct {
		name   string
		break_ func(tx, rx, hostTx, hostRx *prog)
		want   string
	}{
		{"tx head", func(tx, _, _, _ *prog) { tx.head = 64 }, "tx ring 0: head is outside"},
		{"tx head far", func(tx, _, _, _ *prog) { tx.head = 1<<32 - 1 }, "tx ring 0: head is outside"},
		{"host tx head", func(_, _, tx, _ *prog) { tx.head = 70 }, "host tx ring 0: head is outside"},
		{"rx head", func(_, rx, _, _ *prog) { rx.head = 64 }, "rx ring 0: head is beyond"},
		{"rx head ahead", func(_, rx, _, _ *prog) { rx.head = 60 }, "rx ring 0: head is beyond"},
		{"rx buffer", func(_, rx, _, _ *prog) { rx.Array[1].BufIdx = 1 << 30 }, "rx ring 0: buffer index"},
		{"rx buffer 0", func(_, rx, _, _ *prog) { rx.Array[0].BufIdx = 0 }, "rx ring 0: buffer index"},
		{"host rx buffer", func(_, _, _, rx *prog) { rx.Array[0].BufIdx = 1 }, "host rx ring 0: buffer index"},
	} {
		t.Run(c.name, func(t *testing.T) {
			events := make(chan Event, 10)
			e := newEngine(Config{Workers: 1, Events: func(ev Event) { events <- ev }})
			t.Cleanup(func() { e.Close() })
			s, err := e.NewSwitch("s", false, nil)
			if err != nil {
				t.Fatal(err)
			}
			bad, peer := mustOpen(t, s, "bad", abi.NR_REG_NIC_SW, 1, 64)
			from, _ := mustOpen(t, s, "from", abi.NR_REG_ALL_NIC, 1, 64)
			to, _ := mustOpen(t, s, "to", abi.NR_REG_ALL_NIC, 1, 64)
			tx, rx := find(t, bad, true, false, 0), find(t, bad, false, false, 0)
			hostTx, hostRx := find(t, bad, true, true, 0), find(t, bad, false, true, 0)
			c.break_(tx, rx, hostTx, hostRx)
			for _, r := range []*prog{tx, rx, hostTx, hostRx} {
				r.sync(t)
			}
			// More than the ring holds, so that the receiver's head is looked at.
			sender, receiver := find(t, from, true, false, 0), find(t, to, false, false, 0)
			for range 3 {
				for range 50 {
					sender.put(eth(0xff, 1, 60), 0)
				}
				sender.sync(t)
				sendSocket(t, peer, vnet{}, eth(7, 8, 60))
				e.settle()
				receiver.frames()
			}
			select {
			case ev := <-events:
				if got := ev.String(); !strings.Contains(got, "switch s: port bad detached: "+c.want) {
					t.Errorf("event %q, want %q", got, c.want)
				}
			case <-time.After(10 * time.Second):
				t.Fatal("no event")
			}
			if tail := tx.Ctl.Tail.Load(); tail != abi.NMU_DETACHED {
				t.Errorf("tail is %d", tail)
			}
			if !rx.await(0) {
				t.Error("the program was not woken")
			}
			// The port is in socket mode, the neighbours are as they were.
			sendSocket(t, peer, vnet{}, eth(0xff, 9, 60))
			e.settle()
			if got := receiver.frames(); len(got) != 1 || got[0][11] != 9 {
				t.Errorf("from the socket came %x", got)
			}
			if len(events) != 0 {
				t.Errorf("another event: %v", <-events)
			}
		})
	}
}

// TestGarbage writes random bytes into a port's rings and control blocks while frames pass between its
// neighbours, which must all arrive.
func TestGarbage(t *testing.T) {
	e := newManual(t, 1)
	rnd := rand.New(rand.NewPCG(3, 4))
	bad, from, to := pairOf(t, e)
	sender, receiver := find(t, from, true, false, 0), find(t, to, false, false, 0)
	back := find(t, to, true, false, 0)
	back.put(eth(0xff, 2, 60), 0)
	back.sync(t)
	port, rings := bad.port, ringsOf(t, bad)
	for round := range 3000 {
		if port.isSocket() {
			o, err := port.OpenRings(OpenConfig{Interface: "eth1", Mode: abi.NR_REG_NIC_SW, Rings: 1, Slots: 64})
			if err != nil {
				t.Fatal(err)
			}
			rings = ringsOf(t, o)
		}
		for _, r := range rings {
			scribble(rnd, r)
		}
		unix.Write(rings[0].kick, []byte{1, 0, 0, 0, 0, 0, 0, 0})
		frame := eth(2, 1, 60)
		binary.BigEndian.PutUint32(frame[20:], uint32(round))
		sender.put(frame, 0)
		sender.sync(t)
		e.settle()
		found := false
		for _, got := range receiver.frames() {
			found = found || bytes.Equal(got, frame)
		}
		if !found {
			t.Fatalf("round %d: the neighbour's frame is lost", round)
		}
		if rnd.IntN(50) == 0 {
			e.waitFaults(t)
		}
	}
}

// scribble writes garbage, or something near what is right, into the memory of a ring.
func scribble(rnd *rand.Rand, r *prog) {
	random := func() uint32 {
		if rnd.IntN(2) == 0 {
			return rnd.Uint32N(70)
		}
		return rnd.Uint32()
	}
	for range 8 {
		s := &r.Array[rnd.IntN(r.Slots)]
		switch rnd.IntN(5) {
		case 0:
			s.BufIdx = random()
		case 1:
			s.Len = uint16(random())
		case 2:
			s.Flags = uint16(random())
		case 3:
			s.Len, s.Flags = uint16(rnd.IntN(100)), uint16(rnd.IntN(64))
		case 4:
			s.Ptr = rnd.Uint64()
		}
	}
	// Not a valid unicast destination: the flood would fill the neighbours' rings.
	for i := range r.Array {
		if b := r.Buf(r.Array[i].BufIdx); len(b) > 12 {
			copy(b, []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 3})
		}
	}
	if rnd.IntN(3) > 0 {
		r.Ctl.Head.Store(rnd.Uint32N(64))
	} else if rnd.IntN(10) == 0 {
		r.Ctl.Head.Store(random())
	}
	r.Ctl.Wait.Store(random())
	r.Ctl.Tail.Store(random())
	r.Ctl.Cur.Store(random())
	r.Ctl.Doorbell.Store(random())
	r.Header.NumSlots, r.Header.Head, r.Header.BufOfs = random(), random(), int64(rnd.Uint64())
}

// isSocket says whether the port is in socket mode.
func (p *Port) isSocket() bool {
	p.sw.engine.mu.Lock()
	defer p.sw.engine.mu.Unlock()
	return p.rings == nil
}

// waitFaults waits until all ports that broke rules are in socket mode.
func (e *Engine) waitFaults(t *testing.T) {
	t.Helper()
	for range 1000 {
		e.mu.Lock()
		broken := len(e.workers[0].core.Broken())
		e.mu.Unlock()
		if broken == 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("broken ports stay")
}

// TestBlockedWake: a program that fills its wake descriptor and makes it blocking stops nobody.
func TestBlockedWake(t *testing.T) {
	e := newManual(t, 1)
	_, from, to := pairOf(t, e)
	receiver := find(t, to, false, false, 0)
	fd := receiver.wake
	if err := unix.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := unix.Write(fd, make([]byte, 4096)); err != nil {
			break
		}
	}
	if err := unix.SetNonblock(fd, false); err != nil {
		t.Fatal(err)
	}
	sender := find(t, from, true, false, 0)
	for i := range 50 {
		receiver.Ctl.Wait.Store(uint32(i + 1))
		sender.put(eth(0xff, 1, 60), 0)
		sender.sync(t)
		e.settle()
		if len(receiver.frames()) != 1 {
			t.Fatal("no frame")
		}
	}
}

func TestOpenErrors(t *testing.T) {
	e := newManual(t, 1)
	s, err := e.NewSwitch("s", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.AttachSocket("p", -1, newSocket(t), 1500)
	if err != nil {
		t.Fatal(err)
	}
	o, err := p.OpenRings(OpenConfig{
		Interface: "eth1", Mode: abi.NR_REG_ONE_NIC, Flags: abi.NR_EXCLUSIVE | abi.NR_NO_TX_POLL, Rings: 2, Slots: 64,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		cfg  OpenConfig
		want error
	}{
		{OpenConfig{Mode: abi.NR_REG_ALL_NIC}, ErrBusy},
		{OpenConfig{Mode: abi.NR_REG_ONE_NIC, RingID: 0}, ErrBusy},
		{OpenConfig{Mode: abi.NR_REG_ONE_NIC, RingID: 2}, ErrInvalid},
		{OpenConfig{Mode: 0}, ErrInvalid},
		{OpenConfig{Mode: abi.NR_REG_SW, Flags: abi.NR_TX_RINGS_ONLY | abi.NR_RX_RINGS_ONLY}, nil},
		{OpenConfig{Mode: abi.NR_REG_ONE_NIC, RingID: 1}, nil},
		{OpenConfig{Mode: abi.NR_REG_SW, Flags: abi.NR_TX_RINGS_ONLY}, nil},
		{OpenConfig{Mode: abi.NR_REG_SW, Flags: abi.NR_EXCLUSIVE}, ErrBusy},
		{OpenConfig{Mode: abi.NR_REG_SW, Flags: abi.NR_RX_RINGS_ONLY}, nil},
	} {
		if _, err := p.OpenRings(c.cfg); !errors.Is(err, c.want) {
			t.Errorf("%+v: %v, want %v", c.cfg, err, c.want)
		}
	}
	if got := len(e.Stats()); got != 6 {
		t.Errorf("%d rings counted, want 6", got)
	}
	if r := o.Register(); r.Mode != abi.NR_REG_ONE_NIC || r.RingID != 0 || r.Flags != abi.NR_EXCLUSIVE|abi.NR_NO_TX_POLL {
		t.Errorf("the answer has mode %d, ring %d, flags %#x", r.Mode, r.RingID, r.Flags)
	}
	if err := p.Detach(); err != nil {
		t.Fatal(err)
	}
	if _, err := p.OpenRings(OpenConfig{Mode: abi.NR_REG_SW, Rings: 1, Slots: 64}); !errors.Is(err, ErrClosed) {
		t.Errorf("open of a detached port: %v", err)
	}
}

func TestFullSwitch(t *testing.T) {
	e := newManual(t, 1)
	for _, c := range []struct {
		wire bool
		max  int
	}{{false, 252}, {true, 2}} {
		s, err := e.NewSwitch(fmt.Sprint("s", c.wire), c.wire, nil)
		if err != nil {
			t.Fatal(err)
		}
		sock, _ := newSocketPair(t)
		for i := range c.max {
			fd, err := unix.Dup(sock)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { unix.Close(fd) })
			if _, err := s.AttachSocket(fmt.Sprint("p", i), -1, fd, 1500); err != nil {
				t.Fatalf("port %d: %v", i, err)
			}
		}
		if _, err := s.AttachSocket("more", -1, sock, 1500); err == nil {
			t.Errorf("wire %v: %d ports", c.wire, c.max+1)
		}
	}
}
