package fakeswitch

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/internal/region"
	"github.com/valelab/valelab/netmap/internal/wire"
)

// Config describes the one port of a Switch.
type Config struct {
	Interface string // eth1 if empty
	Rings     int    // NIC rings each way; 1 if 0
	Slots     int    // 1024 if 0
	BufSize   int    // bytes; 2048 if 0

	Alter func(*wire.Reply) // if not nil, changes each reply before it is sent
}

// Switch serves one port with one host ring each way. Its methods may be called by any goroutine.
type Switch struct {
	alter    func(*wire.Reply)
	dir      string
	listener *net.UnixListener
	conns    sync.WaitGroup

	mu     sync.Mutex
	region *region.Region
	port   *region.Port
	opens  map[*open]struct{}
	closed bool
}

// Start makes a switch that listens at Path.
func Start(c Config) (*Switch, error) {
	if c.Interface == "" {
		c.Interface = "eth1"
	}
	if c.Rings == 0 {
		c.Rings = 1
	}
	if c.Slots == 0 {
		c.Slots = 1024
	}
	spec := region.Spec{
		Name: c.Interface, TxRings: c.Rings, RxRings: c.Rings, HostTxRings: 1, HostRxRings: 1,
		TxSlots: c.Slots, RxSlots: c.Slots,
	}
	geo, err := region.Fit(spec, region.Room{BufSize: c.BufSize})
	if err != nil {
		return nil, err
	}
	s := &Switch{alter: c.Alter, opens: make(map[*open]struct{})}
	if s.region, err = region.Create(c.Interface, geo); err != nil {
		return nil, err
	}
	if s.port, err = s.region.NewPort(spec); err == nil {
		err = s.listen()
	}
	if err != nil {
		return nil, errors.Join(err, s.region.Close())
	}
	s.conns.Go(s.accept)
	return s, nil
}

func (s *Switch) listen() (err error) {
	if s.dir, err = os.MkdirTemp("", "nmswitch"); err != nil {
		return err
	}
	s.listener, err = net.ListenUnix("unixpacket", &net.UnixAddr{Name: s.Path(), Net: "unixpacket"})
	return err
}

// Path is the switch's socket.
func (s *Switch) Path() string { return filepath.Join(s.dir, "sock") }

// Opens is the number of opens at this moment.
func (s *Switch) Opens() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.opens)
}

// Ring gives the switch's own view of ring i of the port, in the order of ring_ofs, for tests that tamper
// with it.
func (s *Switch) Ring(i int) (*region.Ring, error) {
	s.mu.Lock() // an open sets the rings up
	defer s.mu.Unlock()
	return s.ring(i)
}

// ring is Ring for who has the lock.
func (s *Switch) ring(i int) (*region.Ring, error) { return s.region.Ring(s.port, i) }

// Detach takes the port away from all programs, as a switch does with one that breaks the rules.
func (s *Switch) Detach() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for o := range s.opens {
		o.detach()
	}
}

// Close ends all connections and waits until everything is given back.
func (s *Switch) Close() error {
	s.mu.Lock()
	s.closed = true
	for o := range s.opens {
		o.conn.Close()
	}
	s.mu.Unlock()
	err := s.listener.Close()
	s.conns.Wait()
	return errors.Join(err, s.region.Close(), os.RemoveAll(s.dir))
}

func (s *Switch) accept() {
	for {
		c, err := s.listener.AcceptUnix()
		if err != nil {
			return // closed
		}
		s.conns.Go(func() { s.serve(c) })
	}
}

// serve answers one program until it closes its end.
func (s *Switch) serve(c *net.UnixConn) {
	defer c.Close()
	var o *open
	for {
		q, err := wire.ReadRequest(c)
		var errno unix.Errno
		if err != nil && !errors.As(err, &errno) {
			break
		}
		r := wire.NewReply(q)
		var files []*os.File
		switch {
		case err != nil:
			r.Errno = errno
		case q.Name() != s.port.Spec.Name:
			r.Errno = unix.ENXIO
		case q.Header.ReqType == abi.NETMAP_REQ_PORT_INFO_GET:
			s.describe(&r)
		case o != nil:
			r.Errno = unix.EBUSY
		case q.Register() == nil:
			r.Errno = unix.EOPNOTSUPP
		default:
			if o, err = s.register(c, &r); err != nil && !errors.As(err, &r.Errno) {
				r.Errno = unix.EINVAL
			}
			if o != nil {
				files = []*os.File{s.region.File(), o.kick, o.wake}
			}
		}
		if s.alter != nil {
			s.alter(&r)
		}
		if r.Errno != 0 {
			files = nil
		}
		if wire.WriteReply(c, r, files...) != nil {
			break
		}
	}
	if o != nil {
		s.release(o)
	}
}

// describe fills in the answer to NETMAP_REQ_PORT_INFO_GET.
func (s *Switch) describe(r *wire.Reply) {
	sp := s.port.Spec
	r.Body = &abi.ReqPortInfo{
		Memsize: uint64(s.region.Geometry().MemSize()), TxSlots: uint32(sp.TxSlots), RxSlots: uint32(sp.RxSlots),
		TxRings: uint16(sp.TxRings), RxRings: uint16(sp.RxRings),
		HostTxRings: uint16(sp.HostTxRings), HostRxRings: uint16(sp.HostRxRings), MemID: 2,
	}
}

// register opens rings for a program and fills in the answer.
func (s *Switch) register(c *net.UnixConn, r *wire.Reply) (*open, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := r.Body.(*abi.ReqRegister)
	bound, err := s.port.Select(q.Mode, q.RingID, q.Flags)
	if err != nil {
		return nil, err
	}
	if s.closed {
		return nil, unix.ENXIO
	}
	for o := range s.opens {
		for i := range bound {
			if bound[i] && o.bound[i] {
				return nil, unix.EBUSY
			}
		}
	}
	o, err := newOpen(s, c, bound)
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	s.opens[o] = struct{}{}
	sp := s.port.Spec
	q.Offset, q.Memsize, q.MemID = uint64(o.ifOfs), uint64(s.region.Geometry().MemSize()), 2
	q.TxSlots, q.RxSlots = uint32(sp.TxSlots), uint32(sp.RxSlots)
	q.TxRings, q.RxRings = uint16(sp.TxRings), uint16(sp.RxRings)
	q.HostTxRings, q.HostRxRings = uint16(sp.HostTxRings), uint16(sp.HostRxRings)
	grant := s.region.Grant(s.port, o.ifOfs)
	grant.Mode, grant.Flags = q.Mode, q.Flags
	r.Grant = &grant
	return o, nil
}

// release takes back what a program had open.
func (s *Switch) release(o *open) {
	o.stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.opens, o)
	s.region.DropIf(o.ifOfs)
	for i, is := range o.bound {
		if is {
			s.region.CloseRing(s.port, i)
		}
	}
}
