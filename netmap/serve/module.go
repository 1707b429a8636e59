package serve

import (
	"errors"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/internal/wire"
	"github.com/valelab/valelab/netmap/kernel"
)

// Module is an endpoint on a switch of netmap's module. A program gets a
// descriptor of the device, and with it all that the module does; its
// connection has nothing open then, and may be closed.
type Module interface {
	// Claim makes room for a program that opens the NIC rings, or with host the
	// host rings, and says what the port that it gets is to be called.
	Claim(host bool) (port string, err error)
	// Port is what the port is called that a program gets who opens the NIC rings.
	Port() string
	// Opened is called when a program has opened the NIC rings, before it can use them.
	Opened()
	// Settle is called when an open has failed, or may be over: the host looks
	// what is open, by asking the module.
	Settle()
	// Refused tells the host why a program was not served.
	Refused(reason string)
}

// moduleOf finds the endpoint that a name means, or a pipe of it, if it is one
// of the module's. It also gives what follows the endpoint's name.
func (s *Space) moduleOf(name string) (e *Endpoint, base, pipe string) {
	base = name
	if i := strings.IndexAny(name, "{}"); i >= 0 {
		base, pipe = name[:i], name[i:]
	}
	if e = s.host.Endpoint(base); e == nil || e.Module == nil {
		return nil, "", ""
	}
	return e, base, pipe
}

// onModule carries out a request about an endpoint of the module's.
func (c *Conn) onModule(e *Endpoint, base, pipe string, q *wire.Request, reply *wire.Reply) error {
	switch body := q.Body.(type) {
	case *abi.ReqRegister:
		return c.registerOnModule(e, base, pipe, q, body, reply)
	case *abi.ReqPortInfo:
		info := abi.ReqPortInfo{
			TxSlots: uint32(e.Slots), RxSlots: uint32(e.Slots), TxRings: uint16(e.Rings), RxRings: uint16(e.Rings),
		}
		err := askOpen(e.Module.Port(), pipe, func(control kernel.Device, port string) (err error) {
			info, err = control.Info(port)
			return err
		})
		*body = info
		body.HostTxRings, body.HostRxRings = 1, 1
		return unlessClosed(err)
	case *abi.ReqPoolsInfo:
		return askOpen(e.Module.Port(), pipe, func(control kernel.Device, port string) (err error) {
			*body, err = control.Pools(port)
			return err
		})
	case *abi.ReqPortHdr:
		if q.Header.ReqType == abi.NETMAP_REQ_PORT_HDR_GET || body.HdrLen == 0 {
			body.HdrLen = 0
			return nil
		}
	}
	return unix.EOPNOTSUPP
}

// errClosed says that no program has the rings of an endpoint open, so that there
// is no port to ask about.
var errClosed = errors.Join(errors.New("nobody has it open"), unix.EOPNOTSUPP)

// askOpen asks the module about a port that a program has open, or a pipe of it; of
// one that is not there it would make another for the moment.
func askOpen(port, pipe string, ask func(control kernel.Device, port string) error) error {
	control, err := kernel.Open()
	if err != nil {
		return unix.ENXIO
	}
	defer control.Close()
	if has, err := control.Has(port); err != nil || !has {
		return errors.Join(errClosed, err)
	}
	return ask(control, port+pipe)
}

// unlessClosed is err, unless it says that nobody has the port open.
func unlessClosed(err error) error {
	if errors.Is(err, errClosed) {
		return nil
	}
	return err
}

// registerOnModule has the module open rings.
func (c *Conn) registerOnModule(e *Endpoint, base, pipe string, q *wire.Request, want *abi.ReqRegister, reply *wire.Reply) (err error) {
	if c.open != nil {
		return unix.EBUSY
	}
	if err := c.space.host.Admit(); err != nil {
		return err
	}
	host := want.Mode == abi.NR_REG_SW || want.Mode == abi.NR_REG_ONE_SW
	switch {
	case want.Mode == abi.NR_REG_NIC_SW:
		e.Module.Refused("a port of a switch of netmap's module has no host rings: open " + base + " and " + base + "^ one by one")
		return unix.EOPNOTSUPP
	case len(q.Options) > 0:
		e.Module.Refused("options are not for a node of a lab on netmap's module")
		return unix.EOPNOTSUPP
	case host && (pipe != "" || want.RingID != 0):
		return unix.EINVAL
	}
	if want.MemID != 0 {
		if mine, err := c.space.ownsModuleMemory(want.MemID); err != nil || !mine {
			e.Module.Refused("memory of others is not for a node of a lab on netmap's module")
			return unix.EINVAL
		}
	}
	port, err := e.Module.Claim(host)
	if err != nil {
		e.Module.Settle()
		return err
	}
	device, grant, err := openOnModule(port+pipe, e, want)
	if err == nil && host {
		err = device.AsHost(&grant, want)
	}
	if err != nil {
		_ = device.Close()
		e.Module.Settle()
		return err
	}
	reply.Grant, c.device = &grant, device
	if !host && pipe == "" {
		e.Module.Opened()
	}
	return nil
}

// openOnModule opens rings of a port with the endpoint's geometry.
func openOnModule(port string, e *Endpoint, want *abi.ReqRegister) (kernel.Device, kernel.Grant, error) {
	ask := *want
	ask.TxRings, ask.RxRings = uint16(e.Rings), uint16(e.Rings)
	ask.TxSlots, ask.RxSlots = uint32(e.Slots), uint32(e.Slots)
	ask.ExtraBufs = uint32(bound(want.ExtraBufs, 0, 0, maxExtra))
	if ask.Mode == abi.NR_REG_SW || ask.Mode == abi.NR_REG_ONE_SW {
		ask.Mode, ask.TxRings, ask.RxRings = abi.NR_REG_ALL_NIC, 1, 1
	}
	device, err := kernel.Open()
	if err != nil {
		return device, kernel.Grant{}, errors.Join(unix.ENXIO, err)
	}
	grant, err := device.Register(port, &ask)
	*want = ask
	return device, grant, err
}

// answerModule sends the module's descriptor, of which nothing is kept: the port
// lasts as long as the program's.
func (c *Conn) answerModule(reply *wire.Reply) error {
	device := c.device
	c.device = -1
	return errors.Join(c.answer(reply, int(device)), device.Close())
}
