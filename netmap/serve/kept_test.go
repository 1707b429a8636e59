package serve

import (
	"encoding/json"
	"testing"

	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/internal/region"
)

// largestRecord is what a keeper takes, in bytes.
const largestRecord = 64 << 10

// buffers is the number of buffers that a record of an open says are in use.
func buffers(t *testing.T, record []byte) (n int) {
	t.Helper()
	var r openRecord
	if err := json.Unmarshal(record, &r); err != nil {
		t.Fatal(err)
	}
	for _, used := range r.Bufs {
		n += used.Num
	}
	return n
}

// mix exchanges the buffers of two programs' rings, every other one.
func mix(a, b *region.Ring) {
	for i := range a.Array {
		if i%2 == 0 {
			a.Array[i].BufIdx, b.Array[i].BufIdx = b.Array[i].BufIdx, a.Array[i].BufIdx
		}
	}
}

// TestKeptBuffers: what is kept of opens that share a memory says what is in use now, in a record that a keeper takes.
func TestKeptBuffers(t *testing.T) {
	s, h := newNode(t, newEngine(t), "n")
	for _, name := range []string{"eth2", "eth3"} {
		h.addEndpoint(name, Geometry{Rings: 2, Slots: 4096})
	}
	a, b, c := s.program(t), s.program(t), s.program(t)
	a.must("eth2", abi.ReqRegister{})
	b.must("eth3", abi.ReqRegister{})
	for i := range a.view.Rings {
		mix(a.view.Rings[i], b.view.Rings[i])
	}
	a.end()
	c.must("eth1", abi.ReqRegister{Mode: abi.NR_REG_SW})
	for name, k := range h.kept {
		if len(k.record) > largestRecord {
			t.Errorf("%s: %d bytes", name, len(k.record))
		}
	}
	b.end()
	if n := buffers(t, h.kept[KindOpen+"/"+c.conn.entry].record); n != 2*64 {
		t.Errorf("%d buffers are in use, want those of two host rings", n)
	}
}

// TestKeptMonitor: the extra buffers of a zero-copy monitor are in use for whoever restores the port first.
func TestKeptMonitor(t *testing.T) {
	s, h := newNode(t, newEngine(t), "n")
	a, m := s.program(t), s.program(t)
	a.must("eth1", abi.ReqRegister{})
	before := buffers(t, h.kept[KindOpen+"/"+a.conn.entry].record)
	got := m.must("eth1", abi.ReqRegister{Flags: abi.NR_ZCOPY_MON, ExtraBufs: 10})
	if got.ExtraBufs != 10 {
		t.Errorf("%d extra buffers", got.ExtraBufs)
	}
	after := buffers(t, h.kept[KindOpen+"/"+a.conn.entry].record)
	if want := before + 10 + int(got.RxRings)*int(got.RxSlots) + int(got.TxRings)*int(got.TxSlots); after != want {
		t.Errorf("%d buffers are in use, want %d", after, want)
	}
}
