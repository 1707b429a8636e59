/*
 * epoll: the kernel's epoll watches the ordinary descriptors, and a list beside it the ports. Waiting is a poll on
 * both. An epoll that never had a port in it is not known here at all.
 */
#include "preload.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <time.h>

#define MAX_EPOLLS 64
#define MAX_ITEMS  128 /* ports in one */
#define MODES      (EPOLLET | EPOLLONESHOT | EPOLLWAKEUP | EPOLLEXCLUSIVE)

/* A port that an epoll watches. */
struct item {
	int fd;
	uint64_t cookie;
	uint32_t events; /* 0 without modes: shot */
	epoll_data_t data;
	bool fresh;      /* not told of since it was added or changed */
	uint64_t seen;   /* edge-triggered: where the rings stood when it was last told of */
};

struct nm_epoll {
	_Atomic uint32_t refs; /* descriptors */
	_Atomic int lock;
	uint32_t n;
	struct item item[MAX_ITEMS];
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

static void lock(struct nm_epoll *ep)
{
	int no = 0;

	while (!atomic_compare_exchange_weak(&ep->lock, &no, 1)) {
		no = 0;
		sys_yield();
	}
}

static void unlock(struct nm_epoll *ep)
{
	atomic_store(&ep->lock, 0);
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
		epolls[i].n = 0;
		if (nm_install_epoll(epfd, &epolls[i]))
			return &epolls[i];
		atomic_store(&epolls[i].refs, 0);
		return NULL;
	}
	return NULL;
}

static struct item *find(struct nm_epoll *ep, int fd, uint64_t cookie)
{
	for (uint32_t i = 0; i < ep->n; i++)
		if (ep->item[i].fd == fd && ep->item[i].cookie == cookie)
			return &ep->item[i];
	return NULL;
}

/* Takes out the ports that have been closed since. */
static void sweep(struct nm_epoll *ep)
{
	for (uint32_t i = 0; i < ep->n;) {
		struct nm_open *o = nm_get(ep->item[i].fd);
		bool gone = o == NULL || o->cookie != ep->item[i].cookie;

		if (o != NULL)
			nm_put(o);
		if (gone)
			ep->item[i] = ep->item[--ep->n];
		else
			i++;
	}
}

static int control(struct nm_epoll *ep, struct nm_open *o, int op, int fd, const struct epoll_event *ev)
{
	struct item *it = find(ep, fd, o->cookie);

	switch (op) {
	case EPOLL_CTL_ADD:
		if (it != NULL)
			return -EEXIST;
		if (ep->n == MAX_ITEMS)
			return -ENOSPC;
		it = &ep->item[ep->n++];
		break;
	case EPOLL_CTL_MOD:
		if (it == NULL)
			return -ENOENT;
		break;
	case EPOLL_CTL_DEL:
		if (it == NULL)
			return -ENOENT;
		*it = ep->item[--ep->n];
		return 0;
	default:
		return -EINVAL;
	}
	*it = (struct item){.fd = fd, .cookie = o->cookie, .events = ev->events, .data = ev->data, .fresh = true};
	return 0;
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
		ret = -ENOSPC;
		if (ep != NULL) {
			lock(ep);
			sweep(ep);
			ret = control(ep, o, op, fd, &ev);
			unlock(ep);
		}
	}
	nm_put(o);
	return (int)nm_result(ret);
}

/* The ports and what is to be told of them, for one look. The opens are held. */
static unsigned watches(struct nm_epoll *ep, struct nm_watch *w)
{
	unsigned n = 0;

	lock(ep);
	sweep(ep);
	for (uint32_t i = 0; i < ep->n; i++) {
		struct item *it = &ep->item[i];
		struct nm_open *o = (it->events & ~(uint32_t)MODES) != 0 ? nm_get(it->fd) : NULL;

		if (o != NULL)
			w[n++] = (struct nm_watch){.port = &o->port, .fd = it->fd, .events = (short)(it->events & 0x7fff), .edge = it->events & EPOLLET};
	}
	unlock(ep);
	return n;
}

/* Where the rings stand: a number that changes when one of them moves. */
static uint64_t position(struct nm_port *p)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; atomic_load(&p->bound) && i < p->ntx + p->nrx; i++)
		sum = sum * 31 + atomic_load_explicit(&p->ring[i].ctl->told, memory_order_relaxed);
	return sum;
}

/* Whether an item that has these events is to be told of now. */
static bool due(struct item *it, struct nm_port *p)
{
	uint64_t now;

	if (!(it->events & EPOLLET))
		return true;
	now = position(p);
	if (!it->fresh && now == it->seen)
		return false;
	it->seen = now;
	it->fresh = false;
	return true;
}

static int tell(struct nm_epoll *ep, struct nm_watch *w, unsigned nw, struct epoll_event *to, int room)
{
	int pid = (int)sys(__NR_getpid), n = 0;

	for (unsigned i = 0; i < nw && n < room; i++) {
		uint32_t found = (uint32_t)(uint16_t)nm_ready(w[i].port, w[i].fd, pid, w[i].events);
		struct item *it;

		if (found == 0)
			continue;
		lock(ep);
		it = find(ep, w[i].fd, nm_open_of(w[i].port)->cookie);
		if (it != NULL && (found &= it->events | EPOLLERR | EPOLLHUP) != 0 && due(it, w[i].port)) {
			to[n].events = found;
			to[n++].data = it->data;
			if (it->events & EPOLLONESHOT)
				it->events &= MODES;
		}
		unlock(ep);
	}
	return n;
}

static int wait_both(struct nm_epoll *ep, int epfd, struct epoll_event *to, int room, int64_t timeout, const void *mask,
		     size_t mask_size)
{
	uint64_t end = timeout > 0 ? nm_now() + (uint64_t)timeout : 0;
	struct nm_watch w[MAX_ITEMS];
	struct pollfd fds[1 + 2 * MAX_ITEMS];
	int64_t left = timeout;
	int found = 0, more = 0;

	for (;;) {
		unsigned nw = watches(ep, w);

		found = tell(ep, w, nw, to, room);
		if (found < room) {
			more = (int)sys(__NR_epoll_wait, epfd, to + found, room - found, 0);
			if (more > 0)
				found += more;
		}
		if (timeout > 0 && (left = (int64_t)(end - nm_now())) < 0)
			left = 0;
		if (found == 0 && more >= 0 && left != 0) {
			fds[0] = (struct pollfd){.fd = epfd, .events = POLLIN};
			more = nm_block(w, nw, fds, 1, left, mask, mask_size);
		}
		for (unsigned i = 0; i < nw; i++)
			nm_put(nm_open_of(w[i].port));
		if (found > 0)
			return found;
		if (more < 0 || left == 0)
			return more < 0 ? more : 0;
	}
}

int epoll_pwait2(int, struct epoll_event *, int, const struct timespec *, const sigset_t *);

EXPORT int epoll_wait(int epfd, struct epoll_event *to, int room, int timeout)
{
	struct nm_epoll *ep = unlikely(nm_slot(epfd) != 0) ? known(epfd) : NULL;
	__typeof__(&epoll_wait) next;

	if (unlikely(ep != NULL) && room > 0)
		return (int)nm_result(wait_both(ep, epfd, to, room, timeout < 0 ? NM_FOREVER : timeout * 1000000ll, NULL, 0));
	next = NEXT(epoll_wait);
	return next != NULL ? next(epfd, to, room, timeout) : (int)nm_result(sys(__NR_epoll_wait, epfd, to, room, timeout));
}

EXPORT int epoll_pwait(int epfd, struct epoll_event *to, int room, int timeout, const sigset_t *mask)
{
	struct nm_epoll *ep = unlikely(nm_slot(epfd) != 0) ? known(epfd) : NULL;
	__typeof__(&epoll_pwait) next;

	if (unlikely(ep != NULL) && room > 0)
		return (int)nm_result(
			wait_both(ep, epfd, to, room, timeout < 0 ? NM_FOREVER : timeout * 1000000ll, mask, NM_SIGSET));
	next = NEXT(epoll_pwait);
	return next != NULL ? next(epfd, to, room, timeout, mask)
			    : (int)nm_result(sys(__NR_epoll_pwait, epfd, to, room, timeout, mask, NM_SIGSET));
}

EXPORT int epoll_pwait2(int epfd, struct epoll_event *to, int room, const struct timespec *timeout, const sigset_t *mask)
{
	struct nm_epoll *ep = unlikely(nm_slot(epfd) != 0) ? known(epfd) : NULL;

	if (unlikely(ep != NULL) && room > 0)
		return (int)nm_result(wait_both(ep, epfd, to, room, nm_nanoseconds(timeout), mask, NM_SIGSET));
	return (int)nm_result(sys(__NR_epoll_pwait2, epfd, to, room, timeout, mask, NM_SIGSET));
}
