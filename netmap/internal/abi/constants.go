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
)

// Values of ReqRegister.Mode: which rings an open binds.
const (
	NR_REG_ALL_NIC = 1
	NR_REG_SW      = 2
	NR_REG_NIC_SW  = 3
	NR_REG_ONE_NIC = 4
)

// Bits of ReqRegister.Flags.
const (
	NR_EXCLUSIVE     = 0x800
	NR_RX_RINGS_ONLY = 0x2000
	NR_TX_RINGS_ONLY = 0x4000
	NR_NO_TX_POLL    = 0x20000
)

// Values of Ring.Dir.
const (
	NETMAP_DIR_RX = 0
	NETMAP_DIR_TX = 1
)

// NI_PRIV_MEM in If.Flags: the region belongs to this port alone.
const NI_PRIV_MEM = 0x1

const (
	NETMAP_IF_NAME      = 16 // bytes of If.Name, with its NUL
	NETMAP_REQ_IFNAMSIZ = 64 // bytes of ReqHeader.Name, with its NUL
	NETMAP_FIRST_BUF    = 2  // buffers 0 and 1 are never given out
)

// Values of ReqHeader.ReqType.
const (
	NETMAP_REQ_REGISTER      = 1
	NETMAP_REQ_PORT_INFO_GET = 2
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

// The version of the control area and of the messages, and the only message.
const (
	NMU_VERSION = 1
	NMU_OP_CTRL = 1
)
