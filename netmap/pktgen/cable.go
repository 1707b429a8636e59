package pktgen

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/valelab/valelab/netmap"
)

// cable is one direction. It uses the receive rings of one port and the
// transmit rings of the other, and nobody else does.
type cable struct {
	from           *netmap.Port
	rx             []*netmap.RxRing
	tx             []*netmap.TxRing
	packets, bytes atomic.Uint64
	dropped        uint64
	held           bool // the last move took nothing, for want of room in the transmit ring
}

func newCable(from, to *netmap.Port) cable {
	return cable{
		from: from,
		rx:   slices.Concat(from.RxRings(), from.HostRx()),
		tx:   slices.Concat(to.TxRings(), to.HostTx()),
	}
}

// full is how long to let the switch empty a full transmit ring. Only the
// receiving side of a port sleeps in Poll, so that two goroutines never do in
// one port.
const full = 20 * time.Microsecond

func (c *cable) run(ctx context.Context) error {
	for ctx.Err() == nil {
		moved, waiting, err := c.round()
		switch {
		case err != nil:
			return err
		case moved > 0:
		case waiting:
			time.Sleep(full)
		default:
			if err := await(ctx, c.from, netmap.In, forever); err != nil {
				return err
			}
		}
	}
	return nil
}

// round moves what it can, once. It says how many slots it took, and whether
// frames wait for room: then it is not for others to come that one waits.
func (c *cable) round() (moved int, waiting bool, err error) {
	for i, rx := range c.rx {
		tx := c.tx[i%len(c.tx)]
		moved += c.move(rx, tx)
		waiting = waiting || c.held
		if err := tx.Sync(); err != nil {
			return moved, waiting, err
		}
		if err := rx.Sync(); err != nil {
			return moved, waiting, err
		}
	}
	return moved, waiting, nil
}

// move copies whole frames from a ring to another and gives the number of
// slots it took from rx.
func (c *cable) move(rx *netmap.RxRing, tx *netmap.TxRing) int {
	in, out := rx.Borrow(rx.Slots()), tx.Borrow(tx.Slots())
	n, packets := wholeFrames(in, out.Len(), quarter(batch, tx.Slots()))
	var bytes uint64
	for i := range n {
		size := copy(out.Buf(i), in.Buf(i))
		bytes += uint64(size)
		out.SetLen(i, size)
		if flags := in.Flags(i) & netmap.MoreFrag; flags != 0 {
			out.SetFlags(i, flags)
		}
	}
	out.Commit(n)
	fullRx, emptyTx := in.Len() == rx.Slots()-1, out.Len() == tx.Slots()-1
	if n == 0 && (fullRx && out.Len() >= in.Len() || emptyTx && in.Len() >= out.Len()) {
		// A frame as long as a ring will never be whole here, or never go out.
		n = in.Len()
		c.dropped += uint64(n)
	}
	// As things were when it was tried: the sync that follows may make the room,
	// and if the receive ring is full no other frame comes to tell of it.
	c.held = n == 0 && in.Len() > 0 && !emptyTx
	in.Release(n)
	if n == 0 {
		rx.Await(rx.Available())
	}
	c.packets.Add(packets)
	c.bytes.Add(bytes)
	return n
}

// wholeFrames gives the number of slots at the head of a batch that hold whole
// frames, and how many frames. It takes no more than limit slots and stops at
// the first frame that ends behind enough of them.
func wholeFrames(b netmap.RxBatch, limit, enough int) (slots int, frames uint64) {
	for i := 0; i < min(b.Len(), limit) && slots < enough; i++ {
		if b.Flags(i)&netmap.MoreFrag == 0 {
			slots = i + 1
			frames++
		}
	}
	return slots, frames
}
