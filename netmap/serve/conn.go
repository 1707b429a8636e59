package serve

import (
	"errors"
	"fmt"
	"io"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/internal/region"
	"github.com/valelab/valelab/netmap/internal/wire"
	"github.com/valelab/valelab/netmap/kernel"
	"github.com/valelab/valelab/netmap/vale"
)

// ErrNothing says that there is no request to answer now.
var ErrNothing = errors.New("no request")

// Conn is a program's open of netmap's device: a SOCK_SEQPACKET connection,
// with rings once the program has asked for some.
type Conn struct {
	space *Space
	fd    int

	adapter *adapter
	open    *vale.Open // nil: nothing is open
	entry   string     // of the open

	device kernel.Device // of the module, until it is sent
}

// NewConn begins a connection, whose descriptor stays the caller's.
func (s *Space) NewConn(fd int) *Conn { return &Conn{space: s, fd: fd, device: -1} }

// Opened says whether the program has rings.
func (c *Conn) Opened() bool { return c.open != nil }

// Endpoint is the name of the endpoint whose rings the program has; empty: it
// has none of an endpoint.
func (c *Conn) Endpoint() string {
	if c.open == nil || c.adapter.endpoint == nil {
		return ""
	}
	return c.adapter.name
}

// Port is the port whose rings the program has, or nil.
func (c *Conn) Port() *vale.Port {
	if c.open == nil {
		return nil
	}
	return c.adapter.port
}

// Serve answers the next request. It does not block. The error is ErrNothing,
// io.EOF when the program has closed its end, or one after which the connection
// is of no use.
//
// One call answers one request, also one that makes no sense: a program that
// never stops would keep its server from everybody else.
func (c *Conn) Serve() error {
	q, err := peek(c.fd)
	if q == nil {
		return err
	}
	reply := wire.NewReply(*q)
	if err == nil {
		err = c.carryOut(q, &reply)
	}
	if err != nil {
		reply.Errno = errno(err)
	}
	return c.answerWith(&reply)
}

// grantAgain answers a registration that was carried out before.
func (c *Conn) grantAgain(q *wire.Request) error {
	reply := wire.NewReply(*q)
	c.fill(q.Register())
	reply.Grant = c.grant()
	return c.answerWith(&reply)
}

// answerWith sends a reply, a grant with its files.
func (c *Conn) answerWith(reply *wire.Reply) error {
	if reply.Errno != 0 || reply.Grant == nil {
		return c.answer(reply)
	}
	if c.device >= 0 {
		return c.answerModule(reply)
	}
	files := c.open.Files()
	fds, err := FDs(files.Region, files.Kick, files.Wake)
	if err != nil {
		return err
	}
	return c.answer(reply, fds...)
}

// peek reads the next request and leaves it in the socket. An error with a
// request is one to answer with.
func peek(fd int) (*wire.Request, error) {
	buf := make([]byte, wire.MaxRequest+1)
	n, _, err := unix.Recvfrom(fd, buf, unix.MSG_PEEK|unix.MSG_DONTWAIT)
	switch {
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EINTR):
		return nil, ErrNothing
	case errors.Is(err, unix.ECONNRESET), err == nil && n == 0:
		return nil, io.EOF
	case err != nil:
		return nil, fmt.Errorf("receive: %w", err)
	}
	q, err := wire.DecodeRequest(buf[:n])
	return &q, err
}

// carryOut does what a request asks for and completes the reply.
func (c *Conn) carryOut(q *wire.Request, reply *wire.Reply) error {
	s := c.space
	if q.Op == abi.NMU_OP_DESCRIBE {
		if c.open == nil {
			return unix.ENXIO
		}
		reply.Grant = c.grant()
		return nil
	}
	if e, base, pipe := s.moduleOf(q.Name()); e != nil {
		return c.onModule(e, base, pipe, q, reply)
	}
	if done, err := c.onNative(q, reply); done || err != nil {
		return err
	}
	switch body := q.Body.(type) {
	case *abi.ReqRegister:
		return c.register(q, body, reply)
	case *abi.ReqPortInfo:
		return s.portInfo(q.Name(), body)
	case *abi.ReqPoolsInfo:
		return s.poolsInfo(q.Name(), body)
	case *abi.ReqAttach:
		return s.attachPort(q.Name(), body)
	case *abi.ReqDetach:
		return s.detachPort(q.Name(), body)
	case *abi.ReqList:
		return s.list(&reply.Header, q.Name(), body)
	case *abi.ReqNewIf:
		return s.newIf(q.Name(), body)
	case *abi.ReqPortHdr:
		if q.Header.ReqType == abi.NETMAP_REQ_PORT_HDR_SET {
			return s.setHdr(q.Name(), body)
		}
		return s.getHdr(q.Name(), body)
	case *abi.ReqPolling:
		return s.polling(q.Name())
	}
	switch q.Header.ReqType {
	case abi.NETMAP_REQ_VALE_DELIF:
		return s.delIf(q.Name())
	case abi.NETMAP_REQ_CSB_ENABLE:
		if q.Option(abi.NETMAP_REQ_OPT_CSB) == nil {
			return unix.EINVAL
		}
		return unix.EOPNOTSUPP
	case abi.NETMAP_REQ_SYNC_KLOOP_START, abi.NETMAP_REQ_SYNC_KLOOP_STOP:
		if c.open == nil {
			return unix.ENXIO
		}
		return unix.EOPNOTSUPP
	}
	return unix.EINVAL
}

// register opens rings.
func (c *Conn) register(q *wire.Request, want *abi.ReqRegister, reply *wire.Reply) error {
	if c.open != nil {
		return unix.EBUSY
	}
	s := c.space
	if err := s.host.Admit(); err != nil {
		return err
	}
	m, release, err := s.holdMemory(want.MemID)
	if err != nil {
		return err
	}
	defer release()
	a, err := s.get(q.Name(), want, m, true)
	if err != nil {
		return err
	}
	defer s.hold(a)()
	if a.attached != nil || a.place != nil {
		return unix.EBUSY // it is a switch's
	}
	if a.hdr != 0 && want.Flags&abi.NR_ACCEPT_VNET_HDR == 0 {
		return unix.EIO
	}
	offsets, err := parseOffsets(q, a.memory.Geometry().BufSize)
	if err != nil {
		return err
	}
	err = c.openRings(a, openRecord{
		Mode: want.Mode, RingID: int(want.RingID), Flags: want.Flags, Extra: bound(want.ExtraBufs, 0, 0, a.mostExtra()),
	}, offsets.want(), nil)
	offsets.answer(err)
	if err != nil {
		return err
	}
	err = checkOptions(q, want)
	if err == nil {
		s.lastOpen++
		c.entry = s.entry(strconv.Itoa(s.lastOpen))
		err = c.keep()
	}
	if err == nil && c.kind() == KindMonitor {
		err = a.memory.keepLatest() // monitors are restored behind the opens
	}
	if err != nil {
		c.Close()
		return err
	}
	c.fill(want)
	reply.Grant = c.grant()
	return nil
}

// openRings opens rings of an adapter, or with restore opens them again.
func (c *Conn) openRings(a *adapter, r openRecord, offsets *vale.Offsets, restore *vale.Restore) (err error) {
	c.open, err = a.port.OpenRings(vale.OpenConfig{
		Interface: a.spec.Name, Mode: r.Mode, RingID: r.RingID, Flags: r.Flags, Extra: r.Extra,
		Spec: &a.spec, Memory: a.memory.Memory, Offsets: offsets, Restore: restore,
	})
	if err != nil {
		return err
	}
	c.adapter = a
	a.users++
	a.memory.opens[c] = struct{}{}
	return nil
}

// fill completes the body of a registration.
func (c *Conn) fill(want *abi.ReqRegister) {
	*want = c.open.Register()
	want.MemID = c.adapter.memory.id
}

// grant is that of the open.
func (c *Conn) grant() *abi.Grant {
	g := c.open.Grant()
	g.Kind = c.adapter.kind
	return &g
}

// Close gives back what the program has open, and forgets it.
func (c *Conn) Close() error {
	if c.open == nil {
		return nil
	}
	err := c.open.Close()
	c.open = nil
	if c.entry != "" {
		err = errors.Join(err, c.space.host.Forget(c.kind(), c.entry))
	}
	m := c.adapter.memory
	delete(m.opens, c)
	c.adapter.users--
	c.space.drop(c.adapter)
	c.adapter = nil
	return errors.Join(err, m.keepLatest())
}

// answer sends a reply and takes the request out of the socket, in this order:
// a server that is killed in between leaves it to the next one.
func (c *Conn) answer(reply *wire.Reply, fds ...int) error {
	var rights []byte
	if len(fds) > 0 {
		rights = unix.UnixRights(fds...)
	}
	// A program that does not read its replies fills its own socket: it loses the connection.
	err := unix.Sendmsg(c.fd, reply.Encode(), rights, nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
	if err != nil {
		return fmt.Errorf("send: %w", err)
	}
	var byte1 [1]byte
	if _, _, err := unix.Recvfrom(c.fd, byte1[:], unix.MSG_DONTWAIT); err != nil {
		return fmt.Errorf("receive: %w", err)
	}
	return nil
}

// errno picks the error number that netmap(4) has for an error.
func errno(err error) unix.Errno {
	var number unix.Errno
	switch {
	case errors.As(err, &number):
		return number
	case errors.Is(err, vale.ErrBusy):
		return unix.EBUSY
	case errors.Is(err, vale.ErrInvalid):
		return unix.EINVAL
	case errors.Is(err, vale.ErrClosed):
		return unix.ENXIO
	case errors.Is(err, region.ErrNoRoom), errors.Is(err, vale.ErrFull):
		return unix.ENOMEM
	}
	return unix.EIO
}
