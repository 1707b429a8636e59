package vale

import (
	"bytes"
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// headed is a switch with ports whose rings have headers of these lengths, and a socket port.
type headed struct {
	e     *Engine
	s     *Switch
	opens []*Open
	peer  int // of the socket port
}

func newHeaded(t testing.TB, slots int, headers ...int) *headed {
	t.Helper()
	h := &headed{e: newManual(t, 1)}
	var err error
	if h.s, err = h.e.NewSwitch("s", false, nil); err != nil {
		t.Fatal(err)
	}
	for i, n := range headers {
		p, err := h.s.AttachPort(fmt.Sprint("p", i), -1)
		if err == nil {
			err = p.SetHeader(n)
		}
		if err != nil {
			t.Fatal(err)
		}
		o, err := p.OpenRings(OpenConfig{Interface: "p", Mode: abi.NR_REG_ALL_NIC, Rings: 1, Slots: slots})
		if err != nil {
			t.Fatal(err)
		}
		h.opens = append(h.opens, o)
	}
	sock, peer := newSocketPair(t)
	h.peer = peer
	if _, err := h.s.AttachSocket("sock", -1, sock, 9000); err != nil {
		t.Fatal(err)
	}
	return h
}

// putChain writes bytes into slots of the given lengths, the last of which takes the rest.
func (p *prog) putChain(t testing.TB, b []byte, lengths ...int) {
	t.Helper()
	for _, n := range lengths {
		p.put(b[:n], abi.NS_MOREFRAG)
		b = b[n:]
	}
	for len(b) > 2000 {
		p.put(b[:2000], abi.NS_MOREFRAG)
		b = b[2000:]
	}
	p.put(b, 0)
	p.sync(t)
}

// TestHeaders sends a super-frame from a port with headers to others, with and without, and to a socket: it is carried
// with its header, or comes as its segments.
func TestHeaders(t *testing.T) {
	for _, own := range []int{10, 12} {
		h := newHeaded(t, 256, own, 12, 10, 0)
		p := packet{flags: 0x18, payload: make([]byte, 20000)}
		for i := range p.payload {
			p.payload[i] = byte(i / 7)
		}
		frame, v := p.unfinished()
		v.gsoType, v.gsoSize, v.hdrLen = 1, 1448, 54
		header := append(v.encode(), 7, 8)[:own]
		for _, first := range []int{own, own + 14, 1000} { // the header alone, with the addresses, with more
			find(t, h.opens[0], true, false, 0).putChain(t, append(bytes.Clone(header), frame...), first)
			h.e.settle()
			whole := append(v.encode(), 0, 0)
			copy(whole, header)
			compareFrames(t, "12 bytes", find(t, h.opens[1], false, false, 0).frames(), [][]byte{append(whole, frame...)})
			compareFrames(t, "10 bytes", find(t, h.opens[2], false, false, 0).frames(), [][]byte{append(v.encode(), frame...)})
			compareFrames(t, "none", find(t, h.opens[3], false, false, 0).frames(), p.segments(1448))
			buf := make([]byte, 1<<16)
			n, err := unix.Read(h.peer, buf)
			if err != nil || !bytes.Equal(buf[vnetSize:n], frame) || !bytes.Equal(buf[:2], v.encode()[:2]) {
				t.Errorf("the socket got %d bytes, %v", n, err)
			}
		}
		sent := h.e.Stats()[0]
		if sent.Packets != 3 || sent.Bytes != uint64(3*len(frame)) {
			t.Errorf("%d frames with %d bytes sent, want 3 with %d", sent.Packets, sent.Bytes, 3*len(frame))
		}
		h.e.Close()
	}
}

// TestHeaderFromSocket: what a kernel leaves to the device stays so for a program that takes headers.
func TestHeaderFromSocket(t *testing.T) {
	h := newHeaded(t, 256, 12, 0)
	p := packet{v6: true, payload: make([]byte, 5000)}
	frame, v := p.unfinished()
	v.gsoType, v.gsoSize = 4, 1000
	sendSocket(t, h.peer, v, frame)
	h.e.settle()
	compareFrames(t, "header", find(t, h.opens[0], false, false, 0).frames(), [][]byte{append(append(v.encode(), 0, 0), frame...)})
	compareFrames(t, "none", find(t, h.opens[1], false, false, 0).frames(), p.segments(1000))
}

// TestBadHeaders has headers that nobody can carry out, frames that are too short, and more of them than a batch has
// memory for: a port with headers gets what was sent, one without only what makes sense.
func TestBadHeaders(t *testing.T) {
	h := newHeaded(t, 1024, 12, 12, 0)
	tx, same, other := find(t, h.opens[0], true, false, 0), find(t, h.opens[1], false, false, 0), find(t, h.opens[2], false, false, 0)
	bad := vnet{flags: 0x40, gsoType: 77}
	tx.putChain(t, append(append(bad.encode(), 0, 0), eth(2, 1, 60)...))
	tx.putChain(t, append(vnet{}.encode(), 0, 0))                              // no frame
	tx.putChain(t, append(append(vnet{}.encode(), 0, 0), eth(2, 1, 60)...), 5) // a header in two slots
	tx.putChain(t, append(append(vnet{}.encode(), 0, 0), eth(2, 1, 13)...))
	h.e.settle()
	compareFrames(t, "the same", same.frames(), [][]byte{append(append(bad.encode(), 0, 0), eth(2, 1, 60)...)})
	compareFrames(t, "another", other.frames(), nil)
	if tx, rx := h.e.Stats()[0].Drops, h.e.Stats()[9].Drops; tx.Runt != 3 || rx.Bad != 1 {
		t.Errorf("sender's drops %+v, receiver's %+v", tx, rx)
	}
	p := packet{payload: make([]byte, 60000)}
	frame, v := p.unfinished()
	v.gsoType, v.gsoSize = 1, 9000
	for range 20 {
		tx.putChain(t, append(append(v.encode(), 0, 0), frame...))
	}
	h.e.settle()
	got := len(other.frames())
	for range 30 {
		h.e.settle()
		got += len(other.frames())
		same.frames()
	}
	if want := 20 * len(p.segments(9000)); got != want {
		t.Errorf("%d segments of big frames, want %d", got, want)
	}
}

// TestHeaderRestored: the length is the switch's to remember.
func TestHeaderRestored(t *testing.T) {
	h := newHeaded(t, 64, 12)
	state := dupFile(t, h.s.StateFile())
	h.e.abandon()
	e := newManual(t, 1)
	s, err := e.NewSwitch("s", false, state)
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.AttachPort("p0", -1)
	if err != nil {
		t.Fatal(err)
	}
	if p.Header() != 12 {
		t.Errorf("header of %d bytes after a restart", p.Header())
	}
	if err := p.SetHeader(11); err == nil {
		t.Error("a header of 11 bytes")
	}
	if err := p.Detach(); err != nil {
		t.Fatal(err)
	}
	if p, err = s.AttachPort("p0", -1); err != nil || p.Header() != 0 {
		t.Errorf("a new port has a header, %v", err)
	}
}
