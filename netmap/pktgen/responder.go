package pktgen

import (
	"fmt"
	"slices"

	"github.com/valelab/valelab/netmap"
	"github.com/valelab/valelab/netmap/pktgen/internal/packet"
)

// minBuf is the least buffer size, in bytes, that the programs work with: room
// for every header that they write.
const minBuf = 128

// rings gives all rings of a port that are open, NIC rings first, or an error
// if there are none of a direction or their buffers are too small.
func rings(port *netmap.Port) ([]*netmap.TxRing, []*netmap.RxRing, error) {
	tx := slices.Concat(port.TxRings(), port.HostTx())
	rx := slices.Concat(port.RxRings(), port.HostRx())
	if len(tx) == 0 || len(rx) == 0 {
		return nil, nil, fmt.Errorf("port %s: %d transmit and %d receive rings are open, want both", port.Name(), len(tx), len(rx))
	}
	if n := min(tx[0].BufSize(), rx[0].BufSize()); n < minBuf {
		return nil, nil, fmt.Errorf("port %s: buffers of %d bytes, want at least %d", port.Name(), n, minBuf)
	}
	return tx, rx, nil
}

// responder answers for a station on a ring.
type responder struct {
	packet.Station
	ring *netmap.TxRing
}

// answer sends the answer to a frame, at the next sync, and says whether there
// is one. Without room in the ring the answer is lost, as on every network.
func (r *responder) answer(frame []byte) bool {
	b := r.ring.Borrow(1)
	if b.Len() == 0 {
		return false
	}
	n := 0
	if to := b.Buf(0); len(frame) <= len(to) {
		n = r.Reply(to, frame)
	}
	if n == 0 {
		return false
	}
	b.SetLen(0, n)
	b.Commit(1)
	return true
}

// eachFrame calls f for every frame of the ring's next batch that is in one
// slot, and gives the batch back. A frame is valid during its call.
func eachFrame(ring *netmap.RxRing, f func(frame []byte)) (slots int, err error) {
	b := ring.Borrow(quarter(batch, ring.Slots()))
	for i := range b.Len() {
		if flags := b.Flags(i); flags&netmap.MoreFrag == 0 && flags>>8 <= 1 {
			f(b.Buf(i))
		}
	}
	slots = b.Len()
	b.Release(slots)
	return slots, ring.Sync()
}
