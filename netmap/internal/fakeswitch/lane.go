package fakeswitch

import (
	"sync/atomic"

	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/internal/region"
)

// Lane is a send ring and the receive ring that it feeds. It belongs to one goroutine.
type Lane struct {
	tx, rx *region.Ring // rx may be nil: then frames vanish
	halted atomic.Bool

	taken uint32 // slots of tx before this one have been moved
	fill  uint32 // next slot of rx to be filled
}

// NewLane makes a lane of two rings as they were laid out. Either all of its frames go to rx or, if rx is
// nil, nowhere.
func NewLane(tx, rx *region.Ring) *Lane {
	l := &Lane{tx: tx, rx: rx}
	if rx != nil {
		l.fill = rx.Ctl.Tail.Load()
	}
	return l
}

// Move moves what is there and fits. It says whether it moved anything and whether a program sleeps on a
// ring that moved.
func (l *Lane) Move() (moved, wake bool) {
	n := uint32(len(l.tx.Array))
	head := l.tx.Ctl.Head.Load()
	if l.halted.Load() || head >= n || head == l.taken {
		return false, false
	}
	from := l.taken
	for l.taken != head && (l.rx == nil || l.copy()) {
		l.taken = (l.taken + 1) % n
	}
	if l.taken == from {
		return false, false
	}
	l.tx.Ctl.Cur.Store(l.taken)
	wake = publish(l.tx, (l.taken+n-1)%n)
	if l.rx != nil {
		l.rx.Ctl.Cur.Store(l.rx.Ctl.Head.Load())
		wake = publish(l.rx, l.fill) || wake
	}
	return true, wake
}

// copy copies one slot, if there is room.
func (l *Lane) copy() bool {
	n := uint32(len(l.rx.Array))
	next := (l.fill + 1) % n
	if next == l.rx.Ctl.Head.Load() {
		return false
	}
	src, dst := &l.tx.Array[l.taken], &l.rx.Array[l.fill]
	buf := l.tx.Buf(src.BufIdx)
	dst.Len = uint16(copy(l.rx.Buf(dst.BufIdx), buf[:min(int(src.Len), len(buf))]))
	dst.Flags = src.Flags
	l.fill = next
	return true
}

// publish moves tail, and says whether the program sleeps on this ring. The store is a full fence before
// the load of wait.
func publish(r *region.Ring, tail uint32) bool {
	r.Ctl.Tail.Store(tail)
	return r.Ctl.Wait.Load() != 0
}

// setDoorbells says on both rings whether the switch sleeps.
func (l *Lane) setDoorbells(v uint32) {
	l.tx.Ctl.Doorbell.Store(v)
	if l.rx != nil {
		l.rx.Ctl.Doorbell.Store(v)
	}
}

// detach marks both rings as taken away. Nobody may be moving frames any more.
func (l *Lane) detach() {
	l.tx.Ctl.Tail.Store(abi.NMU_DETACHED)
	if l.rx != nil {
		l.rx.Ctl.Tail.Store(abi.NMU_DETACHED)
	}
}
