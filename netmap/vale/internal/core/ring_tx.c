/*
 * TX rings: taking a program's frames. The private position moves before the frames go on, so that after a
 * restart none is sent twice.
 */
#include "slot.h"

/*
 * Takes the virtio-net header off a frame's pieces. It lies in the first one, alone or with the frame behind it. The
 * pieces are the program's to change: what is read here is not looked at again.
 */
static bool take_header(struct vale_frame *f, struct vale_piece *p, uint32_t *n, uint32_t header)
{
	if (p->len < header)
		return false;
	memcpy(&f->vnet, p->data, sizeof(f->vnet));
	if (header == VALE_MAX_HEADER)
		memcpy(&f->buffers, p->data + sizeof(f->vnet), sizeof(f->buffers));
	p->data += header;
	p->len -= header;
	if (p->len == 0 && *n > 1) {
		--*n;
		memmove(p, p + 1, *n * sizeof(*p));
	}
	return true;
}

/* A frame that somebody may have to look into gets one piece, that the program can't change. */
static void linearize(struct vale_ring *r, struct vale_frame *f, const struct vale_piece *p, uint32_t n, uint32_t *used)
{
	uint8_t *to = r->port->sw->worker->linear + *used;

	f->data = to;
	f->npieces = 1;
	for (uint32_t i = 0; i < n; i++) {
		memcpy(to, p[i].data, p[i].len);
		to += p[i].len;
	}
	*used += f->len;
}

/* What collect_chain has used of memory that a batch shares. */
struct used {
	uint32_t pieces, linear;
};

/*
 * Takes one frame from the slots [at, at + avail) and returns how many it has. A chain that has no end yet
 * ends at head, as in VALE. What is bad or too short is counted and not added to b.
 */
static uint32_t collect_chain(struct vale_ring *r, struct vale_batch *b, struct used *u, uint32_t at, uint32_t avail)
{
	struct vale_frame *f = &b->frame[b->n];
	struct vale_piece *piece = &b->piece[u->pieces];
	uint32_t used = 0, len = 0, header = ring_header(r), n;
	bool good = true, more = true;

	while (more && used < avail) {
		struct netmap_slot *s = &r->slot[at];
		struct view v = slot_read_all(r, s);

		clear_changed(s, v.flags);
		more = v.flags & NS_MOREFRAG;
		at = step(r, at);
		good = good && used < VALE_MAX_FRAGS && slot_good(r, v);
		if (good) {
			piece[used].data = view_data(r, v);
			piece[used].len = v.len;
			len += v.len;
		}
		used++;
	}
	if (!good) {
		vale_drop(r->st, VALE_DROP_BAD, 1);
		return used;
	}
	n = used;
	memset(&f->vnet, 0, sizeof(f->vnet));
	f->buffers = 0;
	if ((header > 0 && !take_header(f, piece, &n, header)) || piece->len < VALE_ETH_HLEN) {
		vale_drop(r->st, VALE_DROP_RUNT, 1);
		return used;
	}
	f->data = piece->data;
	f->len = len - header;
	f->piece = (uint16_t)u->pieces;
	f->npieces = (uint16_t)n;
	if (vale_frame_offload(f)) {
		if (f->len > VALE_MAX_FRAME) {
			vale_drop(r->st, VALE_DROP_TOO_BIG, 1);
			return used;
		}
		linearize(r, f, piece, n, &u->linear);
	}
	u->pieces += n;
	b->n++;
	return used;
}

/* Takes about a quarter of the ring, so that program and switch work side by side. */
uint32_t vale_ring_collect(struct vale_ring *r, struct vale_batch *b)
{
	uint32_t at = r->st->pos, from = at, taken = 0, chunk = r->slots / 4, avail;
	uint32_t head = atomic_load_explicit(&r->ctl->head, memory_order_acquire);
	bool plain = r->offset_mask == 0 && ring_header(r) == 0; /* frames begin where their buffers do */
	struct used used = {0, 0};

	b->n = 0;
	b->slack = plain;
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

		if (likely(plain && !(v.flags & (NS_MOREFRAG | NS_INDIRECT)) && buf_valid(r, v.buf) &&
			   v.len >= VALE_ETH_HLEN && v.len <= r->buf_size)) {
			struct vale_frame *f = &b->frame[b->n++];

			clear_changed(s, v.flags);
			f->data = buf_at(r, v.buf);
			f->len = v.len;
			__builtin_prefetch(f->data); /* its addresses are looked at when all of the batch are here */
			f->npieces = 1;
			memset(&f->vnet, 0, sizeof(f->vnet));
			f->buffers = 0;
			at = step(r, at);
			taken++;
		} else {
			uint32_t n = collect_chain(r, b, &used, at, avail - taken);

			taken += n;
			at = at + n < r->slots ? at + n : at + n - r->slots;
		}
	} while (taken < avail && taken < chunk && used.linear <= VALE_LINEAR - VALE_MAX_FRAME);
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

