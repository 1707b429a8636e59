package packet

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"
)

var (
	macA = MAC{2, 0, 0, 0, 0, 0xa}
	macB = MAC{2, 0, 0, 0, 0, 0xb}
)

func header4() Header {
	return Header{
		SrcMAC: macA, DstMAC: macB,
		SrcIP: netip.MustParseAddr("10.0.0.1"), DstIP: netip.MustParseAddr("10.0.0.2"),
		SrcPort: 1000, DstPort: 2000,
	}
}

func header6() Header {
	h := header4()
	h.SrcIP, h.DstIP = netip.MustParseAddr("fd00::1"), netip.MustParseAddr("fd00::2")
	return h
}

func tagged(h Header) Header {
	h.VLAN = 42
	return h
}

func TestMinSize(t *testing.T) {
	for _, test := range []struct {
		h    Header
		want int
	}{
		{header4(), 60}, {tagged(header4()), 64}, {header6(), 80}, {tagged(header6()), 84},
	} {
		if got := test.h.MinSize(); got != test.want {
			t.Errorf("MinSize of %+v = %d, want %d", test.h, got, test.want)
		}
	}
}

// A known frame, byte for byte, with the checksums worked out by hand.
func TestTemplateBytes(t *testing.T) {
	tmpl, err := NewTemplate(header4(), 60, 0x01020304)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 60)
	f := tmpl.Frames(5, 6)
	f.Put(got)
	want := []byte{
		2, 0, 0, 0, 0, 0xb, 2, 0, 0, 0, 0, 0xa, 8, 0,
		0x45, 0, 0, 46, 0, 0, 0x40, 0, 255, 17, 0x67, 0xbc, 10, 0, 0, 1, 10, 0, 0, 2,
		0x03, 0xe8, 0x07, 0xd0, 0, 26, 0x65, 0x82,
		'v', 'l', 1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 6,
	}
	if !bytes.Equal(got, want) {
		t.Errorf("frame\n got % x\nwant % x", got, want)
	}
}

func TestTemplateRejects(t *testing.T) {
	mixed := header4()
	mixed.DstIP = header6().DstIP
	wide := header4()
	wide.VLAN = 4095
	for _, test := range []struct {
		name string
		h    Header
		size int
	}{
		{"short", header4(), 59},
		{"short tagged", tagged(header4()), 63},
		{"short IPv6", header6(), 79},
		{"long", header4(), 14 + 65536},
		{"no address", Header{}, 60},
		{"both versions", mixed, 80},
		{"VLAN", wide, 64},
	} {
		if _, err := NewTemplate(test.h, test.size, 1); err == nil {
			t.Errorf("%s: no error", test.name)
		}
	}
}

// Each frame of a batch is read back as it was meant, with right checksums,
// whether its buffer held a frame of the flow before or not.
func FuzzTemplate(f *testing.F) {
	f.Add(false, uint16(0), uint16(60), uint32(1), uint64(0), uint32(0))
	f.Add(true, uint16(7), uint16(84), uint32(0xffffffff), uint64(1<<48-400), uint32(0xffffffff))
	f.Add(false, uint16(0), uint16(1514), uint32(0), uint64(0xffff), uint32(0xffff))
	f.Fuzz(func(t *testing.T, v6 bool, vlan, size uint16, flow uint32, seq uint64, stamp uint32) {
		h := header4()
		if v6 {
			h = header6()
		}
		h.VLAN = vlan
		tmpl, err := NewTemplate(h, int(size), flow)
		if err != nil {
			return
		}
		seq %= maxSeq - 400
		frames := tmpl.Frames(seq, stamp)
		old, fresh := make([]byte, size), make([]byte, size)
		for i := range uint64(300) {
			clear(fresh)
			one := tmpl.Frames(seq+i, stamp)
			one.Put(fresh)
			frames.Put(old)
			if !bytes.Equal(old, fresh) {
				t.Fatalf("frame %d: patched\n% x\nbuilt\n% x", i, old, fresh)
			}
			got, ok := ReadProbe(old)
			if want := (Probe{flow, seq + i, stamp}); !ok || got != want {
				t.Fatalf("ReadProbe = %+v, %v, want %+v", got, ok, want)
			}
			if !Intact(old) {
				t.Fatalf("frame %d: wrong checksum\n% x", i, old)
			}
		}
	})
}

func TestPutParts(t *testing.T) {
	tmpl, err := NewTemplate(header4(), 5000, 9)
	if err != nil {
		t.Fatal(err)
	}
	whole := make([]byte, 5000)
	f := tmpl.Frames(77, 88)
	f.Put(whole)
	parts := [][]byte{make([]byte, 2048), make([]byte, 2048), make([]byte, 2048), make([]byte, 2048)}
	g := tmpl.Frames(77, 88)
	if n := g.PutParts(parts); n != 3 {
		t.Fatalf("PutParts used %d buffers, want 3", n)
	}
	if got := bytes.Join(parts, nil)[:5000]; !bytes.Equal(got, whole) {
		t.Error("the parts are not the frame")
	}
	if !Intact(whole) {
		t.Error("wrong checksum")
	}
	if n := g.PutParts(parts[:2]); n != 0 {
		t.Errorf("PutParts used %d of too few buffers", n)
	}
}

func BenchmarkPut(b *testing.B) {
	for _, size := range []int{60, 1514} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			tmpl, err := NewTemplate(header4(), size, 9)
			if err != nil {
				b.Fatal(err)
			}
			ring := make([][]byte, 256)
			for i := range ring {
				ring[i] = make([]byte, 2048)
			}
			n := 0
			for b.Loop() {
				f := tmpl.Frames(uint64(n), 1)
				for _, buf := range ring {
					f.Put(buf)
				}
				n += len(ring)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/frame")
		})
	}
}
