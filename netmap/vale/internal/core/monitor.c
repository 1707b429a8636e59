/*
 * Monitors: ports whose RX rings show what goes through the rings of another port. RX ring i of a monitor belongs to
 * TX ring i and RX ring i of the port that it watches, host rings to host rings.
 *
 * A copy monitor has memory of its own and gets a copy of every slot that was sent, before it is forwarded, or
 * delivered. A zero-copy monitor lies in the port's memory and gets the buffers of slots that are given back, in
 * exchange for its own: of a TX ring by the switch, of an RX ring by the program. Several of them stand in line: what
 * the first has given back goes to the next.
 *
 * The port pays for a monitor with the work, and never waits for it: what does not fit is counted at the monitor. Of
 * slots that come together the monitor gets the last ones, as in the module, and begins with a whole frame. What a
 * monitor's program writes is checked as everybody's is, and if it breaks the rules the monitor alone is detached.
 */
#include "slot.h"

#include <stdlib.h>

/* The monitor's ring for a ring of this number; NULL: not open. */
static struct vale_ring *ring_of(const struct vale_monitor *m, const struct vale_ring *r)
{
	return r->host ? m->own->host_rx : m->own->rx[r->id];
}

/* The ring of the first zero-copy monitor, from m on, that takes what was sent (tx) or received; NULL: none. */
static struct vale_ring *taker(const struct vale_monitor *m, const struct vale_ring *r, bool tx)
{
	for (; m != NULL; m = m->next)
		if (m->zcopy && (tx ? m->tx : m->rx) && ring_of(m, r) != NULL)
			return ring_of(m, r);
	return NULL;
}

/* Those in line behind r. */
static const struct vale_monitor *behind(const struct vale_ring *r)
{
	return r->port->monitor != NULL ? r->port->monitor->next : r->port->monitors;
}

/* Where a monitor's ring is written. */
struct shelf {
	struct vale_ring *r;
	uint32_t at, space;
	uint64_t frames, bytes, lost;
};

/* Leaves out what does not fit of n slots from *at on, the first ones; after: slots that come with them later. */
static void shelf_open(struct shelf *sh, struct vale_ring *to, const struct vale_ring *from, uint32_t *at, uint32_t *n,
		       uint32_t after)
{
	struct vale_ring_state *st = to->st;
	bool inside = false; /* a frame that was begun */

	*sh = (struct shelf){.r = to, .at = st->pos};
	if (!to->port->broken)
		vale_ring_take_back(to);
	if (to->port->broken) {
		*n = 0;
		return;
	}
	sh->space = to->slots - 1 - distance(to, st->head, st->pos);
	while (*n > 0 && (*n + after > sh->space || inside)) {
		inside = slot_read(&from->slot[*at]).flags & NS_MOREFRAG;
		sh->lost += !inside;
		*at = step(from, *at);
		--*n;
	}
}

/* Fills the slot that is open. */
static void shelf_put(struct shelf *sh, uint16_t len, uint16_t flags, bool tx)
{
	struct netmap_slot *s = &sh->r->slot[sh->at];

	s->len = len;
	s->flags = (uint16_t)((flags & ~(NS_TXMON | NS_BUF_CHANGED | NS_INDIRECT)) | (tx ? NS_TXMON : 0));
	sh->frames += !(flags & NS_MOREFRAG);
	sh->bytes += len;
	sh->at = step(sh->r, sh->at);
}

static void shelf_close(struct shelf *sh, bool more)
{
	struct vale_ring *r = sh->r;

	if (sh->lost > 0)
		vale_drop(r->st, VALE_DROP_FULL, sh->lost);
	if (sh->at == r->st->pos)
		return;
	vale_count(&r->st->packets, sh->frames);
	vale_count(&r->st->bytes, sh->bytes);
	__atomic_store_n(&r->st->pos, sh->at, __ATOMIC_RELEASE);
	/* Pairs with the program's acquire of tail in its sync. */
	atomic_store_explicit(&r->ctl->tail, sh->at, memory_order_release);
	vale_wake_queue(r, more);
}

/* False: the monitor's program broke the rules. */
static bool copy_slot(struct shelf *sh, const struct vale_ring *r, struct view v)
{
	struct vale_ring *to = sh->r;
	uint32_t idx = __atomic_load_n(&to->slot[sh->at].buf_idx, __ATOMIC_RELAXED);
	uint16_t len = slot_good(r, v) ? v.len : 0; /* what is bad shows as nothing */

	if (unlikely(!buf_valid(to, idx))) {
		vale_ring_break(to, "buffer index is outside the region");
		return false;
	}
	if (len > to->buf_size)
		len = (uint16_t)to->buf_size;
	memcpy(buf_at(to, idx), len > 0 ? view_data(r, v) : r->buf, len);
	shelf_put(sh, len, v.flags, r->tx);
	return true;
}

void vale_monitor_copy(struct vale_ring *r, uint32_t from, uint32_t n, uint32_t after)
{
	for (struct vale_monitor *m = r->port->monitors; m != NULL; m = m->next) {
		struct vale_ring *to = ring_of(m, r);
		uint32_t at = from, left = n;
		struct shelf sh;

		if (m->zcopy || to == NULL || !(r->tx ? m->tx : m->rx))
			continue;
		shelf_open(&sh, to, r, &at, &left, after);
		for (; left > 0 && copy_slot(&sh, r, slot_read_all(r, &r->slot[at])); left--)
			at = step(r, at);
		shelf_close(&sh, after > 0);
	}
}

/* False: the monitor's program broke the rules. */
static bool exchange_slot(struct shelf *sh, struct vale_ring *r, uint32_t at, bool tx)
{
	struct netmap_slot *s = &r->slot[at], *own = &sh->r->slot[sh->at];
	struct view v = slot_read(s);
	uint32_t idx = __atomic_load_n(&own->buf_idx, __ATOMIC_RELAXED);

	if (unlikely(!buf_valid(sh->r, idx))) {
		vale_ring_break(sh->r, "buffer index is outside the region");
		return false;
	}
	if (unlikely(!buf_valid(r, v.buf)))
		return true; /* nothing to exchange */
	__atomic_store_n(&own->buf_idx, v.buf, __ATOMIC_RELAXED);
	__atomic_store_n(&s->buf_idx, idx, __ATOMIC_RELAXED);
	__atomic_store_n(&s->flags, v.flags | NS_BUF_CHANGED, __ATOMIC_RELAXED);
	own->ptr = s->ptr;
	shelf_put(sh, v.len <= r->buf_size ? v.len : 0, v.flags, tx);
	return true;
}

/* To one monitor's ring the slots that it is for: all, or of another monitor's ring those sent or those received. */
static void exchange(struct vale_ring *to, struct vale_ring *r, uint32_t at, uint32_t n, uint32_t after, bool all, bool tx)
{
	bool monitors = r->port->monitor != NULL;
	struct shelf sh;

	if (to == NULL)
		return;
	shelf_open(&sh, to, r, &at, &n, after);
	for (; n > 0; n--, at = step(r, at)) {
		bool sent = monitors ? slot_read(&r->slot[at]).flags & NS_TXMON : tx;

		if ((all || sent == tx) && !exchange_slot(&sh, r, at, sent))
			break;
	}
	shelf_close(&sh, after > 0);
}

bool vale_monitor_take(const struct vale_ring *of, struct vale_ring *r, uint32_t from, uint32_t n, uint32_t after)
{
	struct vale_ring *sent = taker(behind(of), of, true), *received = taker(behind(of), of, false);

	if (of->port->monitor == NULL) {
		exchange(of->tx ? sent : received, r, from, n, after, true, of->tx);
		return (of->tx ? sent : received) != NULL;
	}
	if (sent == received) {
		exchange(sent, r, from, n, after, true, true);
	} else {
		exchange(sent, r, from, n, after, false, true);
		exchange(received, r, from, n, after, false, false);
	}
	return true;
}

/* Whether somebody waits for what is given back of an RX ring; those of pipes are looked at anyway. */
static void watch(struct vale_ring *r)
{
	bool on = r->peer == NULL && (taker(behind(r), r, false) != NULL ||
				      (r->port->monitor != NULL && taker(behind(r), r, true) != NULL));

	if (on == r->watched)
		return;
	if (!on) {
		/* The last of it. What comes later is looked at when there is need. */
		atomic_store(&r->ctl->lockstep, 0);
		vale_ring_take_back(r);
		vale_source_remove(&r->source);
		vale_wake_queue(r, false);
	}
	r->watched = on;
	if (on) {
		atomic_store(&r->ctl->lockstep, 1);
		vale_source_wake(&r->source);
	} else {
		atomic_store(&r->ctl->doorbell, 0);
	}
}

static void watch_all(struct vale_port *p)
{
	for (uint32_t i = 0; i < VALE_RINGS; i++)
		if (p->rx[i] != NULL)
			watch(p->rx[i]);
	if (p->host_rx != NULL)
		watch(p->host_rx);
}

void vale_monitor_update(struct vale_port *p)
{
	if (p->monitor != NULL)
		p = p->monitor->port;
	watch_all(p);
	for (struct vale_monitor *m = p->monitors; m != NULL; m = m->next)
		if (m->zcopy)
			watch_all(m->own);
}

int vale_monitor_start(struct vale_port *own, struct vale_port *port, bool tx, bool rx, bool zcopy)
{
	struct vale_monitor *m = calloc(1, sizeof(*m)), **at = &port->monitors;

	if (m == NULL)
		return -1;
	*m = (struct vale_monitor){.port = port, .own = own, .tx = tx, .rx = rx, .zcopy = zcopy};
	while (*at != NULL)
		at = &(*at)->next;
	*at = m;
	own->monitor = m;
	vale_monitor_update(port);
	return 0;
}

void vale_monitor_stop(struct vale_port *own)
{
	struct vale_monitor *m = own->monitor, **at = &m->port->monitors;
	struct vale_port *port = m->port;

	while (*at != m)
		at = &(*at)->next;
	*at = m->next;
	own->monitor = NULL;
	free(m);
	watch_all(own);
	vale_monitor_update(port);
}
