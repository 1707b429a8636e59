package serve

import (
	"errors"
	"fmt"
	"io"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/internal/wire"
)

// ErrNothing says that there is no request to answer now.
var ErrNothing = errors.New("no request")

// tooLong holds every request and a byte more.
const tooLong = wire.MaxRequest + 1

// Request is what a program asks for, still in the socket.
type Request struct {
	conn int
	wire wire.Request
}

// Peek reads the next request on a program's connection, a SOCK_SEQPACKET
// socket. It does not block. The error is ErrNothing, io.EOF when the program
// has closed its end, or one after which the connection is of no use.
//
// A request that makes no sense is refused here, and the error is ErrNothing:
// there may be another one behind it. Peek does not go on to that, since a
// program that never stops would keep its server from everybody else.
func Peek(conn int) (*Request, error) {
	buf := make([]byte, tooLong)
	n, _, err := unix.Recvfrom(conn, buf, unix.MSG_PEEK|unix.MSG_DONTWAIT)
	switch {
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EINTR):
		return nil, ErrNothing
	case errors.Is(err, unix.ECONNRESET), err == nil && n == 0:
		return nil, io.EOF
	case err != nil:
		return nil, fmt.Errorf("receive: %w", err)
	}
	request, err := wire.DecodeRequest(buf[:n])
	q := &Request{conn: conn, wire: request}
	if err == nil {
		return q, nil
	}
	if err := q.refuse(errno(err)); err != nil {
		return nil, err
	}
	return nil, ErrNothing
}

// Name is the name of the port that the program asks for. It can be anything.
func (q *Request) Name() string { return q.wire.Name() }

// Opens says whether the program wants to open the port.
func (q *Request) Opens() bool { return q.wire.Register() != nil }

// Informs says whether it wants to know about the port.
func (q *Request) Informs() bool { return q.wire.Header.ReqType == abi.NETMAP_REQ_PORT_INFO_GET }

// Asks says whether it wants to know what is open on this connection: Grant, or RefuseUnknown.
func (q *Request) Asks() bool { return q.wire.Op == abi.NMU_OP_DESCRIBE }
