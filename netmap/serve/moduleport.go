package serve

import (
	"crypto/sha256"
	"encoding/hex"
	"net"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
	"github.com/valelab/valelab/netmap/internal/wire"
	"github.com/valelab/valelab/netmap/kernel"
)

// What programs have open of netmap's module lasts as long as their descriptors,
// and outlives this server: nothing is noted of it. Who has what, the names on the
// module say, which are made of the node's; no program can say them.

// ModulePorts is what the names of the ports of a node's programs on the lab's
// switches begin with, if these are the module's.
func ModulePorts(node string) string { return "v" + digest("node "+node, 6) }

// ModulePort is the name of one of them, behind the colon.
func ModulePort(node, port string) string { return ModulePorts(node) + digest("port "+port, 8) }

// modulePipe is the module's name of the parent of pipes that are nobody's but the
// node's: a network device of its namespace, while one of them is open.
func modulePipe(node, parent string) string { return "b" + digest("pipe "+node+"/"+parent, 14) }

// digest is a name of so many letters for what has too long a one.
func digest(text string, letters int) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])[:letters]
}

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

// modulePipes says whether pipes of this parent are the module's: by the memory
// that they are to lie in, or because there are such.
func (s *Space) modulePipes(parent string, memory uint16) (bool, error) {
	if memory == 0 {
		_, err := net.InterfaceByName(modulePipe(s.node, parent))
		return err == nil, nil
	}
	if s.memories[memory] != nil {
		return false, nil
	}
	return s.ownsModuleMemory(memory)
}

// ownsModuleMemory says whether a memory of the module's is that of a port that
// programs of the node have open.
func (s *Space) ownsModuleMemory(id uint16) (bool, error) {
	endpoints := s.host.ModulePorts()
	control, err := kernel.Open()
	if err != nil {
		return false, nil // there is no module
	}
	defer control.Close()
	all, err := control.List()
	if err != nil {
		return false, err
	}
	for _, p := range all {
		_, port, _ := strings.Cut(p.Name, ":")
		if !slices.Contains(endpoints, p.Name) && !strings.HasPrefix(port, ModulePorts(s.node)) {
			continue
		}
		if info, err := control.Info(p.Name); err == nil && info.MemID == id {
			return true, nil
		}
	}
	return false, nil
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
