package core

// #include "core.h"
// #include "tap.h"
import "C"

import (
	"fmt"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// TapQueue is what the worker's thread copies frames into. One goroutine reads it.
type TapQueue struct {
	c    *C.struct_vale_tap_queue
	mem  []byte
	data []byte
}

// tapHeader is the size of a queue without its data.
const tapHeader = C.sizeof_struct_vale_tap_queue

// NewTapQueue makes a queue for size bytes, a power of 2. Its memory is taken as frames come.
func NewTapQueue(size int) (*TapQueue, error) {
	mem, err := unix.Mmap(-1, 0, tapHeader+size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return nil, fmt.Errorf("memory for captured frames: %w", err)
	}
	q := &TapQueue{c: (*C.struct_vale_tap_queue)(unsafe.Pointer(unsafe.SliceData(mem))), mem: mem, data: mem[tapHeader:]}
	q.c.size = C.uint64_t(size)
	return q, nil
}

// Free gives the memory back; its taps are freed already.
func (q *TapQueue) Free() error { return unix.Munmap(q.mem) }

// TapRecord is one frame. Data is valid until the queue moves on.
type TapRecord struct {
	Time time.Time
	Tag  int
	Tx   bool
	Len  int
	Data []byte
}

// Head is how far the worker has come.
func (q *TapQueue) Head() uint64 { return atomic.LoadUint64((*uint64)(&q.c.head)) }

// Tail is how far the reader has come.
func (q *TapQueue) Tail() uint64 { return uint64(q.c.tail) }

// Peek reads the record at tail into r, with buf as memory for data that goes around the end of the queue. It
// returns where the next record begins.
func (q *TapQueue) Peek(r *TapRecord, buf []byte) (next uint64, _ []byte) {
	var rec C.struct_vale_tap_record
	at := q.Tail()
	head, buf := q.bytes(at, int(unsafe.Sizeof(rec)), buf)
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&rec)), unsafe.Sizeof(rec)), head)
	at += uint64(unsafe.Sizeof(rec))
	r.Data, buf = q.bytes(at, int(rec.caplen), buf)
	r.Time, r.Tag, r.Tx, r.Len = time.Unix(0, int64(rec.time)), int(rec.tag), rec.tx != 0, int(rec.len)
	return (at + uint64(rec.caplen) + 7) &^ 7, buf
}

// Advance gives the bytes before next back to the worker.
func (q *TapQueue) Advance(next uint64) { atomic.StoreUint64((*uint64)(&q.c.tail), next) }

// bytes returns n bytes from number at on, in place or in buf.
func (q *TapQueue) bytes(at uint64, n int, buf []byte) (_, _ []byte) {
	place := int(at % uint64(len(q.data)))
	if place+n <= len(q.data) {
		return q.data[place : place+n], buf
	}
	buf = append(append(buf[:0], q.data[place:]...), q.data[:n-(len(q.data)-place)]...)
	return buf, buf
}

// Tap copies the frames of a port into a queue.
type Tap struct{ c *C.struct_vale_tap }

// NewTap starts a tap; see tap.h. The worker's thread calls it.
func (p *Port) NewTap(q *TapQueue, tag, snaplen int, host bool) (*Tap, error) {
	c, err := C.vale_tap_new(p.c, q.c, C.uint32_t(tag), C.uint32_t(snaplen), C.bool(host))
	if c == nil {
		return nil, err
	}
	return &Tap{c}, nil
}

// Free ends the tap, before its port. The worker's thread calls it.
func (t *Tap) Free() { C.vale_tap_free(t.c) }

// Lost is the number of frames for which the queue had no room. Any goroutine may call it before Free.
func (t *Tap) Lost() uint64 { return uint64(C.vale_tap_lost(t.c)) }
