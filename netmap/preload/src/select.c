/* select and pselect: a poll in other words. */
#include "preload.h"

#include <signal.h>
#include <sys/select.h>
#include <sys/time.h>
#include <time.h>

/* As the kernel translates its events. */
#define IN_SET  (POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR)
#define OUT_SET (POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR)
#define EX_SET  POLLPRI
#define ON_STACK 64

struct sets {
	unsigned long *in, *out, *ex;
};

static bool has(const unsigned long *set, int fd)
{
	return set != NULL && set[fd / 64] >> (fd % 64) & 1;
}

static void put(unsigned long *set, int fd, bool value)
{
	if (set == NULL)
		return;
	if (value)
		set[fd / 64] |= 1ul << (fd % 64);
	else
		set[fd / 64] &= ~(1ul << (fd % 64));
}

static short wanted(const struct sets *s, int fd)
{
	return (short)((has(s->in, fd) ? POLLIN | POLLRDNORM | POLLRDBAND : 0) |
		       (has(s->out, fd) ? POLLOUT | POLLWRNORM | POLLWRBAND : 0) | (has(s->ex, fd) ? POLLPRI : 0));
}

static bool any_port(const struct sets *s, int n)
{
	if (likely(!nm_active))
		return false;
	for (int fd = 0; fd < n; fd++)
		if (unlikely(nm_slot(fd) != 0) && nm_kind(nm_slot(fd)) != NM_HIDDEN && wanted(s, fd) != 0)
			return true;
	return false;
}

/* Puts into the sets what poll has found. -EBADF: one of them is no descriptor. */
static int give(const struct sets *s, const struct pollfd *fds, unsigned long n)
{
	int found = 0;

	for (unsigned long i = 0; i < n; i++)
		if (fds[i].revents & POLLNVAL)
			return -EBADF;
	for (unsigned long i = 0; i < n; i++) {
		const struct pollfd *f = &fds[i];
		bool in = has(s->in, f->fd) && f->revents & IN_SET;
		bool out = has(s->out, f->fd) && f->revents & OUT_SET;
		bool ex = has(s->ex, f->fd) && f->revents & EX_SET;

		put(s->in, f->fd, in);
		put(s->out, f->fd, out);
		put(s->ex, f->fd, ex);
		found += in + out + ex;
	}
	return found;
}

static int as_poll(const struct sets *s, int n, int64_t timeout, const void *mask, size_t mask_size)
{
	struct pollfd local[ON_STACK], *fds = local;
	unsigned long nfds = 0;
	struct nm_room room;
	int ret;

	for (int fd = 0; fd < n; fd++)
		nfds += wanted(s, fd) != 0;
	if (nfds > ON_STACK) {
		if (!nm_room_take(&room, nfds * sizeof(*fds)))
			return -ENOMEM;
		fds = room.at;
	}
	nfds = 0;
	for (int fd = 0; fd < n; fd++)
		if (wanted(s, fd) != 0)
			fds[nfds++] = (struct pollfd){.fd = fd, .events = wanted(s, fd)};
	ret = nm_poll(fds, nfds, timeout, mask, mask_size);
	if (ret >= 0)
		ret = give(s, fds, nfds);
	if (fds != local)
		nm_room_give(&room);
	return ret;
}

#undef select
#undef pselect

EXPORT int select(int n, fd_set *in, fd_set *out, fd_set *ex, struct timeval *timeout)
{
	struct sets s = {(void *)in, (void *)out, (void *)ex};
	__typeof__(&select) next;
	int64_t ns = NM_FOREVER, left;
	uint64_t begin;
	int ret;

	if (likely(!any_port(&s, n))) {
		next = NEXT(select);
		return next != NULL ? next(n, in, out, ex, timeout) : (int)nm_result(sys(__NR_select, n, in, out, ex, timeout));
	}
	if (timeout != NULL && (timeout->tv_sec < 0 || timeout->tv_usec < 0))
		return (int)nm_result(-EINVAL);
	if (timeout != NULL && timeout->tv_sec < INT64_MAX / 1000000000 - 1)
		ns = timeout->tv_sec * 1000000000ll + timeout->tv_usec * 1000ll;
	begin = nm_now();
	ret = as_poll(&s, n, ns, NULL, 0);
	if (ns >= 0) { /* as the kernel does: what is left of it */
		left = ns - (int64_t)(nm_now() - begin);
		left = left < 0 ? 0 : left;
		timeout->tv_sec = left / 1000000000;
		timeout->tv_usec = left % 1000000000 / 1000;
	}
	return (int)nm_result(ret);
}

EXPORT int pselect(int n, fd_set *in, fd_set *out, fd_set *ex, const struct timespec *timeout, const sigset_t *mask)
{
	struct sets s = {(void *)in, (void *)out, (void *)ex};
	struct {
		const void *mask;
		size_t size;
	} arg = {mask, NM_SIGSET};
	__typeof__(&pselect) next;
	struct timespec copy;

	if (unlikely(any_port(&s, n))) {
		if (timeout != NULL && (timeout->tv_sec < 0 || (unsigned long)timeout->tv_nsec >= 1000000000))
			return (int)nm_result(-EINVAL);
		return (int)nm_result(as_poll(&s, n, nm_nanoseconds(timeout), mask, NM_SIGSET));
	}
	next = NEXT(pselect);
	if (next != NULL)
		return next(n, in, out, ex, timeout, mask);
	if (timeout != NULL)
		copy = *timeout;
	return (int)nm_result(sys(__NR_pselect6, n, in, out, ex, timeout != NULL ? &copy : NULL, &arg));
}
