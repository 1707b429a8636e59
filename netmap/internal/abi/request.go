package abi

// ReqHeader is struct nmreq_header. Options and Body are pointers of the program that made the request:
// they are carried and never followed.
type ReqHeader struct {
	Version  uint16                    `c:"nr_version"`
	ReqType  uint16                    `c:"nr_reqtype"`
	Reserved uint32                    `c:"nr_reserved"`
	Name     [NETMAP_REQ_IFNAMSIZ]byte `c:"nr_name"`
	Options  uint64                    `c:"nr_options"`
	Body     uint64                    `c:"nr_body"`
}

// ReqRegister is struct nmreq_register, the body of NETMAP_REQ_REGISTER.
type ReqRegister struct {
	Offset      uint64 `c:"nr_offset"`  // of the netmap_if in the region
	Memsize     uint64 `c:"nr_memsize"` // bytes of the region without its control area
	TxSlots     uint32 `c:"nr_tx_slots"`
	RxSlots     uint32 `c:"nr_rx_slots"`
	TxRings     uint16 `c:"nr_tx_rings"`
	RxRings     uint16 `c:"nr_rx_rings"`
	HostTxRings uint16 `c:"nr_host_tx_rings"`
	HostRxRings uint16 `c:"nr_host_rx_rings"`
	MemID       uint16 `c:"nr_mem_id"`
	RingID      uint16 `c:"nr_ringid"`
	Mode        uint32 `c:"nr_mode"`
	ExtraBufs   uint32 `c:"nr_extra_bufs"`
	Pad         uint32 `c:"nr_pad"`
	Flags       uint64 `c:"nr_flags"`
}

// ReqPortInfo is struct nmreq_port_info_get, the body of NETMAP_REQ_PORT_INFO_GET.
type ReqPortInfo struct {
	Memsize     uint64    `c:"nr_memsize"`
	TxSlots     uint32    `c:"nr_tx_slots"`
	RxSlots     uint32    `c:"nr_rx_slots"`
	TxRings     uint16    `c:"nr_tx_rings"`
	RxRings     uint16    `c:"nr_rx_rings"`
	HostTxRings uint16    `c:"nr_host_tx_rings"`
	HostRxRings uint16    `c:"nr_host_rx_rings"`
	MemID       uint16    `c:"nr_mem_id"`
	Pad         [3]uint16 `c:"nr_pad"`
}

// Request is struct nmu_request, the start of a message from a program to the switch.
type Request struct {
	Op      uint32 `c:"op"`
	Version uint32 `c:"version"`
}

// Reply is struct nmu_reply, the start of a message from the switch to a program.
type Reply struct {
	Error   int32  `c:"error"` // errno, or 0
	Version uint32 `c:"version"`
}

// Grant is struct nmu_grant, the end of a reply: what a program must know beyond the netmap_if to map a
// region and check everything it reads there. Offsets are from the start of the region.
type Grant struct {
	RegionSize uint64 `c:"region_size"` // bytes of the memfd
	CtlOfs     uint64 `c:"ctl_ofs"`     // control block of the port's ring 0
	BufOfs     uint64 `c:"buf_ofs"`     // buffer 0
	BufNum     uint32 `c:"buf_num"`
	BufSize    uint32 `c:"buf_size"`
	CtlNum     uint32 `c:"ctl_num"` // control blocks of the port
	Reserved   uint32 `c:"reserved"`
}
