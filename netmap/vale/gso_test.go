package vale

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// packet describes a TCP or UDP frame.
type packet struct {
	vlans   int
	v6, udp bool
	options int // bytes of IPv4 or TCP options, a multiple of 4
	id      uint16
	seq     uint32
	flags   byte
	payload []byte
}

// offsets of its network and transport headers, and of the payload.
func (p packet) offsets() (l3, l4, data int) {
	l3 = 14 + 4*p.vlans
	l4 = l3 + 40
	if !p.v6 {
		l4 = l3 + 20 + p.options
	}
	data = l4 + 8
	if !p.udp {
		data = l4 + 20 + p.options
	}
	return l3, l4, data
}

// marshal gives the frame with right lengths and checksums.
func (p packet) marshal() []byte {
	l3, l4, data := p.offsets()
	f := make([]byte, data, data+len(p.payload))
	copy(f, []byte{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1})
	for i := range p.vlans {
		copy(f[12+4*i:], []byte{0x81, 0, 0x20, byte(i + 1)})
	}
	f = append(f, p.payload...)
	length := len(f) - l4
	proto := byte(6)
	if p.udp {
		proto = 17
	}
	var pseudo []byte
	if p.v6 {
		copy(f[l3-2:], []byte{0x86, 0xdd, 0x60, 0, 0, 0})
		binary.BigEndian.PutUint16(f[l3+4:], uint16(length))
		f[l3+6], f[l3+7] = proto, 64
		for i := range 32 {
			f[l3+8+i] = byte(i * 7)
		}
		pseudo = append(pseudo, f[l3+8:l3+40]...)
		pseudo = binary.BigEndian.AppendUint32(pseudo, uint32(length))
		pseudo = append(pseudo, 0, 0, 0, proto)
	} else {
		copy(f[l3-2:], []byte{0x08, 0, byte(0x45 + p.options/4), 0})
		binary.BigEndian.PutUint16(f[l3+2:], uint16(len(f)-l3))
		binary.BigEndian.PutUint16(f[l3+4:], p.id)
		f[l3+8], f[l3+9] = 64, proto
		copy(f[l3+12:], []byte{10, 0, 0, 1, 10, 0, 0, 2})
		binary.BigEndian.PutUint16(f[l3+10:], ^sum16(f[l3:l4]))
		pseudo = append(pseudo, f[l3+12:l3+20]...)
		pseudo = append(pseudo, 0, proto)
		pseudo = binary.BigEndian.AppendUint16(pseudo, uint16(length))
	}
	copy(f[l4:], []byte{0x30, 0x39, 0, 80})
	check := l4 + 16
	if p.udp {
		check = l4 + 6
		binary.BigEndian.PutUint16(f[l4+4:], uint16(length))
	} else {
		binary.BigEndian.PutUint32(f[l4+4:], p.seq)
		f[l4+12] = byte((20 + p.options) / 4 << 4)
		f[l4+13] = p.flags
	}
	sum := ^sum16(append(pseudo, f[l4:]...))
	if sum == 0 {
		sum = 0xffff
	}
	binary.BigEndian.PutUint16(f[check:], sum)
	return f
}

// unfinished gives the frame as a kernel hands it over that leaves the checksum to the device: the field has
// the sum of the pseudo-header.
func (p packet) unfinished() ([]byte, vnet) {
	f := p.marshal()
	l3, l4, _ := p.offsets()
	offset := 16
	proto := uint32(6)
	if p.udp {
		offset, proto = 6, 17
	}
	addresses := f[l3+12 : l3+20]
	if p.v6 {
		addresses = f[l3+8 : l3+40]
	}
	pseudo := binary.BigEndian.AppendUint32(append([]byte{}, addresses...), uint32(len(f)-l4))
	pseudo = binary.BigEndian.AppendUint32(pseudo, proto)
	binary.BigEndian.PutUint16(f[l4+offset:], sum16(pseudo))
	return f, vnet{flags: 1, csumStart: uint16(l4), csumOffset: uint16(offset)}
}

// segments are what the frame is to become.
func (p packet) segments(size int) (frames [][]byte) {
	for i, at := 0, 0; i == 0 || at < len(p.payload); i, at = i+1, at+size {
		s := p
		s.payload = p.payload[at:min(at+size, len(p.payload))]
		s.id += uint16(i)
		s.seq += uint32(at)
		if i > 0 {
			s.flags &^= 0x80 // CWR
		}
		if at+size < len(p.payload) {
			s.flags &^= 0x09 // FIN, PSH
		}
		frames = append(frames, s.marshal())
	}
	return frames
}

// sum16 is RFC 1071 word by word.
func sum16(b []byte) uint16 {
	var sum uint32
	for i, c := range b {
		if i%2 == 0 {
			sum += uint32(c) << 8
		} else {
			sum += uint32(c)
		}
		sum = sum&0xffff + sum>>16
	}
	return uint16(sum)
}

// offloadPair is a socket port and an open port of a switch.
func offloadPair(t testing.TB, slots int) (e *Engine, peer int, rx *prog) {
	e = newManual(t, 1)
	s, err := e.NewSwitch("s", false, nil)
	if err != nil {
		t.Fatal(err)
	}
	sock, peer := newSocketPair(t)
	if _, err := s.AttachSocket("a", -1, sock, 9216); err != nil {
		t.Fatal(err)
	}
	b, _ := mustOpen(t, s, "b", abi.NR_REG_ALL_NIC, 1, slots)
	return e, peer, find(t, b, false, false, 0)
}

// frames puts the delivered slots together and gives them back.
func (p *prog) frames() (frames [][]byte) {
	var f []byte
	for _, s := range p.take(p.n()) {
		f = append(f, s.data...)
		if s.flags&abi.NS_MOREFRAG == 0 {
			frames, f = append(frames, f), nil
		}
	}
	p.Ctl.Head.Store(p.head)
	return frames
}

func TestSegmentation(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	e, peer, rx := offloadPair(t, 4096)
	for range 3000 {
		p := packet{
			vlans: rnd.IntN(3), v6: rnd.IntN(2) == 0, udp: rnd.IntN(3) == 0, options: 4 * rnd.IntN(11),
			id: uint16(rnd.Uint32()), seq: rnd.Uint32(), flags: byte(rnd.Uint32()),
		}
		if p.v6 && p.udp {
			p.options = 0
		}
		size := 1 + rnd.IntN(9000)
		p.payload = make([]byte, rnd.IntN(min(64000, 400*size)))
		for i := range p.payload {
			p.payload[i] = byte(rnd.Uint32())
		}
		frame, v := p.unfinished()
		v.gsoSize = uint16(size)
		switch {
		case p.udp:
			v.gsoType = 5
		case p.v6:
			v.gsoType = 4
		default:
			v.gsoType = 1
		}
		if !p.udp {
			v.gsoType |= byte(rnd.IntN(2)) << 7 // ECN
		}
		want := p.segments(size)
		if rnd.IntN(4) == 0 && len(frame) < 9000 {
			v.gsoType, v.gsoSize = 0, 0
			want = [][]byte{p.marshal()}
		}
		sendSocket(t, peer, v, frame)
		e.settle()
		compareFrames(t, fmt.Sprintf("%+v size %d payload %d", v, size, len(p.payload)), rx.frames(), want)
	}
}

func compareFrames(t testing.TB, what string, got, want [][]byte) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d frames, want %d", what, len(got), len(want))
	}
	for i := range got {
		if string(got[i]) != string(want[i]) {
			n := min(len(got[i]), len(want[i]), 120)
			t.Fatalf("%s: frame %d of %d: %d bytes, want %d\n got %x\nwant %x",
				what, i, len(got), len(got[i]), len(want[i]), got[i][:n], want[i][:n])
		}
	}
}

func TestSegmentsOfFullReceiver(t *testing.T) {
	e, peer, rx := offloadPair(t, 8)
	p := packet{payload: make([]byte, 10000)}
	frame, v := p.unfinished()
	v.gsoType, v.gsoSize = 1, 1000
	sendSocket(t, peer, v, frame)
	e.settle()
	compareFrames(t, "seven fit", rx.frames(), p.segments(1000)[:7])
	if full := e.Stats()[3].Drops.Full; full != 3 {
		t.Errorf("%d segments dropped, want 3", full)
	}
}

// TestBadOffload has offload headers that do not fit their frames.
func TestBadOffload(t *testing.T) {
	e, peer, rx := offloadPair(t, 64)
	frame, good := packet{payload: make([]byte, 3000)}.unfinished()
	good.gsoType, good.gsoSize = 1, 1000
	for _, spoil := range []func(*vnet){
		func(v *vnet) { v.gsoSize = 0 },
		func(v *vnet) { v.flags = 0 },
		func(v *vnet) { v.gsoType = 4 },
		func(v *vnet) { v.gsoType = 3 },
		func(v *vnet) { v.gsoType = 99 },
		func(v *vnet) { v.csumStart = 0 },
		func(v *vnet) { v.csumStart = 60000 },
		func(v *vnet) { v.csumStart-- },
		func(v *vnet) { v.gsoType, v.csumStart = 0, uint16(len(frame)) },
		func(v *vnet) { v.gsoType, v.csumOffset = 0, 65535 },
		func(v *vnet) { v.gsoType, v.csumStart, v.csumOffset = 0, 0, 0 },
	} {
		v := good
		spoil(&v)
		before := e.Stats()[3].Drops.Bad
		sendSocket(t, peer, v, frame)
		e.settle()
		if got := rx.frames(); len(got) != 0 || e.Stats()[3].Drops.Bad != before+1 {
			t.Errorf("%+v: %d frames delivered, want one dropped", v, len(got))
		}
	}
}

// TestHeaderBeyondFrame has a TCP header that says to be longer than its frame.
func TestHeaderBeyondFrame(t *testing.T) {
	e, peer, rx := offloadPair(t, 64)
	frame, v := packet{payload: make([]byte, 10)}.unfinished()
	frame[34+12] = 0xf0
	v.gsoType, v.gsoSize = 1, 1
	sendSocket(t, peer, v, frame)
	e.settle()
	if got := rx.frames(); len(got) != 0 || e.Stats()[3].Drops.Bad != 1 {
		t.Errorf("%d frames delivered, want one dropped", len(got))
	}
}

// FuzzOffload: any frame with any offload header is dropped, or comes out as frames that together are no
// shorter than its payload; the switch goes on.
func FuzzOffload(f *testing.F) {
	frame, v := packet{payload: make([]byte, 3000)}.unfinished()
	v.gsoType, v.gsoSize = 1, 1000
	f.Add(append(v.encode(), frame...))
	frame, v = packet{vlans: 2, v6: true, udp: true, payload: make([]byte, 100)}.unfinished()
	f.Add(append(v.encode(), frame...))
	e, peer, rx := offloadPair(f, 4096)
	plain := eth(9, 1, 60)
	copy(plain, "\xff\xff\xff\xff\xff\xff") // whatever the other frames teach the switch
	f.Fuzz(func(t *testing.T, message []byte) {
		if len(message) == 0 || len(message) > 60000 {
			return
		}
		if err := sendRaw(peer, message); err != nil {
			t.Fatal(err)
		}
		sendSocket(t, peer, vnet{}, plain)
		e.settle()
		got := rx.frames()
		for len(got) == 0 { // the ring was full
			sendSocket(t, peer, vnet{}, plain)
			e.settle()
			got = rx.frames()
		}
		last := got[len(got)-1]
		if len(message) >= vnetSize+14 && len(got) > 1 {
			total := 0
			for _, g := range got[:len(got)-1] {
				total += len(g)
			}
			if total < min(len(message)-vnetSize, 64) {
				t.Fatalf("%d bytes became %d", len(message)-vnetSize, total)
			}
		}
		if string(last) != string(plain) && len(got) < 4000 {
			t.Fatalf("the frame behind came as %x", last)
		}
	})
}
