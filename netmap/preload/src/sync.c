/*
 * The syncs, as netmap_abi.h lays them down and netmap(4) means them: here, and nowhere else, the positions of
 * program and switch meet.
 */
#include "client.h"
#include "sys.h"

#include <signal.h>
#include <sys/time.h>
#include <time.h>

#define SPIN_TIME 100000u /* ns that a sync gives the processor away until it sleeps */

/* Takes the ring for this thread. Another one that is at it does what there is to do. */
static bool take(struct nm_ring *r)
{
	uint32_t self = nm_thread(), holder = 0;

	if (likely(atomic_compare_exchange_strong(&r->ctl->busy, &holder, self)))
		return true;
	if (holder == self || sys(__NR_kill, holder, 0) != -ESRCH)
		return false;
	return atomic_compare_exchange_strong(&r->ctl->busy, &holder, self);
}

static inline void give(struct nm_ring *r)
{
	atomic_store_explicit(&r->ctl->busy, 0, memory_order_release);
}

/* A ring that the program has spoiled: slots that point nowhere become empty, positions that do the switch's. */
static void reinit(struct nm_port *p, struct nm_ring *r, uint32_t head, uint32_t told)
{
	struct netmap_ring *ring = r->ring;

	for (uint32_t i = 0; i < r->slots; i++) {
		struct netmap_slot *s = &ring->slot[i];

		if (s->buf_idx < NETMAP_FIRST_BUF || s->buf_idx >= p->grant.buf_num) {
			s->buf_idx = 0;
			s->len = 0;
		} else if (s->len > p->grant.buf_size) {
			s->len = 0;
		}
	}
	if (ring->cur >= r->slots || ring->head >= r->slots || ring->tail >= r->slots) {
		ring->head = head;
		ring->cur = head;
		ring->tail = told;
	}
}

/* The slots from a to b hold something that lies in the program's own memory. */
static bool any_indirect(const struct nm_ring *r, uint32_t a, uint32_t b)
{
	uint32_t flags = 0, end = a <= b ? b : r->slots;

	for (uint32_t i = a; i < end; i++)
		flags |= r->ring->slot[i].flags;
	if (a > b)
		for (uint32_t i = 0; i < b; i++)
			flags |= r->ring->slot[i].flags;
	return flags & NS_INDIRECT;
}

/* Copies it into the slots' buffers. What can't be read is sent as nothing: the switch drops it. */
static void copy_indirect(struct nm_port *p, struct nm_ring *r, int pid, uint32_t a, uint32_t b)
{
	const struct nmu_grant *g = &p->grant;

	for (uint32_t i = a; i != b; i = i + 1 < r->slots ? i + 1 : 0) {
		struct netmap_slot *s = &r->ring->slot[i];
		uint64_t at = s->ptr, ofs = 0;
		uint32_t len = s->len;

		if (!(s->flags & NS_INDIRECT))
			continue;
		s->flags &= (uint16_t)~NS_INDIRECT;
		if (r->ring->offset_mask != 0) {
			ofs = s->ptr & r->ring->offset_mask;
			at &= ~r->ring->offset_mask;
		}
		if (s->buf_idx < NETMAP_FIRST_BUF || s->buf_idx >= g->buf_num || ofs > g->buf_size || len > g->buf_size - ofs ||
		    nm_read(pid, p->mem + g->buf_ofs + (uint64_t)s->buf_idx * g->buf_size + ofs, at, len) < 0)
			s->len = 0;
	}
}

/* Waits until the switch has looked at as much of what is there up to head as is due. */
static void await(struct nm_port *p, int conn, struct nm_ring *r, bool tx, uint32_t head)
{
	struct nm_spin spin = {0};
	uint32_t from = tx ? nm_stream_goal(r, head) : head;

	while (!nm_taken(r, tx, from, head)) {
		if (atomic_load_explicit(&r->ctl->tail, memory_order_relaxed) == NMU_DETACHED || atomic_load(&p->dead))
			return;
		if (nm_spin(&spin, SPIN_TIME))
			continue;
		nm_sleep_sync(p, conn, r, tx, from, head);
		spin = (struct nm_spin){0};
	}
}

static void kick(struct nm_port *p)
{
	uint64_t one = 1;

	/* It can only fail when it is readable already. */
	sys(__NR_write, p->kick, &one, sizeof(one));
}

/* Gives the program's position to the switch. -EINVAL: the position is none. */
static int publish(struct nm_port *p, struct nm_ring *r, int pid, bool tx, uint32_t *head)
{
	struct netmap_ring *ring = r->ring;
	struct nmu_ctl *ctl = r->ctl;
	uint32_t from = atomic_load_explicit(&ctl->head, memory_order_relaxed);
	uint32_t told = atomic_load_explicit(&ctl->told, memory_order_relaxed);
	uint32_t cur = __atomic_load_n(&ring->cur, __ATOMIC_RELAXED);

	*head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
	if (unlikely(*head >= r->slots || cur >= r->slots || !nm_on_the_way(from, *head, told) ||
		     !nm_on_the_way(*head, cur, told))) {
		reinit(p, r, from, told);
		return -EINVAL;
	}
	if (unlikely(ring->tail != told))
		ring->tail = told;
	atomic_fetch_add_explicit(&ctl->syncs, 1, memory_order_relaxed);
	if (tx)
		nm_count_stream(r, nm_distance(r, from, *head));
	if (*head == from)
		return 0;
	if (tx && unlikely(any_indirect(r, from, *head)))
		copy_indirect(p, r, pid, from, *head);
	/* Pairs with the switch's acquire of head, and is the fence between this and the look at doorbell. */
	atomic_store(&ctl->head, *head);
	if (atomic_load(&ctl->doorbell) != 0)
		kick(p);
	return 0;
}

/* Tells the program how far the switch has come. */
static int take_tail(struct nm_ring *r)
{
	uint32_t tail = atomic_load_explicit(&r->ctl->tail, memory_order_acquire);
	uint32_t told = atomic_load_explicit(&r->ctl->told, memory_order_relaxed);

	if (unlikely(tail >= r->slots))
		return -EIO;
	if (tail != told) {
		r->gained += nm_distance(r, told, tail);
		atomic_store_explicit(&r->ctl->told, tail, memory_order_relaxed);
	}
	__atomic_store_n(&r->ring->tail, tail, __ATOMIC_RELEASE);
	return 0;
}

static void stamp(struct netmap_ring *ring)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	ring->ts_sec = ts.tv_sec;
	ring->ts_usec = ts.tv_nsec / 1000;
}

/* -EIO: the ring is gone. -EINVAL: the program has spoiled it. 1: another thread is at it. */
static int sync_ring(struct nm_port *p, int conn, int pid, struct nm_ring *r, bool tx)
{
	uint32_t head;
	int ret;

	if (!take(r))
		return 1;
	if (!tx)
		nm_count_look();
	ret = publish(p, r, pid, tx, &head);
	if (ret == 0) {
		await(p, conn, r, tx, head);
		ret = take_tail(r);
		if (!tx)
			stamp(r->ring);
	}
	give(r);
	return ret;
}

/*
 * The syncs of all RX rings: EVENT, which is found where one has something, and POLLERR where one is spoiled, or *error.
 */
static short sync_rx(struct nm_port *p, int conn, int pid, short event, int *error)
{
	struct nm_ring *r = p->ring + p->ntx;
	bool forwarded = false;
	short found = 0;

	for (uint32_t n = p->nrx; n > 0; n--, r++) {
		int ret;

		if (unlikely(r->ring->flags & NR_FORWARD))
			forwarded |= nm_forward(p, r);
		ret = sync_ring(p, conn, pid, r, false);
		if (ret == -EIO)
			*error = -EIO;
		if (ret < 0)
			found |= POLLERR;
		else if (r->ring->cur != atomic_load_explicit(&r->ctl->told, memory_order_relaxed))
			found |= event;
	}
	if (unlikely(forwarded))
		for (r = p->ring; r < p->ring + p->ntx; r++)
			sync_ring(p, conn, pid, r, true);
	return found;
}

/* NIOCTXSYNC and NIOCRXSYNC. */
int nm_sync(struct nm_port *p, int conn, int pid, bool tx)
{
	struct nm_ring *r;
	int error = 0;

	if (!nm_registered(p, conn))
		return -ENXIO;
	if (p->grant.kind & NMU_NULL || (tx && p->grant.kind & NMU_MONITOR))
		return 0;
	if (atomic_load_explicit(&p->dead, memory_order_relaxed))
		return p->grant.kind & NMU_MONITOR ? 0 : -EIO;
	if (!tx)
		sync_rx(p, conn, pid, 0, &error);
	r = p->ring;
	for (uint32_t n = tx ? p->ntx : 0; n > 0; n--, r++)
		if (sync_ring(p, conn, pid, r, true) == -EIO)
			error = -EIO;
	/* That its port has gone, a monitor hears from poll only. */
	return p->grant.kind & NMU_MONITOR ? 0 : error;
}

/* The part of a poll that does not wait: the syncs that its events want, and which of them are there. */
short nm_ready(struct nm_port *p, int conn, int pid, short events)
{
	short want_tx = events & (POLLOUT_EVENTS), want_rx = events & (POLLIN_EVENTS), found = 0;
	struct nm_ring *r;
	int error;

	if (!nm_registered(p, conn) || atomic_load(&p->dead))
		return POLLERR;
	if (p->grant.kind & NMU_NULL)
		return p->ntx > 0 ? want_tx : 0;
	if (p->grant.kind & NMU_MONITOR && want_tx != 0)
		found = want_tx | POLLERR; /* its TX ring is free, and takes nothing */
	r = p->ring;
	for (uint32_t n = p->ntx; n > 0 && !(p->grant.kind & NMU_MONITOR); n--, r++) {
		bool pending = r->ring->head != atomic_load_explicit(&r->ctl->head, memory_order_relaxed);
		int ret;

		if (!(want_tx && !(found & want_tx)) && !(pending && (want_tx || !(p->grant.flags & NR_NO_TX_POLL))))
			continue;
		ret = sync_ring(p, conn, pid, r, true);
		if (ret < 0)
			found |= POLLERR;
		else if (r->ring->cur != atomic_load_explicit(&r->ctl->told, memory_order_relaxed))
			found |= want_tx;
	}
	return want_rx == 0 ? found : found | sync_rx(p, conn, pid, want_rx, &error);
}
