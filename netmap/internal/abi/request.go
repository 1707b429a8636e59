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

// ReqAttach is struct nmreq_vale_attach, the body of NETMAP_REQ_VALE_ATTACH.
type ReqAttach struct {
	Reg       ReqRegister `c:"reg"`
	PortIndex uint32      `c:"port_index"`
	Pad1      uint32      `c:"pad1"`
}

// ReqDetach is struct nmreq_vale_detach, the body of NETMAP_REQ_VALE_DETACH.
type ReqDetach struct {
	PortIndex uint32 `c:"port_index"`
	Pad1      uint32 `c:"pad1"`
}

// ReqList is struct nmreq_vale_list, the body of NETMAP_REQ_VALE_LIST.
type ReqList struct {
	BridgeIdx uint16 `c:"nr_bridge_idx"`
	Pad1      uint16 `c:"pad1"`
	PortIdx   uint32 `c:"nr_port_idx"`
}

// ReqPortHdr is struct nmreq_port_hdr, the body of NETMAP_REQ_PORT_HDR_SET and NETMAP_REQ_PORT_HDR_GET.
type ReqPortHdr struct {
	HdrLen uint32 `c:"nr_hdr_len"` // bytes of the virtio-net header before each frame
	Pad1   uint32 `c:"pad1"`
}

// ReqNewIf is struct nmreq_vale_newif, the body of NETMAP_REQ_VALE_NEWIF.
type ReqNewIf struct {
	TxSlots uint32 `c:"nr_tx_slots"`
	RxSlots uint32 `c:"nr_rx_slots"`
	TxRings uint16 `c:"nr_tx_rings"`
	RxRings uint16 `c:"nr_rx_rings"`
	MemID   uint16 `c:"nr_mem_id"`
	Pad1    uint16 `c:"pad1"`
}

// ReqPolling is struct nmreq_vale_polling, the body of the two NETMAP_REQ_VALE_POLLING.
type ReqPolling struct {
	Mode     uint32 `c:"nr_mode"`
	FirstCPU uint32 `c:"nr_first_cpu_id"`
	NumCPUs  uint32 `c:"nr_num_polling_cpus"`
	Pad1     uint32 `c:"pad1"`
}

// ReqPoolsInfo is struct nmreq_pools_info, the body of NETMAP_REQ_POOLS_INFO_GET.
type ReqPoolsInfo struct {
	Memsize  uint64    `c:"nr_memsize"`
	MemID    uint16    `c:"nr_mem_id"`
	Pad1     [3]uint16 `c:"pad1"`
	IfOfs    uint64    `c:"nr_if_pool_offset"`
	IfNum    uint32    `c:"nr_if_pool_objtotal"`
	IfSize   uint32    `c:"nr_if_pool_objsize"`
	RingOfs  uint64    `c:"nr_ring_pool_offset"`
	RingNum  uint32    `c:"nr_ring_pool_objtotal"`
	RingSize uint32    `c:"nr_ring_pool_objsize"`
	BufOfs   uint64    `c:"nr_buf_pool_offset"`
	BufNum   uint32    `c:"nr_buf_pool_objtotal"`
	BufSize  uint32    `c:"nr_buf_pool_objsize"`
}

// ReqKloopStart is struct nmreq_sync_kloop_start, the body of NETMAP_REQ_SYNC_KLOOP_START.
type ReqKloopStart struct {
	SleepUs uint32 `c:"sleep_us"`
	Pad1    uint32 `c:"pad1"`
}

// Option is struct nmreq_option, the start of an option. Next is a pointer of the program.
type Option struct {
	Next    uint64 `c:"nro_next"`
	ReqType uint32 `c:"nro_reqtype"`
	Status  uint32 `c:"nro_status"` // errno
	Size    uint64 `c:"nro_size"`
}

// OptExtmem is struct nmreq_opt_extmem.
type OptExtmem struct {
	Opt    Option       `c:"nro_opt"`
	UsrPtr uint64       `c:"nro_usrptr"`
	Info   ReqPoolsInfo `c:"nro_info"`
}

// OptCSB is struct nmreq_opt_csb.
type OptCSB struct {
	Opt  Option `c:"nro_opt"`
	AtoK uint64 `c:"csb_atok"`
	KtoA uint64 `c:"csb_ktoa"`
}

// OptKloopMode is struct nmreq_opt_sync_kloop_mode.
type OptKloopMode struct {
	Opt  Option `c:"nro_opt"`
	Mode uint32 `c:"mode"`
	Pad1 uint32 `c:"pad1"`
}

// OptOffsets is struct nmreq_opt_offsets.
type OptOffsets struct {
	Opt     Option `c:"nro_opt"`
	Max     uint64 `c:"nro_max_offset"`
	Initial uint64 `c:"nro_initial_offset"`
	Bits    uint32 `c:"nro_offset_bits"`
	TxAlign uint32 `c:"nro_tx_align"`
	MinGap  uint64 `c:"nro_min_gap"`
}

// Legacy is struct nmreq, the request of NIOCREGIF and NIOCGINFO.
type Legacy struct {
	Name    [NETMAP_LEGACY_IFNAMSIZ]byte `c:"nr_name"`
	Version uint32                       `c:"nr_version"`
	Offset  uint32                       `c:"nr_offset"`
	Memsize uint32                       `c:"nr_memsize"`
	TxSlots uint32                       `c:"nr_tx_slots"`
	RxSlots uint32                       `c:"nr_rx_slots"`
	TxRings uint16                       `c:"nr_tx_rings"`
	RxRings uint16                       `c:"nr_rx_rings"`
	RingID  uint16                       `c:"nr_ringid"`
	Cmd     uint16                       `c:"nr_cmd"`
	Arg1    uint16                       `c:"nr_arg1"`
	Arg2    uint16                       `c:"nr_arg2"` // memory id
	Arg3    uint32                       `c:"nr_arg3"` // extra buffers
	Flags   uint32                       `c:"nr_flags"`
	Spare2  uint32                       `c:"spare2"`
}

// Request is struct nmu_request, the start of a message from a program to the switch.
type Request struct {
	Op         uint32 `c:"op"`
	Version    uint32 `c:"version"`
	ID         uint32 `c:"id"`
	Flags      uint32 `c:"flags"`
	BodyLen    uint32 `c:"body_len"` // bytes
	OptionsLen uint32 `c:"options_len"`
}

// Reply is struct nmu_reply, the start of a message from the switch to a program.
type Reply struct {
	Error      int32  `c:"error"` // errno, or 0
	Version    uint32 `c:"version"`
	ID         uint32 `c:"id"`
	BodyLen    uint32 `c:"body_len"` // bytes
	OptionsLen uint32 `c:"options_len"`
	GrantLen   uint32 `c:"grant_len"`
}

// Grant is struct nmu_grant, the end of a reply: what a program must know beyond the netmap_if to map a
// region and check everything it reads there. Offsets are from the start of the region.
type Grant struct {
	RegionSize  uint64 `c:"region_size"` // bytes of the memfd
	Memsize     uint64 `c:"memsize"`     // without the control area
	IfOfs       uint64 `c:"if_ofs"`      // netmap_if of the open
	RingOfs     uint64 `c:"ring_ofs"`    // the ring pool
	BufOfs      uint64 `c:"buf_ofs"`     // buffer 0
	CtlOfs      uint64 `c:"ctl_ofs"`     // the control area
	RingNum     uint32 `c:"ring_num"`    // objects of the ring pool, and control blocks
	RingSize    uint32 `c:"ring_size"`   // bytes of an object
	BufNum      uint32 `c:"buf_num"`
	BufSize     uint32 `c:"buf_size"`
	Flags       uint64 `c:"flags"` // nr_flags of the open
	Mode        uint32 `c:"mode"`  // nr_mode of the open
	TxRings     uint16 `c:"tx_rings"`
	HostTxRings uint16 `c:"host_tx_rings"`
	RxRings     uint16 `c:"rx_rings"`
	HostRxRings uint16 `c:"host_rx_rings"`
	Kind        uint32 `c:"kind"` // NMU_*
}
