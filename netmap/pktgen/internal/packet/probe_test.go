package packet

import (
	"testing"
)

func probeFrame(t testing.TB, h Header, size int) []byte {
	t.Helper()
	tmpl, err := NewTemplate(h, size, 0xabcdef01)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, size)
	f := tmpl.Frames(1234, 5678)
	f.Put(b)
	return b
}

// Whatever the bytes, the fast and the general reader agree, and neither reads
// past the slice.
func FuzzReadProbe(f *testing.F) {
	for _, h := range []Header{header4(), header6(), tagged(header4()), tagged(header6())} {
		f.Add(probeFrame(f, h, 100))
		f.Add(probeFrame(f, h, 100)[:90])
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		frame = frame[:len(frame):len(frame)]
		fast, ok := ReadProbe(frame)
		slow, ok2 := readProbe(frame)
		if ok != ok2 || ok && fast != slow {
			t.Fatalf("ReadProbe = %+v, %v; readProbe = %+v, %v", fast, ok, slow, ok2)
		}
		if ok && fast.Seq >= maxSeq {
			t.Fatalf("sequence number %d", fast.Seq)
		}
		Intact(frame)
	})
}

func TestReadProbeRefuses(t *testing.T) {
	change := func(at int, value byte) []byte {
		b := probeFrame(t, header4(), 60)
		b[at] = value
		return b
	}
	for name, frame := range map[string][]byte{
		"empty":           {},
		"ethertype":       change(13, 6),
		"fragment":        change(20, 0x20),
		"fragment offset": change(21, 1),
		"TCP":             change(23, 6),
		"IP length":       change(17, 47),
		"UDP length":      change(39, 25),
		"magic":           change(42, 'V'),
		"huge sequence":   change(48, 1),
		"header length":   change(14, 0x44),
		"cut":             probeFrame(t, header4(), 60)[:59],
	} {
		if p, ok := ReadProbe(frame); ok {
			t.Errorf("%s: read as %+v", name, p)
		}
	}
}

func TestIntactSeesEveryBit(t *testing.T) {
	for _, h := range []Header{header4(), header6(), tagged(header4()), tagged(header6())} {
		frame := probeFrame(t, h, h.MinSize()+5)
		if !Intact(frame) {
			t.Fatalf("%+v: not intact", h)
		}
		for bit := h.udp() * 8; bit < len(frame)*8; bit++ {
			frame[bit/8] ^= 1 << (bit % 8)
			if Intact(frame) {
				t.Errorf("%+v: bit %d of byte %d goes unnoticed", h, bit%8, bit/8)
			}
			frame[bit/8] ^= 1 << (bit % 8)
		}
	}
}

func BenchmarkReadProbe(b *testing.B) {
	for name, h := range map[string]Header{"ipv4": header4(), "ipv6": header6(), "vlan": tagged(header4())} {
		b.Run(name, func(b *testing.B) {
			frame := probeFrame(b, h, h.MinSize())
			for b.Loop() {
				if _, ok := ReadProbe(frame); !ok {
					b.Fatal("not read")
				}
			}
		})
	}
	b.Run("intact", func(b *testing.B) {
		frame := probeFrame(b, header4(), 60)
		for b.Loop() {
			if !Intact(frame) {
				b.Fatal("not intact")
			}
		}
	})
}
