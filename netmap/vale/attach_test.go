package vale

import (
	"errors"
	"testing"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// attachedPair is a socket port of switch lab, and switch own with a port that somebody has open.
type attachedPair struct {
	e        *Engine
	lab, own *Switch
	port     *Port
	peer     int // of port's socket
	far      int // of another port's of lab
	open     *Open
}

func newAttachedPair(t *testing.T, workers int) *attachedPair {
	t.Helper()
	a := &attachedPair{e: newManual(t, workers)}
	var err error
	if a.lab, err = a.e.NewSwitch("lab", false, nil); err != nil {
		t.Fatal(err)
	}
	if a.own, err = a.e.NewSwitch("own", false, nil); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"far", "eth1"} {
		sock, peer := newSocketPair(t)
		a.far, a.peer = a.peer, peer
		if a.port, err = a.lab.AttachSocket(name, -1, sock, 1500); err != nil {
			t.Fatal(err)
		}
	}
	p, err := a.own.AttachPort("p", -1)
	if err != nil {
		t.Fatal(err)
	}
	if a.open, err = p.OpenRings(OpenConfig{Interface: "p", Mode: abi.NR_REG_ALL_NIC, Rings: 1, Slots: 64}); err != nil {
		t.Fatal(err)
	}
	return a
}

// TestAttachTo: what comes to an attached port comes out at the second switch, and back; its socket is cut off, or is a
// port there, too.
func TestAttachTo(t *testing.T) {
	for _, stack := range []string{"", "eth1^"} {
		a := newAttachedPair(t, 2)
		tx, rx := find(t, a.open, true, false, 0), find(t, a.open, false, false, 0)
		at, err := a.port.AttachTo(a.own, "eth1", 7, stack)
		if err != nil {
			t.Fatal(err)
		}
		if at.Place().Index() != 7 || (at.Stack() == nil) != (stack == "") {
			t.Errorf("place %d, stack %v", at.Place().Index(), at.Stack())
		}
		sendSocket(t, a.far, vnet{}, eth(0xff, 1, 100))
		a.e.settle()
		compareFrames(t, "from the lab", rx.frames(), [][]byte{eth(0xff, 1, 100)})
		var kernel [][]byte
		if stack != "" {
			kernel = [][]byte{eth(0xff, 1, 100)}
		}
		compareFrames(t, "to the kernel", recvSocket(t, a.peer), kernel)
		tx.put(eth(1, 2, 60), 0)
		tx.sync(t)
		a.e.settle()
		compareFrames(t, "to the lab", recvSocket(t, a.far), [][]byte{eth(1, 2, 60)})
		sendSocket(t, a.peer, vnet{}, eth(2, 3, 64))
		a.e.settle()
		var got [][]byte
		if stack != "" {
			got = [][]byte{eth(2, 3, 64)}
		}
		compareFrames(t, "from the kernel", rx.frames(), got)
		compareFrames(t, "past the second switch", recvSocket(t, a.far), nil)

		if _, err := a.port.OpenRings(OpenConfig{Interface: "eth1", Mode: abi.NR_REG_ALL_NIC, Rings: 1, Slots: 64}); !errors.Is(err, ErrBusy) {
			t.Errorf("opened while attached: %v", err)
		}
		if _, err := a.port.AttachTo(a.own, "again", -1, ""); !errors.Is(err, ErrBusy) {
			t.Errorf("attached twice: %v", err)
		}
		if err := at.Close(); err != nil {
			t.Fatal(err)
		}
		sendSocket(t, a.peer, vnet{}, eth(0xff, 3, 64))
		a.e.settle()
		compareFrames(t, "past the second switch", rx.frames(), nil)
		compareFrames(t, "from the kernel, detached", recvSocket(t, a.far), [][]byte{eth(0xff, 3, 64)})
		if err := at.Close(); err != nil {
			t.Error(err)
		}
		a.e.Close()
	}
}

// TestAttachToEnds: an attachment ends with its port, with its place, and with either switch.
func TestAttachToEnds(t *testing.T) {
	for what, end := range map[string]func(*attachedPair, *Attachment) error{
		"the port":          func(a *attachedPair, _ *Attachment) error { return a.port.Detach() },
		"the place":         func(_ *attachedPair, at *Attachment) error { return at.Place().Detach() },
		"the stack's place": func(_ *attachedPair, at *Attachment) error { return at.Stack().Detach() },
		"the switch":        func(a *attachedPair, _ *Attachment) error { return a.lab.Close() },
		"the second switch": func(a *attachedPair, _ *Attachment) error { return a.own.Close() },
	} {
		a := newAttachedPair(t, 2)
		at, err := a.port.AttachTo(a.own, "eth1", -1, "eth1^")
		if err != nil {
			t.Fatal(err)
		}
		if err := end(a, at); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if a.port.attachment != nil || !at.place.gone || !at.stack.gone || a.port.gone != (what == "the port" || what == "the switch") {
			t.Errorf("%s has ended: port gone %v, places gone %v %v", what, a.port.gone, at.place.gone, at.stack.gone)
		}
		a.e.settle()
		if err := at.Close(); err != nil {
			t.Error(err)
		}
		a.e.Close()
	}
	a := newAttachedPair(t, 1)
	if _, err := a.port.AttachTo(a.lab, "loop", -1, ""); !errors.Is(err, ErrInvalid) {
		t.Errorf("attached to its own switch: %v", err)
	}
	if _, err := a.port.AttachTo(a.own, "p", -1, ""); !errors.Is(err, ErrExists) {
		t.Errorf("attached under a name that is taken: %v", err)
	}
	if _, err := a.port.AttachTo(a.own, "eth1", -1, "p"); !errors.Is(err, ErrExists) || a.port.attachment != nil || a.own.ports["eth1"] != nil {
		t.Errorf("attached with a stack whose name is taken: %v", err)
	}
}
