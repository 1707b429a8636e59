package serve

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/internal/region"
	"github.com/valelab/valelab/netmap/internal/wire"
	"github.com/valelab/valelab/netmap/vale"
)

// Rings says which rings of a port an open binds, and how. A server that
// restores an open must know them; it keeps them as JSON.
type Rings struct {
	Mode   uint32 `json:"mode"`              // nr_mode of netmap(4)
	RingID int    `json:"ring-id,omitempty"` // in the mode that binds one ring
	Flags  uint64 `json:"flags,omitempty"`   // nr_flags, those that are known
}

// known are the flags that an open keeps; netmap(4) ignores others, too.
const known = abi.NR_EXCLUSIVE | abi.NR_RX_RINGS_ONLY | abi.NR_TX_RINGS_ONLY | abi.NR_NO_TX_POLL

// Geometry is that of a port, whatever a program asks for.
type Geometry struct {
	Rings int // NIC rings each way; one host ring each way comes with them
	Slots int // per ring
}

// Open opens the rings that the request wants, or, with files, opens them
// again that a program has had open in an engine before. The vale.Open is the
// caller's; it does not tell the program, Grant does.
func Open(port *vale.Port, name string, rings Rings, geometry Geometry, files *vale.Files) (*vale.Open, error) {
	return port.OpenRings(vale.OpenConfig{
		Interface: name,
		Mode:      rings.Mode,
		RingID:    rings.RingID,
		Flags:     rings.Flags,
		Rings:     geometry.Rings,
		Slots:     geometry.Slots,
		Restore:   files,
	})
}

// Rings says which rings a request to open wants.
func (q *Request) Rings() Rings {
	register := q.wire.Register()
	return Rings{Mode: register.Mode, RingID: int(register.RingID), Flags: register.Flags & known}
}

// Grant tells the program that its port is open.
func (q *Request) Grant(open *vale.Open) error {
	reply := wire.NewReply(q.wire)
	grant := open.Grant()
	reply.Grant = &grant
	if q.Opens() {
		body := open.Register()
		reply.Body = &body
	}
	files := open.Files()
	fds, err := FDs(files.Region, files.Kick, files.Wake)
	if err != nil {
		return err
	}
	return q.answer(&reply, fds...)
}

// Describe tells the program about a port that it need not open.
func (q *Request) Describe(geometry Geometry) error {
	memSize, err := vale.MemSize(geometry.Rings, geometry.Slots)
	if err != nil {
		return q.Refuse(err)
	}
	reply := wire.NewReply(q.wire)
	reply.Body = &abi.ReqPortInfo{
		Memsize: uint64(memSize),
		TxSlots: uint32(geometry.Slots), RxSlots: uint32(geometry.Slots),
		TxRings: uint16(geometry.Rings), RxRings: uint16(geometry.Rings),
		HostTxRings: 1, HostRxRings: 1,
	}
	return q.answer(&reply)
}

// Refuse tells the program why it does not get what it wants: the errno that
// fits the error of Open.
func (q *Request) Refuse(why error) error { return q.refuse(errno(why)) }

// RefuseUnsupported tells the program that nobody here does what it asks for.
func (q *Request) RefuseUnsupported() error { return q.refuse(unix.EOPNOTSUPP) }

// RefuseUnknown tells the program that it has no port of that name.
func (q *Request) RefuseUnknown() error { return q.refuse(unix.ENXIO) }

func (q *Request) refuse(errno unix.Errno) error {
	reply := wire.NewReply(q.wire)
	reply.Errno = errno
	return q.answer(&reply)
}

// answer sends a reply and takes the request out of the socket, in this order.
func (q *Request) answer(reply *wire.Reply, fds ...int) error {
	var rights []byte
	if len(fds) > 0 {
		rights = unix.UnixRights(fds...)
	}
	// A program that does not read its replies fills its own socket: it loses the connection.
	err := unix.Sendmsg(q.conn, reply.Encode(), rights, nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
	if err != nil {
		return fmt.Errorf("send: %w", err)
	}
	var byte1 [1]byte
	if _, _, err := unix.Recvfrom(q.conn, byte1[:], unix.MSG_DONTWAIT); err != nil {
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
	case errors.Is(err, region.ErrNoRoom):
		return unix.ENOMEM
	}
	return unix.EIO
}
