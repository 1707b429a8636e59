/*
 * The netmap ABI as this project uses it: the memory that a program and a switch share (netmap_if,
 * netmap_ring, netmap_slot), the requests that open a port (nmreq_*), and what netmap does not have:
 * the control area and the messages of the user-space switch (nmu_*).
 *
 * Names, sizes, offsets and values of the netmap_, nmreq_, NS_, NR_ parts are those of netmap(4) on
 * x86-64 and arm64: a program compiled against netmap's own headers reads the same memory. The Go side
 * is in this folder too, and a test compares every field and every constant of the two.
 */
#ifndef VALELAB_NETMAP_ABI_H
#define VALELAB_NETMAP_ABI_H

#include <stddef.h>
#include <stdint.h>

/* ---- shared memory --------------------------------------------------------------------------- */

#define NETMAP_API     14 /* what we write into nr_version */
#define NETMAP_MIN_API 14
#define NETMAP_MAX_API 15

/* slot flags; the high byte of a received slot's flags holds the number of slots of its frame */
#define NS_BUF_CHANGED 0x0001 /* the program put another buf_idx into the slot */
#define NS_REPORT      0x0002 /* tell as soon as the slot is done */
#define NS_FORWARD     0x0004 /* hand the frame to the other side's ring */
#define NS_NO_LEARN    0x0008 /* netmap names it and does nothing with it, nor do we */
#define NS_INDIRECT    0x0010 /* ptr holds the address of the bytes */
#define NS_MOREFRAG    0x0020 /* the frame goes on in the next slot */

/* nr_mode: which rings an open binds */
#define NR_REG_ALL_NIC 1 /* netmap:eth1 */
#define NR_REG_SW      2 /* netmap:eth1^ */
#define NR_REG_NIC_SW  3 /* netmap:eth1* */
#define NR_REG_ONE_NIC 4 /* netmap:eth1-N, N in nr_ringid */

/* nr_flags */
#define NR_EXCLUSIVE     0x800
#define NR_RX_RINGS_ONLY 0x2000
#define NR_TX_RINGS_ONLY 0x4000
#define NR_NO_TX_POLL    0x20000

/* dir of a ring (as netmap's code has it; its header's comment says the opposite) */
#define NETMAP_DIR_RX 0
#define NETMAP_DIR_TX 1

/* ni_flags */
#define NI_PRIV_MEM 0x1 /* the region belongs to this port alone */

#define NETMAP_IF_NAME 16 /* bytes of ni_name, with its NUL */
#define NETMAP_FIRST_BUF 2 /* buffers 0 and 1 are never given out */

struct netmap_slot {
	uint32_t buf_idx;
	uint16_t len;   /* bytes */
	uint16_t flags; /* NS_* */
	uint64_t ptr;   /* NS_INDIRECT only */
};

struct netmap_ring {
	int64_t buf_ofs; /* from this ring to buffer 0 */
	uint32_t num_slots;
	uint32_t nr_buf_size; /* bytes */
	uint16_t ringid;
	uint16_t dir;
	uint32_t head; /* first slot the program owns */
	uint32_t cur;  /* the program sleeps until tail passes this one */
	uint32_t tail; /* first slot the switch owns */
	uint32_t flags;
	uint32_t pad0;
	int64_t ts_sec; /* struct timeval ts */
	int64_t ts_usec;
	uint64_t offset_mask;
	uint64_t buf_align;
	uint8_t pad1[56];
	uint8_t sem[128];
	struct netmap_slot slot[];
};

struct netmap_if {
	char ni_name[NETMAP_IF_NAME];
	uint32_t ni_version;
	uint32_t ni_flags;
	uint32_t ni_tx_rings; /* NIC rings; the host rings are counted below */
	uint32_t ni_rx_rings;
	uint32_t ni_bufs_head;
	uint32_t ni_host_tx_rings;
	uint32_t ni_host_rx_rings;
	uint32_t ni_spare1[3];
	int64_t ring_ofs[]; /* from this netmap_if: NIC tx, host tx, NIC rx, host rx; 0: not opened */
};

/* ---- requests -------------------------------------------------------------------------------- */

#define NETMAP_REQ_IFNAMSIZ 64

#define NETMAP_REQ_REGISTER      1
#define NETMAP_REQ_PORT_INFO_GET 2

struct nmreq_header {
	uint16_t nr_version;
	uint16_t nr_reqtype;
	uint32_t nr_reserved; /* 0 */
	char nr_name[NETMAP_REQ_IFNAMSIZ];
	uint64_t nr_options; /* pointers of the program: they mean nothing to the switch */
	uint64_t nr_body;
};

struct nmreq_register {
	uint64_t nr_offset;  /* of the netmap_if in the region */
	uint64_t nr_memsize; /* bytes of the region without the control area */
	uint32_t nr_tx_slots;
	uint32_t nr_rx_slots;
	uint16_t nr_tx_rings;
	uint16_t nr_rx_rings;
	uint16_t nr_host_tx_rings;
	uint16_t nr_host_rx_rings;
	uint16_t nr_mem_id;
	uint16_t nr_ringid;
	uint32_t nr_mode;
	uint32_t nr_extra_bufs;
	uint32_t nr_pad;
	uint64_t nr_flags;
};

struct nmreq_port_info_get {
	uint64_t nr_memsize;
	uint32_t nr_tx_slots;
	uint32_t nr_rx_slots;
	uint16_t nr_tx_rings;
	uint16_t nr_rx_rings;
	uint16_t nr_host_tx_rings;
	uint16_t nr_host_rx_rings;
	uint16_t nr_mem_id;
	uint16_t nr_pad[3];
};

/* ---- region geometry ------------------------------------------------------------------------- */

/* The region is [if pool][ring pool][buf pool], each made of whole pages, then the control area. */
#define NMU_PAGE          4096
#define NMU_IF_MIN_SIZE   1024  /* bytes of an object of the if pool, at least */
#define NMU_RING_MIN_SIZE 20480 /* bytes of an object of the ring pool, at least */
#define NMU_IF_MIN_NUM    2
#define NMU_RING_MIN_NUM  4
#define NMU_BUF_MIN_NUM   4098
#define NMU_BUF_SIZE      2048 /* default */
#define NMU_MAX_RINGS     16
#define NMU_MIN_SLOTS     2
#define NMU_MAX_SLOTS     4096
#define NMU_PIPES         2 /* pipes that an ordinary port's region leaves room for */

/* ---- control area ---------------------------------------------------------------------------- */

#define NMU_LINE     64
#define NMU_CTL_SIZE 256

/*
 * NMU_DETACHED in tail: the switch has taken the ring away and will look at it no more. A program
 * treats every tail that is not below num_slots as this.
 */
#define NMU_DETACHED 0xffffffffu

/*
 * One block per ring, 256 bytes, page-aligned area after the buf pool; block i of a port belongs to the
 * ring in ring_ofs[i] of its netmap_if. One writer per cache line. All fields are accessed atomically.
 *
 * TX: the switch takes the slots [cur, head), then sets cur = head and tail = head - 1 (mod num_slots).
 * RX: the program gives back [cur, head) by moving head; the switch fills slots from tail and moves
 *     tail. It may fill up to num_slots - 1 slots beyond head.
 *
 * Who publishes: store-release of head (or tail), full fence, load of the peer's flag (doorbell, or
 * wait). Who goes to sleep: store of the own flag, full fence, load of the peer's position again, then
 * block. So one of the two always sees the other, and no wake-up is lost.
 */
struct nmu_ctl {
	/* line 0, written by the program */
	_Alignas(NMU_LINE) _Atomic uint32_t head; /* ring->head at the last sync */
	/* 0: awake. Else the program sleeps on its wake descriptor until tail of this ring moves; every
	 * sleep has another number, so that one wake-up for each is enough. */
	_Atomic uint32_t wait;
	_Atomic uint32_t syncs; /* syncs of this ring, mod 2^32 */
	/* line 1, written by the switch */
	_Alignas(NMU_LINE) _Atomic uint32_t tail; /* end of what the program may own, or NMU_DETACHED */
	_Atomic uint32_t cur;                     /* up to where the switch has seen head */
	/* line 2, written by the switch */
	_Alignas(NMU_LINE) _Atomic uint32_t doorbell; /* not 0: it sleeps; after head moved, write kick */
	/* line 3 */
	_Alignas(NMU_LINE) uint8_t spare[NMU_LINE];
};

/* ---- messages between program and switch ----------------------------------------------------- */

/*
 * One SOCK_SEQPACKET connection is one open port; its end is the close. Host byte order.
 *   request: nmu_request, nmreq_header, body
 *   reply:   nmu_reply, nmreq_header, body, nmu_grant; with REGISTER, when error is 0, three
 *            descriptors by SCM_RIGHTS: region memfd, kick, wake. Kick is an eventfd. Wake becomes readable by
 *            each 8 bytes that the switch writes; a program reads all that is there before it looks at
 *            its rings again
 * The body is that of nr_reqtype. A reply with an error ends after the header.
 */
#define NMU_VERSION 1
#define NMU_OP_CTRL 1

struct nmu_request {
	uint32_t op;
	uint32_t version;
};

struct nmu_reply {
	int32_t error; /* errno, or 0 */
	uint32_t version;
};

/* what a program must know beyond the netmap_if to map and check a region; zero for PORT_INFO_GET */
struct nmu_grant {
	uint64_t region_size; /* bytes of the memfd */
	uint64_t ctl_ofs;     /* control block of the port's ring 0 */
	uint64_t buf_ofs;     /* buffer 0 */
	uint32_t buf_num;
	uint32_t buf_size;
	uint32_t ctl_num; /* control blocks of the port, those of rings that are not opened included */
	uint32_t reserved;
};

_Static_assert(sizeof(struct netmap_slot) == 16, "netmap_slot");
_Static_assert(offsetof(struct netmap_ring, slot) == 256, "netmap_ring");
_Static_assert(offsetof(struct netmap_if, ring_ofs) == 56, "netmap_if");
_Static_assert(sizeof(struct nmreq_header) == 88, "nmreq_header");
_Static_assert(sizeof(struct nmreq_register) == 56, "nmreq_register");
_Static_assert(sizeof(struct nmreq_port_info_get) == 32, "nmreq_port_info_get");
_Static_assert(sizeof(struct nmu_ctl) == NMU_CTL_SIZE, "nmu_ctl");
_Static_assert(sizeof(struct nmu_grant) == 40, "nmu_grant");

#endif
