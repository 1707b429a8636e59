package pcapng

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var stamp = time.Unix(1_700_000_000, 123_456_789)

// section is one of everything.
func section(t testing.TB) []byte {
	t.Helper()
	var out bytes.Buffer
	w := NewWriter(&out, "test")
	frame := append([]byte("\xff\xff\xff\xff\xff\xff\x02\x00\x00\x00\x00\x01\x88\xb5"), make([]byte, 47)...)
	err := errors.Join(
		w.Interface("a:eth1", "switch lan", "", 1<<18),
		w.Interface("b:eth1", "", "udp port 9", 1<<18),
		w.Packet(0, stamp, Outbound, len(frame), frame),
		w.Packet(1, stamp.Add(time.Nanosecond), Inbound, len(frame), frame[:50]),
		w.Statistics(1, stamp, Statistics{Received: 10, Lost: 7, Accepted: 3, Delivered: 1}),
	)
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestRoundTrip(t *testing.T) {
	r := NewReader(bytes.NewReader(section(t)))
	var kinds []uint32
	var interfaces []Interface
	var packets []Packet
	for {
		kind, block, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, kind)
		switch kind {
		case InterfaceBlock:
			i, err := ParseInterface(block)
			if err != nil {
				t.Fatal(err)
			}
			interfaces = append(interfaces, i)
		case EnhancedPacket:
			p, err := ParsePacket(block)
			if err != nil {
				t.Fatal(err)
			}
			p.Data = bytes.Clone(p.Data)
			packets = append(packets, p)
		case InterfaceStatistics:
			i, s, err := ParseStatistics(block)
			if err != nil || i != 1 || s != (Statistics{10, 7, 3, 1}) {
				t.Errorf("statistics of %d: %+v, %v", i, s, err)
			}
		}
	}
	if want := []uint32{SectionHeader, 1, 1, 6, 6, 5}; !cmp.Equal(kinds, want) {
		t.Errorf("blocks %x, want %x", kinds, want)
	}
	wantInterfaces := []Interface{{"a:eth1", "switch lan", "", 1 << 18, true}, {"b:eth1", "", "udp port 9", 1 << 18, true}}
	if diff := cmp.Diff(wantInterfaces, interfaces); diff != "" {
		t.Errorf("interfaces (-want +got):\n%s", diff)
	}
	if p := packets[0]; p.Interface != 0 || !p.Time.Equal(stamp) || p.Direction != Outbound || p.Len != 61 || len(p.Data) != 61 {
		t.Errorf("packet 0: %+v", p)
	}
	if p := packets[1]; p.Interface != 1 || p.Time.Sub(stamp) != 1 || p.Direction != Inbound || p.Len != 61 || len(p.Data) != 50 {
		t.Errorf("packet 1: %+v", p)
	}
}

// Whatever comes, reading ends with blocks inside the input or an error.
func FuzzReader(f *testing.F) {
	f.Add(section(f))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := NewReader(bytes.NewReader(data))
		for read := 0; ; {
			kind, block, err := r.Next()
			if err != nil {
				return
			}
			if !bytes.Equal(block, data[read:read+len(block)]) {
				t.Fatalf("block at %d is not that of the input", read)
			}
			read += len(block)
			switch kind {
			case InterfaceBlock:
				_, _ = ParseInterface(block)
			case EnhancedPacket:
				if p, err := ParsePacket(block); err == nil && len(p.Data) > len(block) {
					t.Fatal("data outside of its block")
				}
			case InterfaceStatistics:
				_, _, _ = ParseStatistics(block)
			}
		}
	})
}
