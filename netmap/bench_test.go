package netmap

import (
	"encoding/binary"
	"testing"
)

// The benchmarks move the switch's positions themselves, so that only the program's side is measured.

const (
	benchSlots = 1024
	benchBatch = 256
	benchFrame = 64
)

// BenchmarkTx fills, commits and syncs 64-byte frames; one operation is one frame. put and buf copy a whole frame,
// seq writes a number into frames that are in the buffers already, as a generator does.
func BenchmarkTx(b *testing.B) {
	frame := make([]byte, benchFrame)
	for name, put := range map[string]func(TxBatch){
		"put": func(batch TxBatch) {
			for i := range batch.Len() {
				batch.Put(i, frame)
			}
		},
		"buf": func(batch TxBatch) {
			for i := range batch.Len() {
				batch.SetLen(i, copy(batch.Buf(i), frame))
			}
		},
		"seq": func(batch TxBatch) {
			for i := range batch.Len() {
				binary.LittleEndian.PutUint64(batch.Buf(i)[benchFrame-8:], uint64(i))
				batch.SetLen(i, benchFrame)
			}
		},
	} {
		b.Run(name, func(b *testing.B) {
			p, shared, _ := pair(b, benchSlots, benchSlots)
			tx := p.TxRings()[0]
			for left := b.N; left > 0; {
				batch := tx.Borrow(min(benchBatch, left))
				put(batch)
				left -= batch.Len()
				batch.Commit(batch.Len())
				shared.Ctl.Tail.Store(before(tx.head, tx.n)) // the switch: all consumed
				if err := tx.Sync(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkRx receives, reads a word of and releases 64-byte frames; one operation is one frame.
func BenchmarkRx(b *testing.B) {
	p, _, shared := pair(b, benchSlots, benchSlots)
	rx := p.RxRings()[0]
	for i := range shared.Array {
		shared.Array[i].Len = benchFrame
	}
	var sum byte
	for left := b.N; left > 0; {
		shared.Ctl.Tail.Store(advance(rx.head, uint32(min(benchBatch, left)), rx.n)) // the switch: a batch
		if err := rx.Sync(); err != nil {
			b.Fatal(err)
		}
		batch := rx.Borrow(benchBatch)
		for i := range batch.Len() {
			sum += batch.Buf(i)[12]
		}
		left -= batch.Len()
		batch.Release(batch.Len())
	}
	if sum != 0 {
		b.Fatal("frames are not zero")
	}
}

// BenchmarkCopy is what the machine makes of the same work without a ring's rules: one 64-byte copy into a
// buffer and one slot written.
func BenchmarkCopy(b *testing.B) {
	_, shared, _ := pair(b, benchSlots, benchSlots)
	frame := make([]byte, benchFrame)
	for i := range b.N {
		s := &shared.Array[i%benchSlots]
		s.Len, s.Flags = uint16(copy(shared.Buf(s.BufIdx), frame)), 0
	}
}
