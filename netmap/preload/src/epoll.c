/*
 * epoll. One that never had a port in it is not known here at all; for the others, see interest.c.
 */
#include "preload.h"

#include <signal.h>
#include <sys/epoll.h>
#include <time.h>

#define MAX_EPOLLS 64

struct nm_epoll {
	_Atomic uint32_t refs; /* descriptors */
	struct nm_interest ports;
};

static struct nm_epoll epolls[MAX_EPOLLS];

void nm_epoll_hold(struct nm_epoll *ep)
{
	atomic_fetch_add(&ep->refs, 1);
}

void nm_epoll_put(struct nm_epoll *ep)
{
	atomic_fetch_sub(&ep->refs, 1);
}

bool nm_hold_item(const struct nm_item *it, struct nm_watch *w)
{
	struct nm_open *o = nm_get(it->fd);

	if (o == NULL)
		return false;
	if (o->cookie != it->id) {
		nm_put(o);
		return false;
	}
	w->port = &o->port;
	return true;
}

void nm_release(struct nm_port *p)
{
	nm_put(nm_open_of(p));
}

static struct nm_epoll *known(int epfd)
{
	uintptr_t slot = nm_slot(epfd);

	return nm_kind(slot) == NM_EPOLL ? nm_object(slot) : NULL;
}

static struct nm_epoll *make(int epfd)
{
	for (int i = 0; i < MAX_EPOLLS; i++) {
		uint32_t none = 0;

		if (!atomic_compare_exchange_strong(&epolls[i].refs, &none, 1))
			continue;
		epolls[i].ports.n = 0;
		if (nm_install_epoll(epfd, &epolls[i]))
			return &epolls[i];
		atomic_store(&epolls[i].refs, 0);
		return NULL;
	}
	return NULL;
}

EXPORT int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	struct nm_open *o = unlikely(nm_slot(fd) != 0) ? nm_get(fd) : NULL;
	struct nm_epoll *ep;
	struct epoll_event ev = {0};
	long ret;

	if (likely(o == NULL))
		return (int)nm_result(sys(__NR_epoll_ctl, epfd, op, fd, event));
	if (op != EPOLL_CTL_DEL)
		ret = nm_read((int)sys(__NR_getpid), &ev, (uint64_t)(uintptr_t)event, sizeof(ev));
	else
		ret = 0;
	/* Whether it is an epoll at all, the kernel says: the port is not in it. */
	if (ret == 0)
		ret = sys(__NR_epoll_ctl, epfd, EPOLL_CTL_DEL, fd, NULL);
	if (ret == -ENOENT || ret == 0) {
		ep = known(epfd);
		if (ep == NULL)
			ep = make(epfd);
		ret = ep != NULL ? nm_interest_control(&ep->ports, fd, o->cookie, op, &ev) : -ENOSPC;
	}
	nm_put(o);
	return (int)nm_result(ret);
}

static int wait_in(struct nm_epoll *ep, int epfd, struct epoll_event *to, int room, int64_t timeout, const void *mask, size_t mask_size)
{
	nm_cancel_test();
	return (int)nm_result(nm_interest_wait(&ep->ports, epfd, (int)sys(__NR_getpid), to, room, timeout, mask, mask_size));
}

int epoll_pwait2(int, struct epoll_event *, int, const struct timespec *, const sigset_t *);

EXPORT int epoll_wait(int epfd, struct epoll_event *to, int room, int timeout)
{
	struct nm_epoll *ep = unlikely(nm_slot(epfd) != 0) ? known(epfd) : NULL;
	__typeof__(&epoll_wait) next;

	if (unlikely(ep != NULL) && room > 0)
		return wait_in(ep, epfd, to, room, timeout < 0 ? NM_FOREVER : timeout * 1000000ll, NULL, 0);
	next = NEXT(epoll_wait);
	return next != NULL ? next(epfd, to, room, timeout) : (int)nm_result(sys(__NR_epoll_wait, epfd, to, room, timeout));
}

EXPORT int epoll_pwait(int epfd, struct epoll_event *to, int room, int timeout, const sigset_t *mask)
{
	struct nm_epoll *ep = unlikely(nm_slot(epfd) != 0) ? known(epfd) : NULL;
	__typeof__(&epoll_pwait) next;

	if (unlikely(ep != NULL) && room > 0)
		return wait_in(ep, epfd, to, room, timeout < 0 ? NM_FOREVER : timeout * 1000000ll, mask, NM_SIGSET);
	next = NEXT(epoll_pwait);
	return next != NULL ? next(epfd, to, room, timeout, mask)
			    : (int)nm_result(sys(__NR_epoll_pwait, epfd, to, room, timeout, mask, NM_SIGSET));
}

EXPORT int epoll_pwait2(int epfd, struct epoll_event *to, int room, const struct timespec *timeout, const sigset_t *mask)
{
	struct nm_epoll *ep = unlikely(nm_slot(epfd) != 0) ? known(epfd) : NULL;

	if (unlikely(ep != NULL) && room > 0)
		return wait_in(ep, epfd, to, room, nm_nanoseconds(timeout), mask, NM_SIGSET);
	return (int)nm_result(sys(__NR_epoll_pwait2, epfd, to, room, timeout, mask, NM_SIGSET));
}
