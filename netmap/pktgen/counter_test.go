package pktgen

import (
	"bytes"
	"testing"

	"github.com/valelab/valelab/netmap"
)

// Frames of several slots are put together, also over the end of a batch, and
// one that is too long takes no memory.
func TestJoin(t *testing.T) {
	var a assembly
	part := bytes.Repeat([]byte("x"), 2048)
	for _, parts := range []int{2, 3, maxFrame / 2048, 2 * maxFrame / 2048, 1000, 2} {
		var frame []byte
		for i := range parts {
			frame = a.join(part, i < parts-1)
			if i < parts-1 && frame != nil {
				t.Fatalf("%d parts: whole after %d", parts, i+1)
			}
		}
		want := parts * len(part)
		if want > maxFrame {
			want = 0
		}
		if len(frame) != want || len(a.frame) > maxFrame {
			t.Errorf("%d parts: a frame of %d bytes, want %d", parts, len(frame), want)
		}
	}
}

// Whatever is received is a probe, damaged or foreign, and counted once.
func FuzzCounter(f *testing.F) {
	f.Add([]byte("a frame that is no probe"), uint8(3))
	f.Add([]byte{}, uint8(0))
	port, shared := openStopped(f, "netmap:eth1/R", 2)
	ring := port.RxRings()[0]
	at := 0 // the ring's position
	f.Fuzz(func(t *testing.T, data []byte, cut uint8) {
		c := counter{checksum: true}
		var a assembly
		n := 0
		for len(data) > 0 && n < ring.Slots()-1 {
			slot := &shared.Array[at]
			size := min(len(data), int(cut)+1)
			copy(shared.Buf(slot.BufIdx), data[:size])
			slot.Len, slot.Flags = uint16(size), uint16(data[0])<<8|uint16(data[0])&netmap.MoreFrag
			data = data[size:]
			n++
			at = (at + 1) % ring.Slots()
		}
		shared.Ctl.Tail.Store(uint32(at))
		if err := ring.Sync(); err != nil {
			t.Fatal(err)
		}
		c.begin(0)
		b := ring.Borrow(n)
		c.count(b, &a)
		b.Release(n)
		c.settle()
		got := c.flows.Counts()
		if c.probes+c.damaged > c.packets || c.packets > uint64(n) || got.Received+got.Duplicates+got.Late != c.probes {
			t.Errorf("%d slots: %d frames, %d probes, %d damaged, %+v", n, c.packets, c.probes, c.damaged, got)
		}
	})
}
