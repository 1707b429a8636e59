/*
 * The preload library: functions of libc that a program calls, and what they do when it means /dev/netmap.
 * For every other descriptor they are the system call, or libc's own function where that does more (a
 * cancellation point), behind one branch.
 */
#ifndef VALELAB_PRELOAD_PRELOAD_H
#define VALELAB_PRELOAD_PRELOAD_H

#include "client.h"
#include "sys.h"

#define EXPORT __attribute__((visibility("default")))

struct timespec;
struct epoll_event;
struct stat;

/* table.c: what is known of descriptors. Without locks: threads and signal handlers come as they like. */
#define NM_MAX_FD 65536 /* one beyond is recognised anew each time it is used */

enum nm_kind {
	NM_OTHER = 0,
	NM_PORT = 1,   /* an open of /dev/netmap */
	NM_HIDDEN = 2, /* the library's own */
	NM_EPOLL = 3,  /* an epoll that watches ports */
};

/* An open of /dev/netmap in this process. It lives as long as descriptors, mappings and calls use it. */
struct nm_open {
	struct nm_port port;
	_Atomic uint32_t refs; /* 0: not in use */
	uint64_t cookie;       /* the connection's identity: a descriptor may be closed behind our back */
	_Atomic int keep;      /* a duplicate that mappings hold the port with, or -1 */
};

static inline struct nm_open *nm_open_of(struct nm_port *p) { return (struct nm_open *)p; } /* its first member */

extern hidden _Atomic uintptr_t nm_table[NM_MAX_FD];
extern hidden bool nm_active; /* a descriptor was ever something else than NM_OTHER */

/* The kind of a descriptor, and the address of what it is. */
static inline uintptr_t nm_slot(int fd)
{
	if (likely(!nm_active) || unlikely((unsigned)fd >= NM_MAX_FD))
		return 0;
	return atomic_load_explicit(&nm_table[fd], memory_order_acquire);
}
static inline enum nm_kind nm_kind(uintptr_t slot) { return slot & 3; }
static inline void *nm_object(uintptr_t slot) { return (void *)(slot & ~(uintptr_t)3); }

hidden struct nm_open *nm_get(int fd);   /* of a port's descriptor, to be put back; else NULL */
hidden struct nm_open *nm_adopt(int fd); /* the same, and also knows one that came from elsewhere */
hidden void nm_hold(struct nm_open *o);
hidden void nm_put(struct nm_open *o);
hidden int nm_open_port(int flags);
hidden void nm_forget(int fd);           /* it is closed, or about to be */
hidden void nm_duplicated(int from, int to);
hidden int nm_move_hidden(int fd);
hidden bool nm_reachable(void);          /* there is a switch */
hidden void nm_share_all(void);
struct nm_epoll;
hidden bool nm_install_epoll(int fd, struct nm_epoll *ep);

/* map.c */
hidden long nm_map(struct nm_open *o, int fd, void *at, size_t len, int prot, int flags, int64_t ofs);

/* poll.c */
hidden int nm_poll(struct pollfd *fds, unsigned long n, int64_t timeout, const void *mask, size_t mask_size);
hidden bool nm_any_port(const struct pollfd *fds, unsigned long n);
hidden int64_t nm_nanoseconds(const struct timespec *ts);

/* cancel.c: between begin and end, a thread that is cancelled calls undo. */
struct nm_cleanup {
	void *of_libc[4];
};
hidden void nm_cancel_begin(struct nm_cleanup *c, void (*undo)(void *), void *arg);
hidden void nm_cancel_end(struct nm_cleanup *c);
hidden void nm_cancel_test(void);

/* Memory that is taken until the call is over. */
struct nm_room {
	void *at;
	size_t size;
	struct nm_cleanup cleanup;
};
hidden bool nm_room_take(struct nm_room *r, size_t size);
hidden void nm_room_give(struct nm_room *r);

/* epoll.c */
hidden void nm_epoll_put(struct nm_epoll *ep);
hidden void nm_epoll_hold(struct nm_epoll *ep);

/* next.c: the functions that ours stand before; NULL: there is none, or it is not known yet. */
hidden void *nm_next(_Atomic(void *) *cache, const char *name);
#define NEXT(name)                                                  \
	({                                                          \
		static _Atomic(void *) cache_;                      \
		(__typeof__(&name))nm_next(&cache_, #name);         \
	})

/* A system call's result as libc gives it. */
static inline long nm_result(long ret)
{
	if (ret < 0 && ret > -4096) {
		errno = (int)-ret;
		return -1;
	}
	return ret;
}

#endif
