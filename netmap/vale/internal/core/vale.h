/*
 * The structures of the core and the functions that its files give each other. Everything here belongs to
 * one worker and is touched by its thread alone, except where a field says otherwise.
 */
#ifndef VALELAB_VALE_H
#define VALELAB_VALE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core.h"
#include "netmap_abi.h"

#define VALE_BATCH     256   /* frames that are forwarded together, at most */
#define VALE_SOCK_RECV 64    /* frames that one recvmmsg takes */
#define VALE_MAX_FRAGS 255   /* slots of a frame: what the high byte of the slot flags can say */
#define VALE_MAX_FRAME 65600 /* bytes of a frame that a socket or trunk carries */
#define VALE_ETH_HLEN  14

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* ---- frames */

/* struct virtio_net_hdr in its legacy form, little-endian: the offload header of AF_PACKET. */
struct vale_vnet {
	uint8_t flags;
	uint8_t gso_type;
	uint16_t hdr_len;
	uint16_t gso_size;
	uint16_t csum_start;
	uint16_t csum_offset;
};

struct vale_piece {
	const uint8_t *data;
	uint32_t len;
};

/* A frame on its way, without the virtio-net header that it may have in a ring. Its bytes stay where its source has
 * them. A frame with vnet.flags or vnet.gso_type set is one piece, in memory that no program can write. */
struct vale_frame {
	const uint8_t *data; /* first piece; at least VALE_ETH_HLEN bytes */
	uint32_t len;        /* of all pieces */
	uint16_t piece;      /* npieces > 1: its first one in vale_batch.piece */
	uint16_t npieces;
	struct vale_vnet vnet;
	uint16_t buffers;    /* the rest of a header of VALE_MAX_HEADER bytes */
};

#define VALE_MAX_HEADER 12 /* bytes of a virtio-net header in a ring: this many, sizeof(struct vale_vnet), or 0 */

struct vale_batch {
	uint32_t n;
	bool slack; /* bytes behind a piece, up to a multiple of 64, may be copied along: they are the sender's */
	uint32_t more; /* slots (frames, of a socket or trunk: 1 for any) that wait behind it */
	struct vale_frame frame[VALE_BATCH];
	struct vale_piece piece[VALE_BATCH + VALE_MAX_FRAGS];
};

static inline bool vale_frame_offload(const struct vale_frame *f)
{
	return (f->vnet.flags | f->vnet.gso_type) != 0;
}

#define VALE_LINEAR (8 * VALE_MAX_FRAME)

/* ---- counters: one writer, read by other threads at any time */

static inline void vale_count(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

static inline void vale_drop(struct vale_ring_state *st, enum vale_drop why, uint64_t n)
{
	vale_count(&st->drops[why], n);
}

/* ---- sources */

/* What an epoll event points at. */
enum vale_waiter { VALE_WAIT_CONTROL, VALE_WAIT_SOCKET, VALE_WAIT_OPEN };

enum vale_source_kind { VALE_SRC_NIC, VALE_SRC_HOST, VALE_SRC_SOCKET, VALE_SRC_TRUNK, VALE_SRC_STACK };

struct vale_ring;
struct vale_channel;

/*
 * Something that frames come from. An active source is looked at in every pass. One that had nothing for a
 * while goes to sleep: off the list, until its doorbell (ring, trunk) or its socket wakes it.
 */
struct vale_source {
	enum vale_waiter waiter; /* VALE_WAIT_SOCKET; first, as in struct vale_open */
	enum vale_source_kind kind;
	bool active;
	uint32_t idle; /* passes without a frame */
	struct vale_port *port;
	struct vale_ring *ring;           /* VALE_SRC_NIC, VALE_SRC_HOST */
	struct vale_link *link;           /* VALE_SRC_TRUNK, VALE_SRC_STACK */
	struct vale_source *next, **prev; /* list of active sources */
};

/* One end of a trunk. */
struct vale_link {
	struct vale_channel *out; /* where frames go; NULL: there is no trunk */
	struct vale_channel *in;  /* where frames come from */
	struct vale_source source;
	struct vale_link *next; /* of the same worker */
};

/* ---- rings */

/* One opened ring. All but ctl, slot and buf is private. */
struct vale_ring {
	struct nmu_ctl *ctl;
	struct netmap_slot *slot;
	uint8_t *buf;
	uint32_t slots, buf_size, buf_num;
	uint64_t offset_mask; /* of a slot's ptr: where in the buffer its bytes begin; 0: at the start */
	uint32_t offset_max;  /* up to buf_size */
	struct vale_ring_state *st;
	struct vale_port *port;
	struct vale_bind *binds; /* the opens that have it */
	struct vale_ring *peer;  /* of a pipe: the ring at the other end; NULL: no pipe */
	bool tx, host;
	bool watched; /* RX: a zero-copy monitor waits for what is given back */
	uint32_t id;
	struct vale_source source; /* TX, and RX that is watched */

	/* waking the program */
	uint32_t woken; /* the value of ctl->wait that was answered last */
	bool queued;    /* in the worker's list of rings to look at after the pass */
	bool more;      /* its sender has more frames waiting */
	uint32_t age;   /* passes in that list */
	uint32_t hurried; /* head when frames were last lost and the processor was offered to the program */
	struct vale_ring *queue_next;
};

struct vale_open {
	enum vale_waiter waiter; /* VALE_WAIT_OPEN */
	struct vale_port *port;
	int kick, wake;
	struct vale_bind *binds; /* the rings that it has */
};

/* An open has a ring, which others may have, too. */
struct vale_bind {
	struct vale_ring *ring;
	struct vale_open *open;
	struct vale_bind *next_of_ring, *next_of_open;
};

/* ---- ports, switches */

struct vale_monitor {
	struct vale_monitor *next; /* of the same port, in the order of their beginning */
	struct vale_port *port;    /* that is monitored */
	struct vale_port *own;     /* that shows it */
	bool tx, rx, zcopy;
};

struct vale_port {
	struct vale_switch *sw;
	struct vale_port_state *st;
	uint32_t index;
	struct vale_source source; /* socket */
	struct vale_link trunk;    /* frames to and from the port go this way, past its socket */
	struct vale_link stack;    /* and those of the socket this way, where somebody wants them */

	int sock; /* -1: none */
	uint32_t mtu;
	bool netmap;       /* netmap mode; else socket mode */
	uint32_t header;   /* bytes of virtio-net header before each frame in the NIC rings */
	uint32_t rx_rings; /* NIC rings that receive in netmap mode, at least 1 */
	struct vale_ring *tx[VALE_RINGS], *rx[VALE_RINGS]; /* NULL: not open */
	struct vale_ring *host_tx[VALE_RINGS], *host_rx[VALE_RINGS]; /* frames for the program come to the first */

	struct vale_tap *taps; /* of those who capture; NULL: nobody */
	struct vale_monitor *monitors; /* of this port; NULL: none */
	struct vale_monitor *monitor;  /* that it is itself; NULL: it is none */

	bool broken;
	bool reported;
	struct vale_fault fault;

	/* What was looked up last; true as long as the table has not changed. */
	uint64_t src_mac, dst_mac;
	uint64_t src_epoch, dst_epoch;
	uint32_t dst_port;
};

/* The port's socket is not what the switch sends to and takes from. */
static inline bool vale_port_cut(const struct vale_port *p)
{
	return p->netmap || p->trunk.out != NULL;
}

struct vale_switch {
	struct vale_worker *worker;
	struct vale_switch *next; /* of the same worker */
	struct vale_state *state;
	uint64_t epoch;     /* grows whenever the table or the set of ports changes; never 0 */
	uint32_t max_index; /* all live ports are below */
	uint32_t live;      /* number of live ports */
	struct vale_port *port[VALE_PORTS];
};

struct vale_sockbuf;

struct vale_worker {
	int epoll, event;            /* event: eventfd that interrupts the sleep */
	_Atomic uint32_t interrupts; /* any thread */
	_Atomic uint64_t spin_ns;    /* any thread */
	bool broken;                 /* a port has broken the rules */

	struct vale_source *active;
	struct vale_source **active_end;
	struct vale_source *cursor;   /* the next one of the running pass */
	struct vale_ring *queue;      /* rings whose program may have to be woken */

	bool productive;     /* the last pass took frames */
	bool full;           /* in the running pass, a ring had no room: see vale_ring.hurried */
	uint32_t recent;     /* frames since it last began to spin or sleep */
	uint32_t since_poll; /* passes since the last look at epoll */
	uint32_t spin_turns; /* 0: not spinning */
	uint64_t spin_end;   /* 0: to be fixed */

	/* precedence.c: the turns since the last decision, and that */
	uint32_t turns, work, vain;
	bool first;
	int nice; /* when it is not first */

	struct vale_switch *switches;
	struct vale_link *links;
	struct vale_batch batch;
	struct vale_sockbuf *sockbuf;
	uint8_t *linear; /* VALE_LINEAR bytes for frames of rings that have an offload header */

	/* forward.c: lists of frames per destination */
	uint16_t head[VALE_PORTS + 1], tail[VALE_PORTS + 1];
	uint16_t next[VALE_BATCH];
	uint16_t order[VALE_BATCH];
	uint16_t dst[VALE_BATCH];
	uint16_t identity[VALE_BATCH]; /* 0, 1, ...: the order of a batch that goes one way */
};

/* source.c */
void vale_source_init(struct vale_source *s, enum vale_source_kind kind, struct vale_port *p, struct vale_ring *r);
void vale_source_wake(struct vale_source *s);
bool vale_source_sleep(struct vale_source *s); /* false: it has something and stays active */
void vale_source_remove(struct vale_source *s);
uint32_t vale_source_run(struct vale_source *s); /* frames taken */

/* ring.c */
uint32_t vale_ring_collect(struct vale_ring *r, struct vale_batch *b); /* slots taken */
void vale_ring_publish_tx(struct vale_ring *r);
bool vale_ring_pending(struct vale_ring *r);
void vale_ring_deliver(struct vale_ring *r, const struct vale_batch *b, const uint16_t *order, uint32_t n);
uint32_t vale_ring_take_back(struct vale_ring *r); /* RX slots that the program has given back; it may break the rules */

/* pipe.c */
uint32_t vale_pipe_move(struct vale_ring *tx); /* slots sent and given back */
bool vale_pipe_pending(struct vale_ring *tx);
void vale_pipe_forget(struct vale_ring *r);

/* monitor.c. Slots [from, from + n) of a ring; after: so many more of the same sync follow. */
/* Only for ports with monitors: what was sent, or delivered and not published yet. */
void vale_monitor_copy(struct vale_ring *r, uint32_t from, uint32_t n, uint32_t after);
/* The slots of r were given back; of: whose monitors take what they hold, r or the other end of its pipe. False: it
 * has none. */
bool vale_monitor_take(const struct vale_ring *of, struct vale_ring *r, uint32_t from, uint32_t n, uint32_t after);
void vale_monitor_update(struct vale_port *p); /* the port, or the one that it monitors, has other rings now */

/* break.c */
void vale_ring_break(struct vale_ring *r, const char *reason);

/* wake.c */
void vale_wake_queue(struct vale_ring *r, bool more);
void vale_wake_flush(struct vale_worker *w, bool all);
void vale_wake_forget(struct vale_ring *r);

/* table.c */
void vale_table_learn(struct vale_switch *sw, struct vale_port *p, uint64_t mac);
uint32_t vale_table_lookup(struct vale_switch *sw, struct vale_port *p, uint64_t mac); /* VALE_PORTS: unknown */

/* forward.c */
void vale_forward(struct vale_port *from, uint32_t ring, struct vale_batch *b);

/* gso.c */
#define VALE_HEADERS 512 /* bytes of headers that a segment has, at most */

/* The frames that a frame with an offload header stands for. */
struct vale_segments {
	const struct vale_frame *frame;
	uint32_t total, done;
	uint32_t l3, l4;   /* offsets of the headers */
	uint32_t hlen;     /* bytes that are rewritten for each segment */
	uint32_t size;     /* bytes of payload of a segment */
	uint32_t at;       /* payload taken */
	uint8_t type;      /* VALE_GSO_* without the ECN bit */
	uint8_t header[VALE_HEADERS];
};

#define VALE_VNET_NEEDS_CSUM 1
#define VALE_VNET_DATA_VALID 2
#define VALE_GSO_NONE   0
#define VALE_GSO_TCPV4  1
#define VALE_GSO_TCPV6  4
#define VALE_GSO_UDP_L4 5
#define VALE_GSO_ECN    0x80

/* False: the offload header does not fit the frame. */
bool vale_segments_init(struct vale_segments *s, const struct vale_frame *f);
/* The next one as headers and payload, valid until the next call; false: that was all. */
bool vale_segments_next(struct vale_segments *s, struct vale_piece out[2]);
/* How many frames f stands for, 1 for one that is none. */
uint32_t vale_segments_count(const struct vale_frame *f);
/* Bytes of headers in front of the payload of a super-frame; 0: the offload header does not fit. */
uint32_t vale_gso_headers(const struct vale_frame *f);

/* csum.c */
uint64_t vale_csum_add(const uint8_t *p, uint32_t len, uint64_t sum); /* p begins at an even offset */
uint16_t vale_csum_fold(uint64_t sum); /* the sum itself, not its complement */

/* socket.c */
struct vale_sockbuf *vale_sockbuf_new(void);
void vale_sockbuf_free(struct vale_sockbuf *sb);
uint32_t vale_socket_collect(struct vale_port *p, struct vale_batch *b); /* frames taken */
void vale_socket_send(struct vale_port *p, struct vale_ring_state *st, const struct vale_batch *b,
		      const uint16_t *order, uint32_t n);

/* channel.c */
struct vale_channel *vale_channel_new(void);
void vale_channel_free(struct vale_channel *c);
void vale_channel_put(struct vale_channel *c, struct vale_ring_state *st, const struct vale_batch *b,
		      const uint16_t *order, uint32_t n);
uint32_t vale_channel_collect(struct vale_channel *c, struct vale_batch *b); /* frames taken */
void vale_channel_release(struct vale_channel *c);
bool vale_channel_sleep(struct vale_channel *c);
void vale_channel_awake(struct vale_channel *c);

/* tap.c: only for ports with taps */
#define VALE_TAP_NOWHERE 0xffffu
struct mmsghdr;
void vale_tap_sent(struct vale_port *from, const struct vale_batch *b, const uint16_t *dst); /* to NOWHERE: left out */
void vale_tap_passed(struct vale_port *to, const struct vale_batch *b, const uint16_t *order, uint32_t n); /* on by its trunk */
void vale_tap_ring(struct vale_ring *r, uint32_t from, uint32_t to); /* delivered, not published yet */
void vale_tap_socket(struct vale_port *p, bool host, const struct mmsghdr *msg, uint32_t n);

/* precedence.c: a turn of the worker's loop, in which it moved so many frames */
void vale_precedence(struct vale_worker *w, uint32_t moved);

/* worker.c */
uint64_t vale_now(void); /* ns, monotonic */

#endif
