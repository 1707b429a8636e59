/*
 * Sleeping until the switch moves a ring. Wake-ups come as bytes in a pipe, which whoever wakes takes out: so
 * where several threads or processes may sleep on it, each sleeps for a short time only (NM_NAP).
 */
#include "client.h"
#include "sys.h"

#include <poll.h>

#define BUSY 16 /* slots since the last sleep that make a ring busy */

/* The rings that an event is about. */
static struct nm_ring *rings(struct nm_port *p, bool tx, uint32_t *n)
{
	*n = tx ? p->ntx : p->nrx;
	return tx ? p->ring : p->ring + p->ntx;
}

#define for_each_watched(p, events, r)                                                                         \
	for (int tx_ = 0; tx_ < 2; tx_++)                                                                      \
		if ((events) & (tx_ ? POLLOUT_EVENTS : POLLIN_EVENTS))                                             \
			for (uint32_t n_, i_ = ((r) = rings(p, tx_, &n_), 0); i_ < n_; i_++, (r)++)

/* Whether one of the rings was busy since the last sleep, which is over with this. */
bool nm_busy(struct nm_port *p, short events)
{
	struct nm_ring *r;
	bool busy = false;

	for_each_watched(p, events, r) {
		busy = busy || r->gained >= BUSY;
		r->gained = 0;
	}
	return busy;
}

/* Whether the switch has moved one of the rings since the last sync. */
bool nm_moved(struct nm_port *p, short events)
{
	struct nm_ring *r;

	for_each_watched(p, events, r)
		if (atomic_load(&r->ctl->tail) != atomic_load_explicit(&r->ctl->told, memory_order_relaxed))
			return true;
	return atomic_load(&p->dead);
}

static void count_sleep(struct nmu_ctl *ctl)
{
	/* A full fence before the loads of tail or cur that follow; the switch stores these, fences, and loads wait. */
	if (atomic_fetch_add(&ctl->wait, 1) == UINT32_MAX)
		atomic_fetch_add(&ctl->wait, 1);
}

/* Asks for a wake-up. The caller then looks whether the rings have moved before it sleeps. */
void nm_arm(struct nm_port *p, short events)
{
	struct nm_ring *r;

	for_each_watched(p, events, r)
		count_sleep(r->ctl);
}

void nm_drain(struct nm_port *p)
{
	struct pollfd in = {.fd = p->wake, .events = POLLIN};
	uint8_t bytes[4096]; /* all that the pipe holds */

	if (sys(__NR_poll, &in, 1, 0) == 1)
		sys(__NR_read, p->wake, bytes, sizeof(bytes));
}

static _Atomic uint32_t *shared(struct nm_port *p)
{
	return p->ntx + p->nrx > 0 ? &p->ring->ctl->shared : NULL;
}

/* Says that another process has the open, too, and wakes those that sleep for long. */
void nm_share(struct nm_port *p)
{
	uint64_t one = 1;

	if (shared(p) == NULL)
		return;
	atomic_store(shared(p), 1);
	sys(__NR_write, p->wake, &one, sizeof(one));
}

/* Registers a sleeper (nm_begin_sleep) and says whether it may not be the only one. */
bool nm_begin_sleep(struct nm_port *p)
{
	uint64_t one = 1;

	if (atomic_fetch_add(&p->sleepers, 1) > 0) {
		/* The other thread sleeps for long: it must know that there is one more. */
		sys(__NR_write, p->wake, &one, sizeof(one));
		return true;
	}
	return shared(p) != NULL && atomic_load(shared(p)) != 0;
}

void nm_end_sleep(struct nm_port *p)
{
	atomic_fetch_sub(&p->sleepers, 1);
}

/* The sleep of a sync: until the switch has looked at all up to head. It may end early. */
void nm_sleep_tx(struct nm_port *p, int conn, struct nm_ring *r, uint32_t head)
{
	struct pollfd fds[2] = {{.fd = p->wake, .events = POLLIN}, {.fd = conn}};
	bool nap = nm_begin_sleep(p);

	count_sleep(r->ctl);
	if (atomic_load(&r->ctl->cur) != head) {
		sys(__NR_poll, fds, 2, nap ? NM_NAP : NM_SYNC_NAP);
		if (fds[0].revents != 0)
			nm_drain(p);
		if (fds[1].revents & (POLLHUP | POLLERR))
			atomic_store(&p->dead, true);
	}
	nm_end_sleep(p);
}
