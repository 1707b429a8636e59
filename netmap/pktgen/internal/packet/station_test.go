package packet

import (
	"encoding/binary"
	"net/netip"
	"testing"
)

func station() Station {
	return Station{MAC: macB, IPs: []netip.Addr{header4().DstIP, header6().DstIP}}
}

func reply(t *testing.T, s Station, frame []byte) []byte {
	t.Helper()
	b := make([]byte, max(len(frame), ResolveLen))
	return b[:s.Reply(b, frame)]
}

func TestResolve(t *testing.T) {
	for _, h := range []Header{header4(), header6(), tagged(header4()), tagged(header6())} {
		b := make([]byte, ResolveLen)
		b = b[:Resolve(b, h.SrcMAC, h.SrcIP, h.DstIP, h.VLAN)]
		answer := reply(t, station(), b)
		ip, mac, ok := Resolved(answer)
		if !ok || ip != h.DstIP || mac != macB {
			t.Errorf("Resolved of %+v = %v, %v, %v", h, ip, mac, ok)
		}
		if l, _ := readEthernet(answer); l.dst != macA || l.src != macB || l.vlan != h.VLAN {
			t.Errorf("the answer goes to %v from %v, VLAN %d", l.dst, l.src, l.vlan)
		}
		other := station()
		other.IPs = []netip.Addr{netip.MustParseAddr("10.0.0.3")}
		if len(reply(t, other, b)) != 0 {
			t.Error("another station answered")
		}
	}
}

func TestDuplicateAddressDetection(t *testing.T) {
	h := header6()
	b := make([]byte, ResolveLen)
	b = b[:Resolve(b, h.SrcMAC, netip.IPv6Unspecified(), h.DstIP, 0)]
	l, _ := readEthernet(reply(t, station(), b))
	if want := (MAC{0x33, 0x33, 0, 0, 0, 1}); l.dst != want {
		t.Errorf("the answer goes to %v, want %v", l.dst, want)
	}
}

func TestAnnounce(t *testing.T) {
	b := make([]byte, MinFrame)
	for _, ip := range []netip.Addr{{}, header4().SrcIP, header6().SrcIP} {
		n := Announce(b, macA, ip, 0)
		l, ok := readEthernet(b[:n])
		if !ok || l.src != macA || l.dst != Broadcast || l.etherType != etherARP {
			t.Errorf("announcement of %v: %+v", ip, l)
		}
	}
}

// Echo requests of any size come back with right checksums.
func FuzzEcho(f *testing.F) {
	f.Add(false, uint16(0), uint16(60), uint16(1), uint16(2))
	f.Add(true, uint16(9), uint16(66), uint16(0xffff), uint16(0xffff))
	f.Fuzz(func(t *testing.T, v6 bool, vlan, size, id, seq uint16) {
		h := header4()
		if v6 {
			h = header6()
		}
		h.VLAN = vlan
		if int(size) < h.MinEcho() {
			return
		}
		b := make([]byte, size)
		if err := PutEcho(b, h, id, seq); err != nil {
			return
		}
		answer := reply(t, station(), b)
		if gotID, gotSeq, ok := ReadEchoReply(answer, h); !ok || gotID != id || gotSeq != seq {
			t.Fatalf("ReadEchoReply = %d, %d, %v, want %d, %d\n% x", gotID, gotSeq, ok, id, seq, answer)
		}
		// A request damaged on the way must not come back whole.
		b[len(b)-1] ^= 1
		if _, _, ok := ReadEchoReply(reply(t, station(), b), h); ok {
			t.Fatal("a damaged request came back whole")
		}
	})
}

// No frame makes a station answer an answer, or write more than it was given
// room for; an answer always comes from the station and goes to the asker.
func FuzzReply(f *testing.F) {
	for _, h := range []Header{header4(), header6(), tagged(header4()), tagged(header6())} {
		b := make([]byte, 128)
		f.Add(b[:Resolve(b, h.SrcMAC, h.SrcIP, h.DstIP, h.VLAN)])
		e := make([]byte, 100)
		if err := PutEcho(e, h, 1, 2); err != nil {
			f.Fatal(err)
		}
		f.Add(e)
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		frame = frame[:len(frame):len(frame)]
		s := station()
		answer := reply(t, s, frame)
		Resolved(frame)
		ReadEchoReply(frame, header6())
		if len(answer) == 0 {
			return
		}
		if MAC(answer[6:12]) != s.MAC {
			t.Fatalf("the answer comes from %v", MAC(answer[6:12]))
		}
		dad := binary.BigEndian.Uint16(answer) == 0x3333
		if !dad && MAC(answer[0:6]) != MAC(frame[6:12]) {
			t.Fatalf("the answer goes to %v, the request came from %v", MAC(answer[0:6]), MAC(frame[6:12]))
		}
		peer := Station{MAC: MAC(frame[6:12]), IPs: append(s.IPs, header4().SrcIP, header6().SrcIP)}
		if again := reply(t, peer, answer); len(again) != 0 {
			t.Fatalf("the answer was answered\n% x\n% x", answer, again)
		}
	})
}
