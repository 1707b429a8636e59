package pktgen

import (
	"github.com/valelab/valelab/netmap"
	"github.com/valelab/valelab/netmap/pktgen/internal/packet"
)

// lane is a ring and the flow that it sends.
type lane struct {
	ring  *netmap.TxRing
	flow  *packet.Template
	seq   uint64
	parts [][]byte // of a frame that is longer than a buffer; else nil
}

// slots is the number of slots that a frame takes.
func (l *lane) slots() int { return max(1, len(l.parts)) }

// send commits up to n frames and gives how many there was room for.
func (l *lane) send(n int, stamp uint32) int {
	if l.parts != nil {
		return l.sendParts(n, stamp)
	}
	b := l.ring.Borrow(n)
	n = b.Len()
	frames, size := l.flow.Frames(l.seq, stamp), l.flow.Size()
	for i := range n {
		frames.Put(b.Buf(i))
		b.SetLen(i, size)
	}
	b.Commit(n)
	l.seq += uint64(n)
	return n
}

// sendParts is send for frames of several slots.
func (l *lane) sendParts(n int, stamp uint32) int {
	b := l.ring.Borrow(n * len(l.parts))
	n = b.Len() / len(l.parts)
	frames := l.flow.Frames(l.seq, stamp)
	for f := range n {
		first := f * len(l.parts)
		for i := range l.parts {
			l.parts[i] = b.Buf(first + i)
		}
		frames.PutParts(l.parts)
		rest := l.flow.Size()
		for i, part := range l.parts {
			b.SetLen(first+i, min(rest, len(part)))
			if rest -= len(part); rest > 0 {
				b.SetFlags(first+i, netmap.MoreFrag)
			}
		}
	}
	b.Commit(n * len(l.parts))
	l.seq += uint64(n)
	return n
}
