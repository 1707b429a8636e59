package tap

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/valelab/valelab/netmap/vale"
)

func TestGate(t *testing.T) {
	at := func(n int64) time.Time { return time.Unix(n, 0) }
	var g gate
	if g.at(at(1)) {
		t.Error("open before anybody has opened it")
	}
	g.set(true, at(10))
	g.set(false, at(20))
	g.set(true, at(30))
	for _, c := range []struct {
		at   int64
		open bool
	}{{9, false}, {10, true}, {19, true}, {20, false}, {29, false}, {31, true}, {99, true}} {
		if got := g.at(at(c.at)); got != c.open {
			t.Errorf("at %d: %t", c.at, got)
		}
	}
}

// What is put comes out in the order of its time, cut as asked for, also when the reader stops in between; what finds
// no room is counted for its point.
func TestQueue(t *testing.T) {
	q := newQueue(2, 1000, 10)
	frame := bytes.Repeat([]byte("0123456789"), 6)
	q.put(record{point: 1, time: time.Unix(2, 0), len: 60}, frame)
	q.put(record{point: 0, time: time.Unix(1, 0), sent: true, len: 16}, []byte("abcdef"), []byte("tag!"), []byte("ghijkl"))
	var b batch
	q.take(&b)
	q.put(record{point: 0, time: time.Unix(0, 0), len: 1}, []byte("z")) // while the batch is read
	stop := errors.New("stop")
	var got []vale.Captured
	emit := func(f vale.Captured) error {
		f.Data = bytes.Clone(f.Data)
		got = append(got, f)
		return stop
	}
	if err := b.emit(emit); err != stop || len(got) != 1 {
		t.Fatalf("%v, %+v", err, got)
	}
	for range 3 {
		if err := b.emit(emit); err != nil && err != stop {
			t.Fatal(err)
		}
	}
	want := []vale.Captured{
		{Point: 0, Time: time.Unix(1, 0), Sent: true, Len: 16, Data: []byte("abcdeftag!")},
		{Point: 1, Time: time.Unix(2, 0), Len: 60, Data: []byte("0123456789")},
	}
	if !slices.EqualFunc(got, want, func(a, b vale.Captured) bool {
		return a.Point == b.Point && a.Time.Equal(b.Time) && a.Sent == b.Sent && a.Len == b.Len && bytes.Equal(a.Data, b.Data)
	}) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	for range 20 {
		q.put(record{point: 1, len: 60}, frame)
	}
	if q.lost[0] != 0 || q.lost[1] == 0 || q.lost[1]+uint64(len(q.records)) != 21 {
		t.Errorf("%d records, lost %d", len(q.records), q.lost)
	}
	q.take(&b)
	if len(q.records) != 0 || len(b.records) == 0 {
		t.Error("the queue is as it was")
	}
}
