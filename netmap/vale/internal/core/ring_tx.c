/*
 * TX rings: taking a program's frames. The private position moves before the frames go on, so that after a
 * restart none is sent twice.
 */
#include "slot.h"

/*
 * Takes one frame from the slots [at, at + avail) and returns how many it has. A chain that has no end yet
 * ends at head, as in VALE. What is bad or too short is counted and not added to b.
 */
static uint32_t collect_chain(struct vale_ring *r, struct vale_batch *b, uint32_t *pieces, uint32_t at, uint32_t avail)
{
	struct vale_frame *f = &b->frame[b->n];
	uint32_t used = 0, len = 0, first = 0;
	bool good = true, more = true;

	while (more && used < avail) {
		struct netmap_slot *s = &r->slot[at];
		struct view v = slot_read(s);

		clear_changed(s, v.flags);
		more = v.flags & NS_MOREFRAG;
		at = step(r, at);
		good = good && used < VALE_MAX_FRAGS && slot_good(r, v);
		if (good) {
			b->piece[*pieces + used].data = buf_at(r, v.buf);
			b->piece[*pieces + used].len = v.len;
			len += v.len;
			if (used == 0)
				first = v.len;
		}
		used++;
	}
	if (!good) {
		vale_drop(r->st, VALE_DROP_BAD, 1);
	} else if (first < VALE_ETH_HLEN) {
		vale_drop(r->st, VALE_DROP_RUNT, 1);
	} else {
		f->data = b->piece[*pieces].data;
		f->len = len;
		f->piece = (uint16_t)*pieces;
		f->npieces = (uint16_t)used;
		memset(&f->vnet, 0, sizeof(f->vnet));
		*pieces += used;
		b->n++;
	}
	return used;
}

/* Takes about a quarter of the ring, so that program and switch work side by side. */
uint32_t vale_ring_collect(struct vale_ring *r, struct vale_batch *b)
{
	uint32_t at = r->st->pos, from = at, taken = 0, pieces = 0, chunk = r->slots / 4, avail;
	uint32_t head = atomic_load_explicit(&r->ctl->head, memory_order_acquire);

	b->n = 0;
	b->slack = true;
	b->more = 0;
	if (head == at)
		return 0;
	if (unlikely(head >= r->slots)) {
		vale_ring_break(r, "head is outside the ring");
		return 0;
	}
	avail = distance(r, at, head);
	if (chunk > VALE_BATCH)
		chunk = VALE_BATCH;
	do {
		struct netmap_slot *s = &r->slot[at];
		struct view v = slot_read(s);

		if (likely(!(v.flags & (NS_MOREFRAG | NS_INDIRECT)) && buf_valid(r, v.buf) && v.len >= VALE_ETH_HLEN &&
			   v.len <= r->buf_size)) {
			struct vale_frame *f = &b->frame[b->n++];

			clear_changed(s, v.flags);
			f->data = buf_at(r, v.buf);
			f->len = v.len;
			__builtin_prefetch(f->data); /* its addresses are looked at when all of the batch are here */
			f->npieces = 1;
			memset(&f->vnet, 0, sizeof(f->vnet));
			at = step(r, at);
			taken++;
		} else {
			uint32_t used = collect_chain(r, b, &pieces, at, avail - taken);

			taken += used;
			at = at + used < r->slots ? at + used : at + used - r->slots;
		}
	} while (taken < avail && taken < chunk);
	b->more = avail - taken;
	__atomic_store_n(&r->st->pos, at, __ATOMIC_RELEASE);
	if (unlikely(r->port->monitors != NULL))
		vale_monitor_copy(r, from, taken, b->more);
	return taken;
}

void vale_ring_publish_tx(struct vale_ring *r)
{
	uint32_t cur = r->st->pos;

	/* Pair with the program's acquires in its sync. A program that waits for cur finds the tail that goes with it. */
	atomic_store_explicit(&r->ctl->tail, cur == 0 ? r->slots - 1 : cur - 1, memory_order_release);
	atomic_store_explicit(&r->ctl->cur, cur, memory_order_release);
}

