/* poll and ppoll: ports among other descriptors. */
#include "preload.h"

#include <signal.h>
#include <time.h>

#define ON_STACK 64 /* descriptors */
#define ALWAYS   (POLLERR | POLLHUP | POLLNVAL)

/* A poll that has ports in it. */
struct call {
	struct pollfd *fds;   /* the program's */
	struct pollfd *local; /* the ordinary ones of them, at the same places, and room */
	struct nm_watch *watch;
	unsigned long n;
	unsigned nw;
};

bool nm_any_port(const struct pollfd *fds, unsigned long n)
{
	if (likely(!nm_active))
		return false;
	for (unsigned long i = 0; i < n; i++)
		if (nm_kind(nm_slot(fds[i].fd)) == NM_PORT || nm_kind(nm_slot(fds[i].fd)) == NM_EPOLL)
			return true;
	return false;
}

static void find(struct call *c)
{
	struct pollfd *fds = c->fds;

	for (unsigned long i = 0; i < c->n; i++) {
		struct nm_open *o = nm_kind(nm_slot(fds[i].fd)) == NM_PORT ? nm_get(fds[i].fd) : NULL;

		c->local[i] = fds[i];
		if (o == NULL)
			continue;
		c->local[i].fd = -1;
		c->watch[c->nw++] = (struct nm_watch){.port = &o->port, .fd = fds[i].fd, .events = fds[i].events, .index = i};
	}
}

/* Syncs as the events want it; the number of ports that have one. */
static int look(struct call *c, int pid)
{
	int found = 0;

	for (unsigned i = 0; i < c->nw; i++) {
		struct nm_watch *w = &c->watch[i];
		struct pollfd *f = &c->fds[w->index];

		f->revents = nm_ready(w->port, w->fd, pid, w->events) & (short)(w->events | ALWAYS);
		found += f->revents != 0;
	}
	return found;
}

/* Takes over what the kernel says of the others. */
static int others(struct call *c)
{
	int found = 0;
	unsigned next = 0;

	for (unsigned long i = 0; i < c->n; i++) {
		if (next < c->nw && c->watch[next].index == i) {
			next++;
			continue;
		}
		c->fds[i].revents = c->local[i].revents;
		found += c->local[i].revents != 0;
	}
	return found;
}

static int run(struct call *c, int64_t timeout, const void *mask, size_t mask_size)
{
	uint64_t end = 0;
	int pid = (int)sys(__NR_getpid), found, ret;

	for (;;) {
		int64_t left;

		found = look(c, pid);
		if (found > 0 && c->nw == c->n)
			return found;
		left = nm_left(&end, timeout);
		ret = nm_block(c->watch, c->nw, c->local, c->n, found > 0 ? 0 : left, mask, mask_size);
		if (ret < 0 && found == 0)
			return ret;
		if (ret == 0) {
			others(c);
			if (found > 0 || left == 0)
				return found;
			continue;
		}
		if (found == 0)
			found = look(c, pid);
		return found + others(c);
	}
}

int nm_poll(struct pollfd *fds, unsigned long n, int64_t timeout, const void *mask, size_t mask_size)
{
	struct pollfd local[3 * ON_STACK];
	struct nm_watch watch[ON_STACK];
	struct call c = {.fds = fds, .local = local, .watch = watch, .n = n};
	struct nm_room room;
	int ret;

	nm_cancel_test();
	if (n > ON_STACK) {
		if (!nm_room_take(&room, n * (3 * sizeof(local[0]) + sizeof(watch[0]))))
			return -ENOMEM;
		c.watch = room.at;
		c.local = (void *)(c.watch + n);
	}
	find(&c);
	ret = run(&c, timeout, mask, mask_size);
	for (unsigned i = 0; i < c.nw; i++)
		nm_put(nm_open_of(c.watch[i].port));
	if (n > ON_STACK)
		nm_room_give(&room);
	return ret;
}

#undef poll
#undef ppoll

/* libc's header tells the compiler that poll only writes what fds points to, which is not so. */
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

EXPORT int poll(struct pollfd *fds, nfds_t n, int timeout)
{
	__typeof__(&poll) next;

	if (unlikely(nm_any_port(fds, n)))
		return (int)nm_result(nm_poll(fds, n, timeout < 0 ? NM_FOREVER : timeout * 1000000ll, NULL, 0));
	next = NEXT(poll);
	return next != NULL ? next(fds, n, timeout) : (int)nm_result(sys(__NR_poll, fds, n, timeout));
}

int64_t nm_nanoseconds(const struct timespec *ts)
{
	if (ts == NULL || ts->tv_sec > INT64_MAX / 1000000000 - 1)
		return NM_FOREVER;
	return ts->tv_sec * 1000000000ll + ts->tv_nsec;
}

int ppoll(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);

EXPORT int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask)
{
	__typeof__(&ppoll) next;
	struct timespec copy;

	if (unlikely(nm_any_port(fds, n))) {
		if (timeout != NULL && (timeout->tv_sec < 0 || (unsigned long)timeout->tv_nsec >= 1000000000))
			return (int)nm_result(-EINVAL);
		return (int)nm_result(nm_poll(fds, n, nm_nanoseconds(timeout), mask, NM_SIGSET));
	}
	next = NEXT(ppoll);
	if (next != NULL)
		return next(fds, n, timeout, mask);
	if (timeout != NULL)
		copy = *timeout; /* the kernel writes into it */
	return (int)nm_result(sys(__NR_ppoll, fds, n, timeout != NULL ? &copy : NULL, mask, NM_SIGSET));
}

/* What a fortified program calls; the compiler knew how many there are. */
EXPORT int __poll_chk(struct pollfd *fds, nfds_t n, int timeout, size_t room)
{
	if (room / sizeof(*fds) < n)
		__builtin_trap();
	return poll(fds, n, timeout);
}

EXPORT int __ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask, size_t room)
{
	if (room / sizeof(*fds) < n)
		__builtin_trap();
	return ppoll(fds, n, timeout, mask);
}
