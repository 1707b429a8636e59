package tap

import (
	"slices"
	"time"

	"github.com/valelab/valelab/netmap/vale"
)

// queue holds the frames that wait for the reader, of all points of a capture. What finds no room is counted.
type queue struct {
	room    int // bytes
	snaplen int
	records []record
	data    []byte
	lost    []uint64 // by point
}

// record is a frame whose bytes are data[from:to].
type record struct {
	point    int
	time     time.Time
	sent     bool
	len      int
	from, to int
}

// recordCost is what a record takes beside its bytes.
const recordCost = 80

func newQueue(points, room, snaplen int) queue {
	return queue{room: room, snaplen: snaplen, lost: make([]uint64, points)}
}

// put adds a frame, which may come in pieces.
func (q *queue) put(r record, pieces ...[]byte) {
	left := q.snaplen
	r.from = len(q.data)
	if r.from+min(r.len, left)+recordCost*len(q.records) > q.room {
		q.lost[r.point]++
		return
	}
	for _, piece := range pieces {
		piece = piece[:min(len(piece), left)]
		q.data = append(q.data, piece...)
		left -= len(piece)
	}
	r.to = len(q.data)
	q.records = append(q.records, r)
}

// batch is what the reader takes of a queue at once.
type batch struct {
	records []record
	data    []byte
	next    int
}

// take exchanges what is in the queue for the memory of a batch that was read.
func (q *queue) take(b *batch) {
	b.records, q.records = q.records, b.records[:0]
	b.data, q.data = q.data, b.data[:0]
	b.next = 0
	slices.SortStableFunc(b.records, func(x, y record) int { return x.time.Compare(y.time) })
}

// emit hands over frames in the order of their times, until the first error.
func (b *batch) emit(emit func(vale.Captured) error) error {
	for b.next < len(b.records) {
		r := &b.records[b.next]
		b.next++
		err := emit(vale.Captured{Point: r.point, Time: r.time, Sent: r.sent, Len: r.len, Data: b.data[r.from:r.to]})
		if err != nil {
			return err
		}
	}
	return nil
}
