/*
 * What an epoll that watches ports does beside the kernel's, which has the ordinary descriptors in it: a list of the
 * ports, and waiting on both. Threads may use one at the same time.
 */
#include "client.h"
#include "sys.h"

#include <signal.h>
#include <sys/epoll.h>

#define MODES (EPOLLET | EPOLLONESHOT | EPOLLWAKEUP | EPOLLEXCLUSIVE)

/* Which item a watch was made of: items move when others go. */
struct key {
	int fd;
	uint64_t id;
};

static void lock(struct nm_interest *in)
{
	int no = 0;

	while (!atomic_compare_exchange_weak(&in->lock, &no, 1)) {
		no = 0;
		sys_yield();
	}
}

static void unlock(struct nm_interest *in)
{
	atomic_store(&in->lock, 0);
}

static struct nm_item *find(struct nm_interest *in, struct key key)
{
	for (uint32_t i = 0; i < in->n; i++)
		if (in->item[i].fd == key.fd && in->item[i].id == key.id)
			return &in->item[i];
	return NULL;
}

/* Takes out the ports that have been closed since. */
static void sweep(struct nm_interest *in)
{
	for (uint32_t i = 0; i < in->n;) {
		struct nm_watch w = {.fd = in->item[i].fd};

		if (nm_hold_item(&in->item[i], &w)) {
			nm_release(w.port);
			i++;
		} else {
			in->item[i] = in->item[--in->n];
		}
	}
}

static int control(struct nm_interest *in, struct key key, int op, const struct epoll_event *ev)
{
	struct nm_item *it = find(in, key);

	switch (op) {
	case EPOLL_CTL_ADD:
		if (it != NULL)
			return -EEXIST;
		if (in->n == NM_ITEMS)
			return -ENOSPC;
		it = &in->item[in->n++];
		break;
	case EPOLL_CTL_MOD:
		if (it == NULL)
			return -ENOENT;
		break;
	case EPOLL_CTL_DEL:
		if (it == NULL)
			return -ENOENT;
		*it = in->item[--in->n];
		return 0;
	default:
		return -EINVAL;
	}
	*it = (struct nm_item){.fd = key.fd, .id = key.id, .events = ev->events, .data = ev->data.u64, .fresh = true};
	return 0;
}

int nm_interest_control(struct nm_interest *in, int fd, uint64_t id, int op, const struct epoll_event *ev)
{
	int ret;

	lock(in);
	sweep(in);
	ret = control(in, (struct key){fd, id}, op, ev);
	unlock(in);
	return ret;
}

bool nm_interest_empty(struct nm_interest *in)
{
	bool empty;

	lock(in);
	sweep(in);
	empty = in->n == 0;
	unlock(in);
	return empty;
}

/* The ports and what is to be told of them, for one look. They are held. */
static unsigned watches(struct nm_interest *in, struct nm_watch *w, struct key *key)
{
	unsigned n = 0;

	lock(in);
	sweep(in);
	for (uint32_t i = 0; i < in->n; i++) {
		struct nm_item *it = &in->item[i];

		w[n] = (struct nm_watch){
			.fd = it->fd, .events = (short)(it->events & 0x7fff), .edge = it->events & EPOLLET};
		key[n] = (struct key){it->fd, it->id};
		if ((it->events & ~(uint32_t)MODES) != 0 && nm_hold_item(it, &w[n]))
			n++;
	}
	unlock(in);
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
static bool due(struct nm_item *it, struct nm_port *p)
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

static int tell(struct nm_interest *in, int pid, struct nm_watch *w, const struct key *key, unsigned nw,
		struct epoll_event *to, int room)
{
	int n = 0;

	for (unsigned i = 0; i < nw && n < room; i++) {
		uint32_t found = (uint32_t)(uint16_t)nm_ready(w[i].port, w[i].fd, pid, w[i].events);
		struct nm_item *it;

		if (found == 0)
			continue;
		lock(in);
		it = find(in, key[i]);
		if (it != NULL && (found &= it->events | EPOLLERR | EPOLLHUP) != 0 && due(it, w[i].port)) {
			to[n].events = found;
			to[n++].data.u64 = it->data;
			if (it->events & EPOLLONESHOT)
				it->events &= MODES;
		}
		unlock(in);
	}
	return n;
}

int nm_interest_wait(struct nm_interest *in, int epfd, int pid, struct epoll_event *to, int room, int64_t timeout,
		     const void *mask, size_t mask_size)
{
	uint64_t end = 0;
	struct nm_watch w[NM_ITEMS];
	struct key key[NM_ITEMS];
	struct pollfd fds[1 + 2 * NM_ITEMS];
	int64_t left;
	int found = 0, more = 0;

	for (;;) {
		unsigned nw = watches(in, w, key);

		found = tell(in, pid, w, key, nw, to, room);
		if (found < room) {
			more = (int)sys(__NR_epoll_wait, epfd, to + found, room - found, 0);
			if (more > 0)
				found += more;
		}
		left = nm_left(&end, timeout);
		if (found == 0 && more >= 0 && left != 0) {
			fds[0] = (struct pollfd){.fd = epfd, .events = POLLIN};
			more = nm_block(w, nw, fds, 1, left, mask, mask_size);
		}
		for (unsigned i = 0; i < nw; i++)
			nm_release(w[i].port);
		if (found > 0)
			return found;
		if (more < 0 || left == 0)
			return more < 0 ? more : 0;
	}
}
