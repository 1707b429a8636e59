/*
 * A program's side of the switch's protocol (netmap_abi.h): what the preload library and netmap-exec share.
 * Nothing here knows of descriptor tables or of the system call that brought it about. Functions return 0 or a
 * value, or a negative errno. All may be called by any thread, and from signal handlers.
 */
#ifndef VALELAB_PRELOAD_CLIENT_H
#define VALELAB_PRELOAD_CLIENT_H

#include "netmap_abi.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define hidden      __attribute__((visibility("hidden")))

/* A ring of an open, as this process has it mapped. Nothing of its state is kept here. */
struct nm_ring {
	struct netmap_ring *ring;
	struct nmu_ctl *ctl;
	uint32_t slots;
	bool host; /* a host ring */
	uint32_t seen; /* tail when an edge-triggered epoll last told of it */
	uint32_t gained; /* slots since the last sleep: busy rings are looked at for a while before a sleep */
	uint32_t stream; /* TX: syncs of a stream so far */
	uint32_t looks; /* TX: RX syncs of this process when it last sent (stream.c) */
};

/*
 * An open of /dev/netmap: a connection to the switch and, once it is registered, the region. Its owner
 * sees to it that it is not closed while it is used.
 */
struct nm_port {
	_Atomic uint64_t lock;  /* process and thread that make a request; 0: none */
	_Atomic bool bound;     /* registered: what follows is valid */
	_Atomic bool dead;      /* the switch has hung up */
	_Atomic uint32_t sleepers; /* threads of this process that wait for wake */
	uint32_t next_id;

	bool native;            /* the module has the rings, behind a descriptor that is still to be put in place: */
	int device;
	int memfd, kick, wake;
	struct nmu_grant grant;
	uint8_t *mem;           /* the whole region; rings lie behind it in a mapping of their own */
	struct nm_ring *ring;   /* tx rings that are open, then rx rings */
	uint32_t ntx, nrx;
};

/* mem.c: the memory of the process that makes the request; a bad address is EFAULT, not a signal. */
hidden int nm_read(int pid, void *to, uint64_t from, size_t len);
hidden int nm_write(int pid, uint64_t to, const void *from, size_t len);

/* The user's: this thread is about to wait, for longer than a sync takes. */
hidden void nm_may_wait(void);

/* connect.c */
hidden int nm_connect(const char *path);
hidden bool nm_is_connection(int fd);

/* call.c: one request and its reply. */
struct nm_message {
	uint32_t op, flags;
	void *data;             /* header or nmreq, body, options; the reply's come in their place */
	uint32_t head_len, body_len, options_len;
	uint32_t capacity;
	struct nmu_grant grant; /* has_grant: with the descriptors */
	bool has_grant;
	int fds[3];
};
hidden int nm_call(struct nm_port *p, int conn, struct nm_message *m);

/* port.c */
hidden int nm_bind(struct nm_port *p, const struct nmu_grant *g, const int fds[3]);
hidden void nm_unbind(struct nm_port *p);
hidden int nm_keep_fd(int *fd); /* the user's: takes a descriptor out of the program's sight */
hidden void nm_drop_fd(int *fd);
hidden int nm_describe(struct nm_port *p, int conn);
hidden bool nm_registered(struct nm_port *p, int conn);

/* request.c: NIOCCTRL, NIOCREGIF and NIOCGINFO with the argument of process pid. */
hidden int nm_ctrl(struct nm_port *p, int conn, int pid, uint64_t arg);
hidden int nm_legacy(struct nm_port *p, int conn, int pid, uint32_t op, uint64_t arg);
hidden int nm_config(int pid, uint64_t arg);

/* sync.c */
hidden int nm_sync(struct nm_port *p, int conn, int pid, bool tx);
hidden short nm_ready(struct nm_port *p, int conn, int pid, short events);

/* Whether at lies on the way from a to b, round the ring. */
static inline bool nm_on_the_way(uint32_t a, uint32_t at, uint32_t b)
{
	return a <= b ? a <= at && at <= b : at >= a || at <= b;
}

static inline uint32_t nm_distance(const struct nm_ring *r, uint32_t a, uint32_t b)
{
	return b >= a ? b - a : b + r->slots - a;
}

/* stream.c: how long the syncs of a generator wait. */
hidden void nm_count_look(void);                                          /* an RX sync */
hidden void nm_count_stream(struct nm_ring *r, uint32_t n);               /* a TX sync of n slots */
hidden uint32_t nm_stream_goal(const struct nm_ring *r, uint32_t head); /* where the switch must be when it returns */

/* forward.c */
hidden bool nm_forward(struct nm_port *p, struct nm_ring *r);

/* wait.c */
#define POLLIN_EVENTS  (POLLIN | POLLRDNORM)
#define POLLOUT_EVENTS (POLLOUT | POLLWRNORM)
#define NM_NAP         10   /* ms: the longest sleep where others may take the wake-up away */
#define NM_SYNC_NAP    1000 /* ms: a sync that waits for an agent's successor looks after itself this often */
hidden bool nm_busy(struct nm_port *p, short events);
hidden bool nm_moved(struct nm_port *p, short events, bool edge);
hidden void nm_arm(struct nm_port *p, short events);
hidden void nm_drain(struct nm_port *p);
hidden void nm_share(struct nm_port *p);
hidden bool nm_begin_sleep(struct nm_port *p);
hidden void nm_end_sleep(struct nm_port *p);
/* The switch has come to somewhere from position a to b, or a sync need not wait. */
hidden bool nm_taken(const struct nm_ring *r, bool tx, uint32_t a, uint32_t b);
hidden void nm_sleep_sync(struct nm_port *p, int conn, struct nm_ring *r, bool tx, uint32_t a, uint32_t b);

/* block.c */
#define NM_FOREVER (-1)
#define NM_SIGSET  8 /* bytes of the kernel's sigset_t */
struct nm_watch {
	struct nm_port *port; /* held */
	int fd;
	short events;
	unsigned long index; /* the caller's */
	bool edge;  /* edge-triggered */
	bool awake; /* it does not sleep this time */
};
/* A thread that is cancelled in it has released (nm_release) the ports. */
hidden int nm_block(struct nm_watch *w, unsigned nw, struct pollfd *fds, unsigned long n, int64_t timeout, const void *mask,
		    size_t mask_size);
/* The user's: ppoll. A thread that is cancelled in it calls undo. */
struct timespec;
hidden int nm_ppoll(struct pollfd *fds, unsigned long n, const struct timespec *timeout, const void *mask, size_t mask_size,
		    void (*undo)(void *), void *arg);

/* interest.c: the ports that an epoll watches. */
#define NM_ITEMS 128
struct epoll_event;
struct nm_item {
	int fd;          /* as the program names it */
	uint64_t id;     /* the user's, of the open */
	uint32_t events; /* 0 without modes: shot */
	uint64_t data;
	bool fresh;      /* not told of since it was added or changed */
	uint64_t seen;   /* edge-triggered: where the rings stood when it was last told of */
};
struct nm_interest {
	_Atomic int lock;
	uint32_t n;
	struct nm_item item[NM_ITEMS];
};
hidden int nm_interest_control(struct nm_interest *in, int fd, uint64_t id, int op, const struct epoll_event *ev);
hidden bool nm_interest_empty(struct nm_interest *in);
/* epfd: the kernel's epoll, with the other descriptors. pid: the process that waits. */
hidden int nm_interest_wait(struct nm_interest *in, int epfd, int pid, struct epoll_event *to, int room, int64_t timeout,
			    const void *mask, size_t mask_size);
/* The user's: puts the item's port, held, and its connection's fd into the watch; false: it is no more. */
hidden bool nm_hold_item(const struct nm_item *it, struct nm_watch *w);
hidden void nm_release(struct nm_port *p);

/* device.c */
struct stat;
struct statx;
hidden void nm_device_stat(struct stat *st);
hidden void nm_device_statx(struct statx *st);

/* clock.c */
hidden uint64_t nm_now(void); /* nanoseconds, monotonic */
/* What is left of timeout (ns; negative: for ever). It begins with the first call, which finds 0 in *end. */
hidden int64_t nm_left(uint64_t *end, int64_t timeout);
/* A turn of a loop that gives the processor away and looks again. False: it has gone on for about time ns. */
struct nm_spin {
	uint64_t end;
	uint32_t turns;
};
hidden bool nm_spin(struct nm_spin *s, uint64_t time);
hidden uint32_t nm_thread(void); /* id of this thread */
hidden void nm_forked(void);

static inline void nm_copy(void *to, const void *from, size_t len) { __builtin_memcpy(to, from, len); }

#endif
