package netmap

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/region"
)

// Port is an open netmap port, from Open until Close. See the package comment for concurrency.
type Port struct {
	name     string // as given to Open
	view     *region.View
	noTxPoll bool
	closed   bool

	native *native // the module has the rings; nil: the user-space switch has

	sock int // its end closes the port; HUP says that the switch has gone; -1: a port of the module's
	kick int // eventfd, program to switch; does not block; -1: a port of the module's
	wake int // pipe or eventfd, switch to program; does not block

	sleeps      uint32 // number of the last sleep, never 0 while asleep
	interrupted atomic.Bool
	ending      sync.Mutex // Close against Interrupt, which any goroutine may call

	tx, rx []*ring // all rings that are open, NIC rings first

	txRings, hostTx []*TxRing
	rxRings, hostRx []*RxRing
}

// newPort makes a port of what the switch granted; it owns all of it.
func newPort(name string, view *region.View, sock, kick, wake int) *Port {
	p := &Port{name: name, view: view, sock: sock, kick: kick, wake: wake}
	for _, m := range view.Rings {
		if m.Tx {
			r := &TxRing{newRing(p, m)}
			p.tx = append(p.tx, &r.ring)
			if m.Host {
				p.hostTx = append(p.hostTx, r)
			} else {
				p.txRings = append(p.txRings, r)
			}
		} else {
			r := &RxRing{newRing(p, m)}
			p.rx = append(p.rx, &r.ring)
			if m.Host {
				p.hostRx = append(p.hostRx, r)
			} else {
				p.rxRings = append(p.rxRings, r)
			}
		}
	}
	return p
}

// Name is the interface, such as eth1.
func (p *Port) Name() string { return p.view.Name }

// TxRings are the rings that send to the switch, those of them that are open. The slice is the port's.
func (p *Port) TxRings() []*TxRing { return p.txRings }

// RxRings are the rings that receive from the switch, those of them that are open. The slice is the port's.
func (p *Port) RxRings() []*RxRing { return p.rxRings }

// HostTx are the rings that send to the kernel's stack: what goes in there, the node's interface receives.
func (p *Port) HostTx() []*TxRing { return p.hostTx }

// HostRx are the rings that receive what the kernel's stack sends out of the interface.
func (p *Port) HostRx() []*RxRing { return p.hostRx }

// TxSync hands committed slots of all TX rings to the switch and takes back those that it has consumed.
// It does not wait for the user-space switch; on the module all are consumed on return, as in netmap(4).
func (p *Port) TxSync() error {
	if p.native != nil {
		return p.native.sync(p.tx)
	}
	return syncAll(p.tx)
}

// RxSync gives released slots of all RX rings back to the switch and takes what has been received.
func (p *Port) RxSync() error {
	if p.native != nil {
		return p.native.sync(p.rx)
	}
	return syncAll(p.rx)
}

func syncAll(rings []*ring) error {
	for _, r := range rings {
		if err := r.sync(); err != nil {
			return err
		}
	}
	return nil
}

// Interrupt makes the Poll that sleeps, or else the next one that would, return as after its timeout. Unlike
// all other methods it may be called from any goroutine, also after Close, when it does nothing.
func (p *Port) Interrupt() {
	p.ending.Lock()
	defer p.ending.Unlock()
	if p.closed {
		return
	}
	p.interrupted.Store(true)
	signal(p.wake) // after the store: Poll looks at it when it has taken the signal
}

// Close gives the port back: sockets on the interface work again. Frames that were synced are still
// delivered, others are lost. Batches of the port end; bytes got from their Buf must not be touched
// any more, that memory is gone. The second Close fails with ErrClosed.
func (p *Port) Close() error {
	if p.closed {
		return p.fail("close", ErrClosed)
	}
	p.ending.Lock()
	defer p.ending.Unlock()
	p.closed = true
	for _, r := range slices.Concat(p.tx, p.rx) {
		r.close()
	}
	err := p.view.Close()
	if p.native != nil {
		err = errors.Join(err, p.native.device.Close())
	}
	for _, fd := range []int{p.sock, p.kick, p.wake} {
		if fd >= 0 {
			err = errors.Join(err, unix.Close(fd))
		}
	}
	if err != nil {
		return p.fail("close", err)
	}
	return nil
}

func (p *Port) fail(op string, err error) error { return &Error{Op: op, Port: p.name, Err: err} }
