/*
 * Pipes: a TX ring whose slots are those of an RX ring at the other end. To send a slot is to swap its buffer for that
 * of the RX ring's slot of the same number; both rings have as many slots and stand at the same place, and lie in one
 * region, so nothing is copied and no buffer is looked at. The TX ring's tail follows the receiver's head.
 *
 * The TX ring's source does the work of both: it looks for slots to send, and for slots that were given back.
 */
#include "slot.h"

/* Takes the receiver's head over; false: it broke the rules. A slot that is given back is so at both ends: what it
 * holds goes to the zero-copy monitors of the receiver, or else to those of the sender. */
static bool take_head(struct vale_ring *tx, struct vale_ring *rx, uint32_t *given_back)
{
	uint32_t head = atomic_load_explicit(&rx->ctl->head, memory_order_acquire), from = rx->st->head;

	if (unlikely(head >= rx->slots || distance(rx, from, head) > distance(rx, from, rx->st->shown))) {
		vale_ring_break(rx, "head is beyond what was delivered");
		return false;
	}
	*given_back = distance(rx, from, head);
	__atomic_store_n(&rx->st->head, head, __ATOMIC_RELAXED);
	if (*given_back > 0 && unlikely(rx->port->monitors != NULL || tx->port->monitors != NULL) &&
	    !vale_monitor_take(rx, rx, from, *given_back, 0))
		vale_monitor_take(tx, rx, from, *given_back, 0);
	return true;
}

/* Swaps the buffers of two slots; one that names none stays where it is, and its frame is empty. */
static uint32_t swap(struct vale_ring *tx, struct vale_ring *rx, uint32_t at, bool *more)
{
	struct netmap_slot *ts = &tx->slot[at], *rs = &rx->slot[at];
	struct view t = slot_read_all(tx, ts), r = slot_read(rs);
	uint16_t len = t.len, flags = t.flags & ~NS_BUF_CHANGED;

	*more = t.flags & NS_MOREFRAG;
	if (unlikely(!buf_valid(tx, t.buf) || !buf_valid(rx, r.buf) || t.len > tx->buf_size - t.ofs)) {
		vale_drop(tx->st, VALE_DROP_BAD, 1);
		len = 0;
	} else {
		__atomic_store_n(&rs->buf_idx, t.buf, __ATOMIC_RELAXED);
		__atomic_store_n(&ts->buf_idx, r.buf, __ATOMIC_RELAXED);
	}
	rs->len = len;
	rs->flags = flags;
	rs->ptr = ts->ptr;
	clear_changed(ts, t.flags);
	return len;
}

/* Sends [pos, head) of tx; returns the number of slots. */
static uint32_t send(struct vale_ring *tx, struct vale_ring *rx, uint32_t head)
{
	uint32_t at = tx->st->pos, n = distance(tx, at, head), shown = rx->st->shown;
	uint64_t frames = 0, bytes = 0;

	if (unlikely(tx->port->monitors != NULL))
		vale_monitor_copy(tx, at, n, 0);
	for (uint32_t i = 0; i < n; i++) {
		bool more;

		bytes += swap(tx, rx, at, &more);
		at = step(tx, at);
		if (!more) {
			shown = at;
			frames++;
		}
	}
	if (unlikely(rx->port->monitors != NULL))
		vale_monitor_copy(rx, rx->st->shown, distance(rx, rx->st->shown, shown), 0);
	/* The private positions move before they are published: after a restart no slot is swapped back. */
	__atomic_store_n(&rx->st->pos, at, __ATOMIC_RELAXED);
	__atomic_store_n(&rx->st->shown, shown, __ATOMIC_RELAXED);
	__atomic_store_n(&tx->st->pos, at, __ATOMIC_RELEASE);
	vale_count(&tx->st->packets, frames);
	vale_count(&tx->st->bytes, bytes);
	vale_count(&rx->st->packets, frames);
	vale_count(&rx->st->bytes, bytes);
	/* Pairs with the program's acquire of tail in its sync. */
	atomic_store_explicit(&rx->ctl->tail, shown, memory_order_release);
	if (frames > 0)
		vale_wake_queue(rx, false);
	return n;
}

uint32_t vale_pipe_move(struct vale_ring *tx)
{
	struct vale_ring *rx = tx->peer;
	uint32_t head = atomic_load_explicit(&tx->ctl->head, memory_order_acquire), given_back, sent = 0, tail;

	if (rx->port->broken || !take_head(tx, rx, &given_back))
		return 0;
	tail = rx->st->head == 0 ? rx->slots - 1 : rx->st->head - 1;
	if (unlikely(head >= tx->slots || distance(tx, tx->st->pos, head) > distance(tx, tx->st->pos, tail))) {
		vale_ring_break(tx, "head is beyond what is free");
		return 0;
	}
	if (head != tx->st->pos)
		sent = send(tx, rx, head);
	if (sent == 0 && given_back == 0)
		return 0;
	atomic_store_explicit(&tx->ctl->tail, tail, memory_order_release);
	atomic_store_explicit(&tx->ctl->cur, head, memory_order_release);
	atomic_store_explicit(&rx->ctl->cur, rx->st->head, memory_order_release);
	vale_wake_queue(tx, false);
	if (given_back > 0)
		vale_wake_queue(rx, false); /* a sync of the receiver waits for cur */
	return sent + given_back;
}

bool vale_pipe_pending(struct vale_ring *tx)
{
	struct vale_ring *rx = tx->peer;

	return !rx->port->broken && (atomic_load_explicit(&tx->ctl->head, memory_order_acquire) != tx->st->pos ||
				     atomic_load_explicit(&rx->ctl->head, memory_order_acquire) != rx->st->head);
}

static void join(struct vale_port *a, struct vale_port *b)
{
	for (uint32_t i = 0; i < VALE_RINGS; i++) {
		struct vale_ring *tx = a->tx[i], *rx = b->rx[i];

		if (tx == NULL || rx == NULL)
			continue;
		tx->peer = rx;
		rx->peer = tx;
		atomic_store(&tx->ctl->lockstep, 1);
		atomic_store(&rx->ctl->lockstep, 1);
		/* Those of a pipe that is made again stand where they stood. */
		atomic_store_explicit(&rx->ctl->tail, rx->st->shown, memory_order_release);
		atomic_store_explicit(&tx->ctl->tail, rx->st->head == 0 ? rx->slots - 1 : rx->st->head - 1, memory_order_release);
		vale_source_wake(&tx->source);
	}
}

void vale_pipe_connect(struct vale_port *a, struct vale_port *b)
{
	join(a, b);
	join(b, a);
}

/* A ring goes: the one at the other end leads nowhere then. */
void vale_pipe_forget(struct vale_ring *r)
{
	if (r->peer == NULL)
		return;
	if (!r->tx)
		vale_source_remove(&r->peer->source);
	r->peer->peer = NULL;
	r->peer = NULL;
}
