package fakeswitch

import (
	"errors"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/region"
)

// open is one program's open of the port: the rings it binds and the goroutine that serves them.
type open struct {
	conn       *net.UnixConn
	bound      []bool
	ifOfs      int
	kick, wake *os.File
	lanes      []*Lane
	done       chan struct{}
}

// newOpen opens the rings; the caller has the switch's lock.
func newOpen(s *Switch, c *net.UnixConn, bound []bool) (*open, error) {
	o := &open{conn: c, bound: bound, done: make(chan struct{})}
	var err error
	if err = s.region.OpenRings(s.port, bound, nil); err != nil {
		return nil, errors.Join(err, unix.ENOMEM)
	}
	if o.ifOfs, err = s.region.AddIf(s.port, bound); err != nil {
		return nil, errors.Join(err, unix.ENOMEM)
	}
	firstRx := s.port.Spec.TxRings + s.port.Spec.HostTxRings
	for i := range firstRx {
		if !bound[i] {
			continue
		}
		tx, err := s.ring(i)
		if err != nil {
			return nil, err
		}
		var rx *region.Ring
		if bound[firstRx+i] {
			if rx, err = s.ring(firstRx + i); err != nil {
				return nil, err
			}
		}
		o.lanes = append(o.lanes, NewLane(tx, rx))
	}
	if o.kick, err = newEventfd("kick"); err != nil {
		return nil, err
	}
	if o.wake, err = newEventfd("wake"); err != nil {
		o.kick.Close()
		return nil, err
	}
	go o.run()
	return o, nil
}

// newEventfd makes a non-blocking eventfd.
func newEventfd(name string) (*os.File, error) {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("eventfd", err)
	}
	return os.NewFile(uintptr(fd), name), nil
}

// run moves frames until stop.
func (o *open) run() {
	defer close(o.done)
	var count [8]byte
	for {
		if o.move() {
			continue
		}
		o.setDoorbells(1)
		// The stores above are full fences before the loads of head that move does.
		if !o.move() {
			if _, err := o.kick.Read(count[:]); err != nil {
				return
			}
		}
		o.setDoorbells(0)
	}
}

// move serves every lane once, and says whether anything was there to do.
func (o *open) move() bool {
	moved, wake := false, false
	for _, l := range o.lanes {
		m, w := l.Move()
		moved, wake = moved || m, wake || w
	}
	if wake {
		o.signal()
	}
	return moved
}

func (o *open) setDoorbells(v uint32) {
	for _, l := range o.lanes {
		l.setDoorbells(v)
	}
}

// signal wakes the program. The eventfd never blocks; when it is full it is signalled already.
func (o *open) signal() { o.wake.Write([]byte{1, 0, 0, 0, 0, 0, 0, 0}) }

// detach stops serving the program and tells it so.
func (o *open) detach() {
	o.halt()
	for _, l := range o.lanes {
		l.detach()
	}
	o.signal()
}

// halt ends run, and waits for it.
func (o *open) halt() {
	o.kick.SetReadDeadline(time.Unix(1, 0))
	for _, l := range o.lanes {
		l.halted.Store(true)
	}
	<-o.done
}

func (o *open) stop() {
	o.halt()
	o.kick.Close()
	o.wake.Close()
}
