package abi

// Versions of the netmap API: what is written into ReqHeader.Version, and what is accepted there.
const (
	NETMAP_API     = 14
	NETMAP_MIN_API = 14
	NETMAP_MAX_API = 15
)

// Slot flags. The high byte of a received slot's flags holds the number of slots of its frame.
const (
	NS_BUF_CHANGED = 0x0001
	NS_REPORT      = 0x0002
	NS_FORWARD     = 0x0004
	NS_NO_LEARN    = 0x0008
	NS_INDIRECT    = 0x0010
	NS_MOREFRAG    = 0x0020
	NS_TXMON       = 0x0040
)

// Bits of Ring.Flags, set by the program.
const (
	NR_TIMESTAMP = 0x0002
	NR_FORWARD   = 0x0004
)

// Values of ReqRegister.Mode: which rings an open binds. DEFAULT and the two of pipes are those of legacy
// requests only.
const (
	NR_REG_DEFAULT     = 0
	NR_REG_ALL_NIC     = 1
	NR_REG_SW          = 2
	NR_REG_NIC_SW      = 3
	NR_REG_ONE_NIC     = 4
	NR_REG_PIPE_MASTER = 5
	NR_REG_PIPE_SLAVE  = 6
	NR_REG_NULL        = 7
	NR_REG_ONE_SW      = 8
)

// Bits of ReqRegister.Flags.
const (
	NR_MONITOR_TX      = 0x100
	NR_MONITOR_RX      = 0x200
	NR_ZCOPY_MON       = 0x400
	NR_EXCLUSIVE       = 0x800
	NR_RX_RINGS_ONLY   = 0x2000
	NR_TX_RINGS_ONLY   = 0x4000
	NR_ACCEPT_VNET_HDR = 0x8000
	NR_DO_RX_POLL      = 0x10000
	NR_NO_TX_POLL      = 0x20000
)

// Values of Ring.Dir.
const (
	NETMAP_DIR_RX = 0
	NETMAP_DIR_TX = 1
)

// NI_PRIV_MEM in If.Flags: the region belongs to this port alone.
const NI_PRIV_MEM = 0x1

const (
	NETMAP_IF_NAME      = 16   // bytes of If.Name, with its NUL
	NETMAP_REQ_IFNAMSIZ = 64   // bytes of ReqHeader.Name, with its NUL
	NETMAP_REQ_MAXSIZE  = 4096 // bytes of a body and its options, at most
	NETMAP_FIRST_BUF    = 2    // buffers 0 and 1 are never given out
)

// The device's ioctls.
const (
	NIOCGINFO  = 0xc03c6991
	NIOCREGIF  = 0xc03c6992
	NIOCTXSYNC = 0x6994
	NIOCRXSYNC = 0x6995
	NIOCCONFIG = 0xc1106996
	NIOCCTRL   = 0xc0586997
)

// Values of ReqHeader.ReqType.
const (
	NETMAP_REQ_REGISTER             = 1
	NETMAP_REQ_PORT_INFO_GET        = 2
	NETMAP_REQ_VALE_ATTACH          = 3
	NETMAP_REQ_VALE_DETACH          = 4
	NETMAP_REQ_VALE_LIST            = 5
	NETMAP_REQ_PORT_HDR_SET         = 6
	NETMAP_REQ_PORT_HDR_GET         = 7
	NETMAP_REQ_VALE_NEWIF           = 8
	NETMAP_REQ_VALE_DELIF           = 9
	NETMAP_REQ_VALE_POLLING_ENABLE  = 10
	NETMAP_REQ_VALE_POLLING_DISABLE = 11
	NETMAP_REQ_POOLS_INFO_GET       = 12
	NETMAP_REQ_SYNC_KLOOP_START     = 13
	NETMAP_REQ_SYNC_KLOOP_STOP      = 14
	NETMAP_REQ_CSB_ENABLE           = 15
)

// Values of Option.ReqType. From OPT_MAX on nobody knows them.
const (
	NETMAP_REQ_OPT_EXTMEM              = 1
	NETMAP_REQ_OPT_SYNC_KLOOP_EVENTFDS = 2
	NETMAP_REQ_OPT_CSB                 = 3
	NETMAP_REQ_OPT_SYNC_KLOOP_MODE     = 4
	NETMAP_REQ_OPT_OFFSETS             = 5
	NETMAP_REQ_OPT_MAX                 = 6
)

// Values of ReqPolling.Mode.
const (
	NETMAP_POLLING_MODE_SINGLE_CPU = 1
	NETMAP_POLLING_MODE_MULTI_CPU  = 2
)

// Bits of Legacy.RingID and Legacy.Flags.
const (
	NETMAP_LEGACY_IFNAMSIZ = 16 // bytes of Legacy.Name, with its NUL
	NETMAP_HW_RING         = 0x4000
	NETMAP_SW_RING         = 0x2000
	NETMAP_RING_MASK       = 0x0fff
	NETMAP_NO_TX_POLL      = 0x1000
	NETMAP_DO_RX_POLL      = 0x8000
	NR_REG_MASK            = 0xf
)

// Values of Legacy.Cmd, and of Legacy.Arg1 with BDG_ATTACH.
const (
	NETMAP_BDG_ATTACH      = 1
	NETMAP_BDG_DETACH      = 2
	NETMAP_BDG_LIST        = 4
	NETMAP_BDG_VNET_HDR    = 5
	NETMAP_BDG_NEWIF       = 6
	NETMAP_BDG_DELIF       = 7
	NETMAP_BDG_POLLING_ON  = 10
	NETMAP_BDG_POLLING_OFF = 11
	NETMAP_VNET_HDR_GET    = 12
	NETMAP_BDG_HOST        = 1
)

// Geometry of a region, as netmap's memory allocator chooses it for a VALE port. Sizes in bytes.
const (
	NMU_PAGE          = 4096
	NMU_IF_MIN_SIZE   = 1024
	NMU_RING_MIN_SIZE = 20480
	NMU_IF_MIN_NUM    = 2
	NMU_RING_MIN_NUM  = 4
	NMU_BUF_MIN_NUM   = 4098
	NMU_BUF_SIZE      = 2048
	NMU_MAX_RINGS     = 16
	NMU_MIN_SLOTS     = 2
	NMU_MAX_SLOTS     = 4096
	NMU_PIPES         = 2
)

// Sizes of the control area in bytes, and the value of Ctl.Tail that says that the switch has taken the
// ring away.
const (
	NMU_LINE     = 64
	NMU_CTL_SIZE = 256
	NMU_DETACHED = 0xffffffff
)

// The version of the control area and of the messages, and the messages.
const (
	NMU_VERSION     = 2
	NMU_OP_CTRL     = 1
	NMU_OP_REGIF    = 2
	NMU_OP_GINFO    = 3
	NMU_OP_DESCRIBE = 4
	NMU_OPTIONS_CUT = 0x1 // Request.Flags
)

// Bits of Grant.Kind.
const (
	NMU_MONITOR = 0x2
	NMU_NULL    = 0x4
	NMU_NATIVE  = 0x8
)
