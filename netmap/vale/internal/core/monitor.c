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
	return r->host ? m->own->host_rx[0] : m->own->rx[r->id];
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
	uint32_t skip; /* slots that are left out */
	bool inside;   /* a frame that was left out has not ended */
	uint64_t frames, bytes, lost;
};

/* want: the slots that are for it, now and of the same sync later. False: there is no room to look at. */
static bool shelf_open(struct shelf *sh, struct vale_ring *to, uint32_t want)
{
	struct vale_ring_state *st = to->st;

	if (to->port->broken)
		return false;
	vale_ring_take_back(to);
	if (to->port->broken)
		return false;
	*sh = (struct shelf){.r = to, .at = st->pos, .space = to->slots - 1 - distance(to, st->head, st->pos)};
	sh->skip = want > sh->space ? want - sh->space : 0;
	return true;
}

/* Whether a slot is left out. */
static bool shelf_skips(struct shelf *sh, struct view v)
{
	if (sh->skip == 0 && !sh->inside && sh->space > 0)
		return false;
	if (sh->skip > 0)
		sh->skip--;
	sh->inside = v.flags & NS_MOREFRAG;
	sh->lost += !sh->inside;
	return true;
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
	sh->space--;
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
	struct view own = slot_read_all(to, &to->slot[sh->at]);
	uint32_t len = slot_good(r, v) ? v.len : 0; /* what is bad shows as nothing */

	if (unlikely(!buf_valid(to, own.buf))) {
		vale_ring_break(to, "buffer index is outside the region");
		return false;
	}
	if (len > to->buf_size - own.ofs)
		len = to->buf_size - own.ofs;
	memcpy(view_data(to, own), len > 0 ? view_data(r, v) : r->buf, len);
	shelf_put(sh, (uint16_t)len, v.flags, r->tx);
	return true;
}

void vale_monitor_copy(struct vale_ring *r, uint32_t from, uint32_t n, uint32_t after)
{
	for (struct vale_monitor *m = r->port->monitors; m != NULL; m = m->next) {
		struct vale_ring *to = ring_of(m, r);
		struct shelf sh;

		if (m->zcopy || to == NULL || !(r->tx ? m->tx : m->rx) || !shelf_open(&sh, to, n + after))
			continue;
		for (uint32_t i = 0, at = from; i < n; i++, at = step(r, at)) {
			struct view v = slot_read_all(r, &r->slot[at]);

			if (!shelf_skips(&sh, v) && !copy_slot(&sh, r, v))
				break;
		}
		shelf_close(&sh, after > 0);
	}
}

/* False: the monitor's program broke the rules. */
static bool exchange_slot(struct shelf *sh, struct vale_ring *r, uint32_t at, struct view v, bool tx)
{
	struct netmap_slot *s = &r->slot[at], *own = &sh->r->slot[sh->at];
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

/* Which of the slots that a ring gives back: what the port has sent, or received, or a monitor's of either kind. */
enum which { SENT = 1, RECEIVED = 2, BOTH = 3 };

static enum which kind(const struct vale_ring *of, struct view v)
{
	bool sent = of->port->monitor != NULL ? v.flags & NS_TXMON : of->tx;

	return sent ? SENT : RECEIVED;
}

/* To one monitor's ring the slots that are for it. */
static void exchange(const struct vale_ring *of, struct vale_ring *to, enum which which, struct vale_ring *r, uint32_t from,
		     uint32_t n, uint32_t after)
{
	uint32_t want = after, i, at;
	struct shelf sh;

	if (to == NULL)
		return;
	for (i = 0, at = from; i < n; i++, at = step(r, at))
		want += (kind(of, slot_read(&r->slot[at])) & which) != 0;
	if (!shelf_open(&sh, to, want))
		return;
	for (i = 0, at = from; i < n; i++, at = step(r, at)) {
		struct view v = slot_read(&r->slot[at]);

		if ((kind(of, v) & which) == 0 || shelf_skips(&sh, v))
			continue;
		if (!exchange_slot(&sh, r, at, v, kind(of, v) == SENT))
			break;
	}
	shelf_close(&sh, after > 0);
}

bool vale_monitor_take(const struct vale_ring *of, struct vale_ring *r, uint32_t from, uint32_t n, uint32_t after)
{
	struct vale_ring *sent = taker(behind(of), of, true), *received = taker(behind(of), of, false);

	if (of->port->monitor == NULL) {
		sent = of->tx ? sent : NULL;
		received = of->tx ? NULL : received;
	}
	if (sent == received) {
		exchange(of, sent, BOTH, r, from, n, after);
	} else {
		exchange(of, sent, SENT, r, from, n, after);
		exchange(of, received, RECEIVED, r, from, n, after);
	}
	return sent != NULL || received != NULL;
}

/* Whether somebody waits for what is given back of an RX ring; those of pipes are looked at anyway. */
static void watch(struct vale_ring *r)
{
	bool on = r->peer == NULL && (taker(behind(r), r, false) != NULL ||
				      (r->port->monitor != NULL && taker(behind(r), r, true) != NULL));

	if (on == r->watched)
		return;
	r->watched = false;
	if (!r->port->broken)
		vale_ring_take_back(r); /* what was given back before is for nobody */
	r->watched = on;
	atomic_store(&r->ctl->lockstep, on);
	if (on) {
		vale_source_wake(&r->source);
	} else {
		vale_source_remove(&r->source);
		atomic_store(&r->ctl->doorbell, 0);
		vale_wake_queue(r, false); /* a sync that waits need not any more */
	}
}

static void watch_all(struct vale_port *p)
{
	for (uint32_t i = 0; i < VALE_RINGS; i++) {
		if (p->rx[i] != NULL)
			watch(p->rx[i]);
		if (p->host_rx[i] != NULL)
			watch(p->host_rx[i]);
	}
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
