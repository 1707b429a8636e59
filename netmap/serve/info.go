package serve

import (
	"golang.org/x/sys/unix"

	"github.com/valelab/valelab/netmap/internal/abi"
)

// portInfo tells about a port, which need not exist: then it is made for the
// moment, as netmap does, or, without a name, about a memory.
func (s *Space) portInfo(name string, info *abi.ReqPortInfo) error {
	if name == "" {
		id := info.MemID
		if id == 0 {
			id = globalID
		}
		m, release, err := s.holdMemory(id)
		if err != nil {
			return err
		}
		info.Memsize, info.MemID = uint64(m.Geometry().MemSize()), m.id
		release() // the global one is there for this moment, if nobody uses it
		return nil
	}
	want := &abi.ReqRegister{
		Mode: abi.NR_REG_ALL_NIC, TxSlots: info.TxSlots, RxSlots: info.RxSlots, TxRings: info.TxRings, RxRings: info.RxRings,
	}
	a, err := s.get(name, want, nil, true)
	if err != nil {
		return err
	}
	defer s.hold(a)()
	hostTx, hostRx := uint16(a.spec.HostTxRings), uint16(a.spec.HostRxRings)
	if a.spec.Hostless {
		hostTx, hostRx = 0, 0
	}
	*info = abi.ReqPortInfo{
		Memsize: uint64(a.memory.Geometry().MemSize()), MemID: a.memory.id,
		TxSlots: uint32(a.spec.TxSlots), RxSlots: uint32(a.spec.RxSlots),
		TxRings: uint16(a.spec.TxRings), RxRings: uint16(a.spec.RxRings), HostTxRings: hostTx, HostRxRings: hostRx,
	}
	return nil
}

// poolsInfo tells how the memory of a port is laid out.
func (s *Space) poolsInfo(name string, info *abi.ReqPoolsInfo) error {
	a, err := s.get(name, &abi.ReqRegister{Mode: abi.NR_REG_ALL_NIC}, nil, true)
	if err != nil {
		return err
	}
	defer s.hold(a)()
	g := a.memory.Geometry()
	*info = abi.ReqPoolsInfo{
		Memsize: uint64(g.MemSize()), MemID: a.memory.id,
		IfNum: uint32(g.IfNum), IfSize: uint32(g.IfSize),
		RingOfs: uint64(g.RingOfs()), RingNum: uint32(g.RingNum), RingSize: uint32(g.RingSize),
		BufOfs: uint64(g.BufOfs()), BufNum: uint32(g.BufNum), BufSize: uint32(g.BufSize),
	}
	return nil
}

// list names the port at a place, or the first one behind it; or it finds the
// place of a name.
func (s *Space) list(h *abi.ReqHeader, name string, at *abi.ReqList) error {
	if name != "" {
		return s.find(name, at)
	}
	for i := int(at.BridgeIdx); i < len(s.bridges); i++ {
		best := -1
		var found string
		if b := s.bridges[i]; b != nil {
			for _, a := range b.ports {
				k := a.port.Index()
				if k >= int(at.PortIdx) && (best < 0 || k < best) {
					best, found = k, a.listed(b)
				}
			}
		}
		if best >= 0 {
			at.BridgeIdx, at.PortIdx = uint16(i), uint32(best)
			h.Name = [abi.NETMAP_REQ_IFNAMSIZ]byte{}
			copy(h.Name[:len(h.Name)-1], found)
			return nil
		}
		at.PortIdx = 0
	}
	return unix.ENOENT
}

// noPort is the index that netmap has for a port that is not there.
const noPort = 255

// find says where a port is.
func (s *Space) find(name string, at *abi.ReqList) error {
	if len(name) < len(valePrefix) || name[:len(valePrefix)] != valePrefix {
		return unix.EINVAL
	}
	on, port, ok := cutPort(name)
	if !ok {
		return unix.ENOENT
	}
	for i, b := range s.bridges {
		if b == nil || b.name != on {
			continue
		}
		at.BridgeIdx, at.PortIdx = uint16(i), noPort
		if a := b.ports[port]; a != nil {
			at.PortIdx = uint32(a.port.Index())
		}
		return nil
	}
	return unix.ENOENT
}

// listed is the name of a port of a bridge.
func (a *adapter) listed(b *bridge) string {
	for port, other := range b.ports {
		if other == a {
			return b.name + ":" + port
		}
	}
	return a.name
}

// setHdr sets the length of the virtio-net header before each frame of a port
// of a switch.
func (s *Space) setHdr(name string, hdr *abi.ReqPortHdr) error {
	if hdr.HdrLen != 0 && hdr.HdrLen != 10 && hdr.HdrLen != 12 {
		return unix.EINVAL
	}
	if !isVALE(name) {
		return unix.ENXIO
	}
	a, err := s.getPort(name, &abi.ReqRegister{}, nil, false)
	if err != nil {
		return err
	}
	if err := a.port.SetHeader(int(hdr.HdrLen)); err != nil {
		return err
	}
	a.hdr = int(hdr.HdrLen)
	return nil
}

// getHdr tells that length.
func (s *Space) getHdr(name string, hdr *abi.ReqPortHdr) error {
	a, err := s.get(name, &abi.ReqRegister{Mode: abi.NR_REG_ALL_NIC}, nil, false)
	if err != nil {
		return err
	}
	defer s.hold(a)()
	hdr.HdrLen = uint32(a.hdr)
	return nil
}

// polling is for network cards only.
func (s *Space) polling(name string) error {
	if !isVALE(name) {
		return unix.EINVAL
	}
	if _, err := s.getPort(name, &abi.ReqRegister{}, nil, false); err != nil {
		return err
	}
	return unix.EOPNOTSUPP
}
