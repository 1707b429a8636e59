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
#define NS_TXMON       0x0040 /* of a monitor: the frame was sent by the port, not received */

/* flags of a ring, set by the program */
#define NR_TIMESTAMP 0x0002 /* write ts at every RX sync, even where that is switched off */
#define NR_FORWARD   0x0004 /* NS_FORWARD means something on this ring */

/* nr_mode: which rings an open binds */
#define NR_REG_DEFAULT     0 /* legacy requests only: bits of nr_ringid say it */
#define NR_REG_ALL_NIC     1 /* netmap:eth1 */
#define NR_REG_SW          2 /* netmap:eth1^ */
#define NR_REG_NIC_SW      3 /* netmap:eth1* */
#define NR_REG_ONE_NIC     4 /* netmap:eth1-N, N in nr_ringid */
#define NR_REG_PIPE_MASTER 5 /* legacy requests only: eth1{N */
#define NR_REG_PIPE_SLAVE  6 /* legacy requests only: eth1}N */
#define NR_REG_NULL        7 /* a region, and no switch behind its rings */
#define NR_REG_ONE_SW      8 /* netmap:eth1^N */

/* nr_flags */
#define NR_MONITOR_TX      0x100
#define NR_MONITOR_RX      0x200
#define NR_ZCOPY_MON       0x400
#define NR_EXCLUSIVE       0x800
#define NR_RX_RINGS_ONLY   0x2000
#define NR_TX_RINGS_ONLY   0x4000
#define NR_ACCEPT_VNET_HDR 0x8000
#define NR_DO_RX_POLL      0x10000 /* netmap names it and does nothing with it, nor do we */
#define NR_NO_TX_POLL      0x20000

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
	uint64_t ptr;   /* NS_INDIRECT: the address of the bytes; the bits of offset_mask: where in the buffer they begin */
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

/*
 * The device's ioctls: 'i' is 0x69, the sizes are those of the structs below. Sync has no argument. Every
 * other ioctl, of terminals and sockets too, is answered EOPNOTSUPP.
 */
#define NIOCGINFO   0xc03c6991u
#define NIOCREGIF   0xc03c6992u
#define NIOCTXSYNC  0x6994u
#define NIOCRXSYNC  0x6995u
#define NIOCCONFIG  0xc1106996u
#define NIOCCTRL    0xc0586997u

#define NETMAP_REQ_IFNAMSIZ 64
#define NETMAP_REQ_MAXSIZE  4096 /* bytes of a body and its options, at most */

#define NETMAP_REQ_REGISTER             1
#define NETMAP_REQ_PORT_INFO_GET        2
#define NETMAP_REQ_VALE_ATTACH          3
#define NETMAP_REQ_VALE_DETACH          4
#define NETMAP_REQ_VALE_LIST            5
#define NETMAP_REQ_PORT_HDR_SET         6
#define NETMAP_REQ_PORT_HDR_GET         7
#define NETMAP_REQ_VALE_NEWIF           8
#define NETMAP_REQ_VALE_DELIF           9 /* no body */
#define NETMAP_REQ_VALE_POLLING_ENABLE  10
#define NETMAP_REQ_VALE_POLLING_DISABLE 11
#define NETMAP_REQ_POOLS_INFO_GET       12
#define NETMAP_REQ_SYNC_KLOOP_START     13
#define NETMAP_REQ_SYNC_KLOOP_STOP      14 /* no body */
#define NETMAP_REQ_CSB_ENABLE           15 /* no body */

#define NETMAP_REQ_OPT_EXTMEM              1
#define NETMAP_REQ_OPT_SYNC_KLOOP_EVENTFDS 2
#define NETMAP_REQ_OPT_CSB                 3
#define NETMAP_REQ_OPT_SYNC_KLOOP_MODE     4
#define NETMAP_REQ_OPT_OFFSETS             5
#define NETMAP_REQ_OPT_MAX                 6 /* from here on: nobody knows them */

#define NETMAP_POLLING_MODE_SINGLE_CPU 1
#define NETMAP_POLLING_MODE_MULTI_CPU  2

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

struct nmreq_vale_attach {
	struct nmreq_register reg;
	uint32_t port_index;
	uint32_t pad1;
};

struct nmreq_vale_detach {
	uint32_t port_index;
	uint32_t pad1;
};

struct nmreq_vale_list {
	uint16_t nr_bridge_idx;
	uint16_t pad1;
	uint32_t nr_port_idx;
};

struct nmreq_port_hdr { /* PORT_HDR_SET, PORT_HDR_GET */
	uint32_t nr_hdr_len; /* bytes of the virtio-net header before each frame: 0, 10 or 12 */
	uint32_t pad1;
};

struct nmreq_vale_newif {
	uint32_t nr_tx_slots;
	uint32_t nr_rx_slots;
	uint16_t nr_tx_rings;
	uint16_t nr_rx_rings;
	uint16_t nr_mem_id;
	uint16_t pad1;
};

struct nmreq_vale_polling { /* VALE_POLLING_ENABLE, VALE_POLLING_DISABLE */
	uint32_t nr_mode; /* NETMAP_POLLING_MODE_* */
	uint32_t nr_first_cpu_id;
	uint32_t nr_num_polling_cpus;
	uint32_t pad1;
};

struct nmreq_pools_info {
	uint64_t nr_memsize;
	uint16_t nr_mem_id;
	uint16_t pad1[3];
	uint64_t nr_if_pool_offset;
	uint32_t nr_if_pool_objtotal;
	uint32_t nr_if_pool_objsize;
	uint64_t nr_ring_pool_offset;
	uint32_t nr_ring_pool_objtotal;
	uint32_t nr_ring_pool_objsize;
	uint64_t nr_buf_pool_offset;
	uint32_t nr_buf_pool_objtotal;
	uint32_t nr_buf_pool_objsize;
};

struct nmreq_sync_kloop_start {
	uint32_t sleep_us;
	uint32_t pad1;
};

struct nmreq_option {
	uint64_t nro_next; /* pointer of the program, as nr_options is */
	uint32_t nro_reqtype;
	uint32_t nro_status; /* errno */
	uint64_t nro_size;
};

struct nmreq_opt_extmem {
	struct nmreq_option nro_opt;
	uint64_t nro_usrptr;
	struct nmreq_pools_info nro_info;
};

struct nmreq_opt_csb {
	struct nmreq_option nro_opt;
	uint64_t csb_atok;
	uint64_t csb_ktoa;
};

struct nmreq_opt_sync_kloop_mode {
	struct nmreq_option nro_opt;
	uint32_t mode;
	uint32_t pad1;
};

struct nmreq_opt_offsets {
	struct nmreq_option nro_opt;
	uint64_t nro_max_offset;
	uint64_t nro_initial_offset;
	uint32_t nro_offset_bits;
	uint32_t nro_tx_align;
	uint64_t nro_min_gap;
};

/* The legacy request, of NIOCREGIF and NIOCGINFO. */
#define NETMAP_LEGACY_IFNAMSIZ 16

#define NETMAP_HW_RING     0x4000 /* nr_ringid: one NIC ring pair */
#define NETMAP_SW_RING     0x2000 /* the host ring pair */
#define NETMAP_RING_MASK   0x0fff
#define NETMAP_NO_TX_POLL  0x1000
#define NETMAP_DO_RX_POLL  0x8000
#define NR_REG_MASK        0xf /* nr_flags: the mode */

#define NETMAP_BDG_ATTACH      1 /* nr_cmd */
#define NETMAP_BDG_DETACH      2
#define NETMAP_BDG_LIST        4
#define NETMAP_BDG_VNET_HDR    5
#define NETMAP_BDG_NEWIF       6
#define NETMAP_BDG_DELIF       7
#define NETMAP_BDG_POLLING_ON  10
#define NETMAP_BDG_POLLING_OFF 11
#define NETMAP_VNET_HDR_GET    12
#define NETMAP_BDG_HOST        1 /* nr_arg1 with NETMAP_BDG_ATTACH: the host rings, too */

struct nmreq {
	char nr_name[NETMAP_LEGACY_IFNAMSIZ];
	uint32_t nr_version;
	uint32_t nr_offset;
	uint32_t nr_memsize;
	uint32_t nr_tx_slots;
	uint32_t nr_rx_slots;
	uint16_t nr_tx_rings;
	uint16_t nr_rx_rings;
	uint16_t nr_ringid;
	uint16_t nr_cmd;
	uint16_t nr_arg1;
	uint16_t nr_arg2; /* nr_mem_id */
	uint32_t nr_arg3; /* nr_extra_bufs */
	uint32_t nr_flags;
	uint32_t spare2;
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
 * One block for each object of the ring pool, in a page-aligned area after the buf pool: that of a ring at
 * offset r of the region is at ctl_ofs + (r - ring_ofs) / ring_size * NMU_CTL_SIZE (names of nmu_grant).
 * All fields are accessed atomically. There is no other state of a ring than this and the netmap_ring: a
 * program may die and another go on, one that inherits or is sent a descriptor has what it needs, and all
 * opens of a ring, which netmap allows any number of, share its block.
 *
 * TX: the switch takes the slots [cur, head), then sets tail = head - 1 (mod num_slots) and cur = head. On a
 *     pipe, whose other end may be full, cur = head says that it has looked, and tail what is free.
 * RX: the program gives back [cur, head) by moving head; the switch fills slots from tail and moves
 *     tail. It may fill up to num_slots - 1 slots beyond head.
 *
 * Who publishes: store-release of head (or tail), full fence, load of the peer's flag (doorbell, or
 * wait). Who goes to sleep: store of the own flag, full fence, load of the peer's position again, then
 * block. So one of the two always sees the other, and no wake-up is lost.
 *
 * A sync of a ring, by any thread of any process that has it open:
 *
 *  1. Take busy: compare-and-swap from 0 to the thread's id. If another thread that exists has it, the ring is
 *     skipped, as in the module; one that is no more has lost it, and its id is swapped for one's own.
 *  2. Read ring->head and ring->cur once. They must lie, going round the ring, from ctl.head on to told: head
 *     from ctl.head to told, cur from head to told. If not, the sync fails as in the module. ring->tail is the
 *     program's to read only; if it is not told, it is set to told.
 *  3. If the slots [ctl.head, ring->head) of a TX ring have NS_INDIRECT, the bytes at ptr are copied into the
 *     slot's buffer and the flag is taken off: the switch can't see them.
 *  4. Add 1 to syncs; store-release head; full fence; if doorbell is not 0, write 8 bytes to kick.
 *  5. TX, and RX as long as lockstep is not 0: wait until cur is head (or tail is NMU_DETACHED). The module
 *     forwards in the system call; so for the program, too, all has gone when the sync returns. Where the
 *     lockstep of a TX ring is 0, a program that does nothing but send may go on sooner: the switch still takes all
 *     up to head, also when the ring is closed.
 *  6. Load-acquire tail, store it in told, then in ring->tail. RX: write ts. Store-release 0 in busy.
 *
 * A sleep on rings: add 1 to wait of each (again if that makes 0), full fence, look at tail (or cur) of each
 * again; if none has moved, poll the wake descriptor together with the connection; when wake is readable, read
 * all that is there. Nothing is taken back: a wait that has been answered, or was given up, costs the switch
 * one idle wake-up at most. (Only who has the ring alone, by NR_EXCLUSIVE, may store numbers of its own, and 0.) TX: it is answered when half of the ring is free, and when all is taken. Every
 * open of a ring is woken.
 *
 * The connection itself is readable only when a reply is there, and hangs up when the switch has closed it.
 */
struct nmu_ctl {
	/* line 0, written by the program */
	_Alignas(NMU_LINE) _Atomic uint32_t head; /* ring->head at the last sync */
	_Atomic uint32_t wait;  /* sleeps that were begun, mod 2^32 without 0; 0: none ever */
	_Atomic uint32_t syncs; /* syncs of this ring, mod 2^32 */
	/* line 1, written by the switch */
	_Alignas(NMU_LINE) _Atomic uint32_t tail; /* end of what the program may own, or NMU_DETACHED */
	_Atomic uint32_t cur;                     /* up to where the switch has seen head */
	/* line 2, written by the switch */
	_Alignas(NMU_LINE) _Atomic uint32_t doorbell; /* not 0: it sleeps; after head moved, write kick */
	_Atomic uint32_t lockstep;                    /* not 0: it says what it took or was given back, and syncs wait for it */
	/* line 3, written by the program; the switch does not look at it */
	_Alignas(NMU_LINE) _Atomic uint32_t busy; /* id of the thread that syncs the ring; 0: none */
	_Atomic uint32_t told;                    /* tail as of the last sync: what ring->tail was set to */
	_Atomic uint32_t shared;                  /* not 0: several processes may sleep on one wake descriptor */
};

/* ---- messages between program and switch ----------------------------------------------------- */

/*
 * One SOCK_SEQPACKET connection is one open of /dev/netmap; the end of its last descriptor is the close. The
 * switch's socket is /run/valelab/netmap.sock, or what VALELAB_NETMAP in the environment says: a descriptor
 * of which getpeername gives that address is a netmap one. Host byte order, structs without gaps between.
 *
 *   op CTRL      NIOCCTRL            nmu_request, nmreq_header, body, options
 *                        reply:      nmu_reply, nmreq_header, body, options, nmu_grant
 *   op REGIF     NIOCREGIF           nmu_request, nmreq
 *   op GINFO     NIOCGINFO           the same
 *                        reply:      nmu_reply, nmreq, nmu_grant
 *   op DESCRIBE  what is open here?  nmu_request
 *                        reply:      nmu_reply, nmu_grant; error ENXIO: nothing is
 *
 * Body: that of nr_reqtype, as long as nr_body is not NULL; else it is left out (the switch answers EINVAL
 * where it should be there). A type that has no body or is not known is sent without. A reply with an
 * error has no body; one to a message that the switch can't read is nmu_reply alone.
 *
 * Options: the chain, one behind the other, each a nmreq_option with what follows it: nothing for a type that
 * is not known, for SYNC_KLOOP_EVENTFDS up to nro_size, else the rest of its struct. The reply has the same
 * bytes with nro_status filled in, also with an error; the program gets the headers back, and what follows
 * them where there is neither an error nor a status. A chain that, with the body, goes over NETMAP_REQ_MAXSIZE is cut
 * before the option that does, and NMU_OPTIONS_CUT says so: the switch finds what is wrong with the rest
 * first, and then answers EMSGSIZE. What the program's pointers lead to in vain (EFAULT) does not get here.
 *
 * Grant: with REGISTER, REGIF and DESCRIBE when error is 0, along with three descriptors by SCM_RIGHTS: region
 * memfd, kick, wake. Kick is an eventfd. Wake becomes readable by each 8 bytes that the switch writes. REGIF of
 * another command than to open has none: grant_len is 0. With NMU_NATIVE one descriptor comes instead: the program
 * uses the module itself, by that descriptor, and nothing is open on the connection. What lies from memsize on is the
 * program's own affair then.
 *
 * Requests on one connection are made one at a time, also when several processes hold it: by who has a write
 * lock on its first byte (fcntl F_SETLKW), and one thread of a process. id is the caller's choice, and comes
 * back. A reply with another id was for a program that died before it came: it is dropped, with its descriptors.
 *
 * A request on a connection that has nothing open changes nothing about that, but for REGISTER and REGIF; one
 * that has something open answers these with EBUSY and all others just so.
 */
#define NMU_VERSION 2

#define NMU_OP_CTRL     1
#define NMU_OP_REGIF    2
#define NMU_OP_GINFO    3
#define NMU_OP_DESCRIBE 4

#define NMU_OPTIONS_CUT 0x1 /* nmu_request.flags */

struct nmu_request {
	uint32_t op;
	uint32_t version;
	uint32_t id;
	uint32_t flags;
	uint32_t body_len; /* bytes of the body */
	uint32_t options_len;
};

struct nmu_reply {
	int32_t error; /* errno, or 0 */
	uint32_t version;
	uint32_t id;
	uint32_t body_len;
	uint32_t options_len;
	uint32_t grant_len;
};

/* nmu_grant.kind: what a sync does besides */
#define NMU_MONITOR 0x2 /* TX syncs do nothing; that the port has gone, poll tells and no sync */
#define NMU_NULL    0x4 /* nothing is behind the rings: syncs do nothing and answer 0 */
#define NMU_NATIVE  0x8 /* the one descriptor that comes along is /dev/netmap's, and has the rings */

/* What a program must know beyond the netmap_if to map and check a region. Offsets are from its start. */
struct nmu_grant {
	uint64_t region_size; /* bytes of the memfd */
	uint64_t memsize;     /* bytes that the program may map: from 0 on, without the control area */
	uint64_t if_ofs;      /* netmap_if of this open: nr_offset */
	uint64_t ring_ofs;    /* the ring pool */
	uint64_t buf_ofs;     /* buffer 0 */
	uint64_t ctl_ofs;     /* the control area */
	uint32_t ring_num;    /* objects of the ring pool, and blocks of the control area */
	uint32_t ring_size;   /* bytes of an object */
	uint32_t buf_num;
	uint32_t buf_size;
	uint64_t flags; /* nr_flags of the open */
	uint32_t mode;  /* nr_mode of the open */
	uint16_t tx_rings; /* entries of ring_ofs, in its order; those of rings that are not open are 0 */
	uint16_t host_tx_rings;
	uint16_t rx_rings;
	uint16_t host_rx_rings;
	uint32_t kind; /* NMU_* */
};

_Static_assert(sizeof(struct netmap_slot) == 16, "netmap_slot");
_Static_assert(offsetof(struct netmap_ring, slot) == 256, "netmap_ring");
_Static_assert(offsetof(struct netmap_if, ring_ofs) == 56, "netmap_if");
_Static_assert(sizeof(struct nmreq_header) == 88, "nmreq_header");
_Static_assert(sizeof(struct nmreq_register) == 56, "nmreq_register");
_Static_assert(sizeof(struct nmreq_port_info_get) == 32, "nmreq_port_info_get");
_Static_assert(sizeof(struct nmreq_vale_attach) == 64, "nmreq_vale_attach");
_Static_assert(sizeof(struct nmreq_vale_list) == 8, "nmreq_vale_list");
_Static_assert(sizeof(struct nmreq_vale_newif) == 16, "nmreq_vale_newif");
_Static_assert(sizeof(struct nmreq_vale_polling) == 16, "nmreq_vale_polling");
_Static_assert(sizeof(struct nmreq_pools_info) == 64, "nmreq_pools_info");
_Static_assert(sizeof(struct nmreq_opt_extmem) == 96, "nmreq_opt_extmem");
_Static_assert(sizeof(struct nmreq_opt_csb) == 40, "nmreq_opt_csb");
_Static_assert(sizeof(struct nmreq_opt_offsets) == 56, "nmreq_opt_offsets");
_Static_assert(sizeof(struct nmreq) == 60, "nmreq");
_Static_assert(sizeof(struct nmu_ctl) == NMU_CTL_SIZE, "nmu_ctl");
_Static_assert(sizeof(struct nmu_grant) == 88, "nmu_grant");

#endif
