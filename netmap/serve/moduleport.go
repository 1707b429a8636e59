package serve

import (
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/internal/wire"
	"github.com/valelab/valelab/netmap/kernel"
)

// onNative carries out a request about what the module has that is none of the
// node's endpoints: ports on the lab's switches, and pipes in the memory of a port.
// done is false for any other request.
func (c *Conn) onNative(q *wire.Request, reply *wire.Reply) (done bool, err error) {
	name := q.Name()
	base, pipe := name, ""
	if i := strings.IndexAny(name, braces); i >= 0 {
		base, pipe = name[:i], name[i:]
	}
	if on, port, ok := cutPort(base); ok && isVALE(base) {
		if at := c.space.host.ModuleSwitch(on); at != "" {
			return true, c.onModuleSwitch(at, port, pipe, q, reply)
		}
		return false, nil
	}
	if pipe == "" || c.space.adapters[base] != nil {
		return false, nil
	}
	var memory uint16
	if want := q.Register(); want != nil {
		memory = want.MemID
	}
	if mine, err := c.space.modulePipes(base, memory); !mine || err != nil {
		return false, err
	}
	return true, c.onModulePort(modulePipe(c.space.node, base)+pipe, q, reply)
}

// onModuleSwitch carries out a request about a port of the node's on a switch of
// the module's, at.
func (c *Conn) onModuleSwitch(at, port, pipe string, q *wire.Request, reply *wire.Reply) error {
	if q.Register() != nil {
		if c.space.device(port) {
			return unix.EINVAL // as the module has it, with the names of the node's devices
		}
		if err := c.space.roomOnModule(at, port); err != nil {
			return err
		}
	}
	return c.onModulePort(at+":"+ModulePort(c.space.node, port)+pipe, q, reply)
}

// onModulePort carries out a request about a port by the module's name of it.
func (c *Conn) onModulePort(name string, q *wire.Request, reply *wire.Reply) error {
	if want := q.Register(); want != nil {
		return c.registerNative(name, q, want, reply)
	}
	control, err := kernel.Open()
	if err != nil {
		return unix.ENXIO
	}
	defer control.Close()
	switch body := q.Body.(type) {
	case *abi.ReqPortInfo:
		*body, err = control.Info(name)
	case *abi.ReqPoolsInfo:
		*body, err = control.Pools(name)
	case *abi.ReqList:
		err = find(control, name, body)
	case *abi.ReqPortHdr:
		var length int
		if q.Header.ReqType == abi.NETMAP_REQ_PORT_HDR_SET {
			return control.SetHeader(name, int(body.HdrLen))
		}
		length, err = control.Header(name)
		body.HdrLen = uint32(length)
	default:
		err = unix.EOPNOTSUPP // devices are the lab's to attach
	}
	return err
}

// find says where a port is, as the module does.
func find(control kernel.Device, name string, at *abi.ReqList) error {
	p, there, err := control.Find(name)
	if err != nil {
		return err
	}
	at.BridgeIdx, at.PortIdx = uint16(p.Switch), noPort
	if there {
		at.PortIdx = uint32(p.Index)
	}
	return nil
}

// roomOnModule bounds the ports that a node's programs have on one of the lab's
// switches.
func (s *Space) roomOnModule(at, port string) error {
	names, err := s.portsOnModule(at)
	if err != nil {
		return err
	}
	if len(names) >= maxOnLab && !slices.Contains(names, ModulePort(s.node, port)) {
		return unix.ENOMEM
	}
	return nil
}

// portsOnModule lists the ports of the node's programs on a switch of the module's.
func (s *Space) portsOnModule(at string) (names []string, err error) {
	control, err := kernel.Open()
	if err != nil {
		return nil, unix.ENXIO
	}
	defer control.Close()
	return control.PortsOn(at, ModulePorts(s.node))
}

// registerNative has the module open rings of what is called so there.
func (c *Conn) registerNative(name string, q *wire.Request, want *abi.ReqRegister, reply *wire.Reply) error {
	if c.open != nil {
		return unix.EBUSY
	}
	if err := c.space.host.Admit(); err != nil {
		return err
	}
	if len(q.Options) > 0 {
		return unix.EOPNOTSUPP
	}
	if want.MemID != 0 {
		if mine, err := c.space.ownsModuleMemory(want.MemID); err != nil || !mine {
			return unix.EINVAL
		}
	}
	ask := *want
	ask.ExtraBufs = uint32(bound(want.ExtraBufs, 0, 0, maxExtra))
	device, err := kernel.Open()
	if err != nil {
		return unix.ENXIO
	}
	grant, err := device.Register(name, &ask)
	if err != nil {
		_ = device.Close()
		return err
	}
	*want = ask
	reply.Grant, c.device = &grant, device
	return nil
}
