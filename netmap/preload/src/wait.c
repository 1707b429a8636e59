/*
 * Sleeping until the switch moves a ring. Wake-ups come as words in a pipe, which whoever wakes takes out. It
 * hands them on to the other threads that sleep; and where others may sleep on the pipe, threads or processes,
 * nobody sleeps there for long at once (NM_NAP): a wake-up that went astray costs time, not the wake-up.
 */
#include "client.h"
#include "sys.h"

#include <poll.h>

#define BUSY 16 /* slots since the last sleep that make a ring busy */

/* The rings that an event is about. */
static struct nm_ring *rings(struct nm_port *p, bool tx, uint32_t *n)
{
	uint32_t none = NMU_NULL | (tx ? NMU_MONITOR : 0);

	*n = p->grant.kind & none ? 0 : tx ? p->ntx : p->nrx;
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

/*
 * Whether there is something to look at: the switch has moved one of the rings since the last sync, or another
 * thread's sync has told the program of something. edge: that, it is to hear of once, and has.
 */
bool nm_moved(struct nm_port *p, short events, bool edge)
{
	struct nm_ring *r;

	for_each_watched(p, events, r) {
		uint32_t told = atomic_load(&r->ctl->told);

		if (atomic_load(&r->ctl->tail) != told || (!edge && __atomic_load_n(&r->ring->cur, __ATOMIC_RELAXED) != told))
			return true;
	}
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

/*
 * What lies in the pipe: the switch's wake-ups, each of which is for all that sleep, and our own, which say in
 * their low half how many more are to be woken.
 */
#define OURS (1ull << 32)

static void wake_up(struct nm_port *p, uint32_t more)
{
	uint64_t word = OURS | more;

	/* It can only fail when there are wake-ups in plenty. */
	sys(__NR_write, p->wake, &word, sizeof(word));
}

/* Takes the wake-ups out. The caller has ended its sleep; others of this process may go on with theirs. */
void nm_drain(struct nm_port *p)
{
	uint64_t word[512]; /* all that the pipe holds */
	long n = sys(__NR_read, p->wake, word, sizeof(word));
	uint32_t others = atomic_load(&p->sleepers), more = 0;

	for (long i = 0; i < n / (long)sizeof(word[0]); i++) {
		uint32_t rest = word[i] < OURS ? others : (uint32_t)word[i];

		if (rest > more)
			more = rest;
	}
	if (more > 0)
		wake_up(p, more - 1);
}

static _Atomic uint32_t *shared(struct nm_port *p)
{
	return p->ntx + p->nrx > 0 ? &p->ring->ctl->shared : NULL;
}

/* Says that another process has the open, too, and wakes those that sleep for long. */
void nm_share(struct nm_port *p)
{
	if (shared(p) == NULL)
		return;
	atomic_store(shared(p), 1);
	wake_up(p, atomic_load(&p->sleepers));
}

/* Registers a sleeper (nm_begin_sleep) and says whether it may not be the only one. */
bool nm_begin_sleep(struct nm_port *p)
{
	uint32_t others = atomic_fetch_add(&p->sleepers, 1);

	if (others == 1)
		wake_up(p, 0); /* it sleeps for long, and must know that there is one more */
	if (others > 0)
		return true;
	return shared(p) != NULL && atomic_load(shared(p)) != 0;
}

void nm_end_sleep(struct nm_port *p)
{
	atomic_fetch_sub(&p->sleepers, 1);
}

bool nm_taken(const struct nm_ring *r, bool tx, uint32_t a, uint32_t b)
{
	return (!tx && atomic_load_explicit(&r->ctl->lockstep, memory_order_relaxed) == 0) ||
	       nm_on_the_way(a, atomic_load_explicit(&r->ctl->cur, memory_order_acquire), b);
}

/* The sleep of a sync: until the switch has come to somewhere from a to b. It may end early. */
void nm_sleep_sync(struct nm_port *p, int conn, struct nm_ring *r, bool tx, uint32_t a, uint32_t b)
{
	struct pollfd fds[2] = {{.fd = p->wake, .events = POLLIN}, {.fd = conn}};
	bool nap;

	nm_may_wait();
	nap = nm_begin_sleep(p);
	count_sleep(r->ctl);
	if (!nm_taken(r, tx, a, b)) {
		sys(__NR_poll, fds, 2, nap ? NM_NAP : NM_SYNC_NAP);
		if (fds[1].revents & (POLLHUP | POLLERR))
			atomic_store(&p->dead, true);
	}
	nm_end_sleep(p);
	if (fds[0].revents != 0)
		nm_drain(p);
}
