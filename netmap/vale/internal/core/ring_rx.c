/*
 * RX rings: frames for a program. A frame that does not fit ends the batch: no later one overtakes it. The
 * private position moves before it is published, so that after a restart no slot is filled twice.
 */
#include "slot.h"

#define AHEAD 8 /* slots between the one that is written and the one that is fetched */

/* Writes into consecutive slots. */
struct writer {
	struct vale_ring *r;
	uint32_t at;    /* slot */
	uint32_t space; /* slots that may be filled, from at */
	uint32_t header; /* bytes of virtio-net header before each frame */
	uint8_t head[VALE_MAX_HEADER]; /* that of the frame that is written */
};

uint32_t vale_ring_take_back(struct vale_ring *r)
{
	uint32_t head = atomic_load_explicit(&r->ctl->head, memory_order_acquire), from = r->st->head, n;

	if (unlikely(head >= r->slots || distance(r, from, head) > distance(r, from, r->st->pos))) {
		vale_ring_break(r, "head is beyond what was delivered");
		return 0;
	}
	n = distance(r, from, head);
	__atomic_store_n(&r->st->head, head, __ATOMIC_RELAXED);
	if (unlikely(r->watched) && n > 0)
		vale_monitor_take(r, r, from, n, 0);
	/* Release: a program that waits for it (lockstep) finds its slots as they are now. */
	atomic_store_explicit(&r->ctl->cur, head, memory_order_release);
	return n;
}

/* Looks at what the program has given back; false: it broke the rules. */
static bool refresh(struct writer *w)
{
	struct vale_ring *r = w->r;

	vale_ring_take_back(r);
	w->space = r->port->broken ? 0 : r->slots - 1 - distance(r, r->st->head, w->at);
	return !r->port->broken;
}

/* The slot to fill next and its buffer; NULL: the program broke the rules. */
static inline uint8_t *slot_open(struct writer *w)
{
	uint32_t idx = __atomic_load_n(&w->r->slot[w->at].buf_idx, __ATOMIC_RELAXED);

	if (unlikely(!buf_valid(w->r, idx))) {
		vale_ring_break(w->r, "buffer index is outside the region");
		return NULL;
	}
	return buf_at(w->r, idx);
}

/* len and flags are one word, so that the slot is written at once; and only if it changes, so that a cache line
 * of slots that stays as it is need not go to the program's processor and back. */
static inline void slot_close(struct writer *w, uint32_t len, uint32_t flags)
{
	struct netmap_slot *s = &w->r->slot[w->at];
	uint32_t word = len | flags << 16, old;

	memcpy(&old, &s->len, sizeof(old));
	if (old != word)
		memcpy(&s->len, &word, sizeof(word));
	w->at = step(w->r, w->at);
	w->space--;
}

/* The program's processor has read the buffers that come next: their lines are fetched while others are written. */
static inline void prefetch_slot(struct writer *w)
{
	struct vale_ring *r = w->r;
	uint32_t at = w->at + AHEAD < r->slots ? w->at + AHEAD : w->at;
	uint32_t idx = __atomic_load_n(&r->slot[at].buf_idx, __ATOMIC_RELAXED);

	if (likely(buf_valid(r, idx)))
		__builtin_prefetch(buf_at(r, idx), 1);
}

/* Short frames are copied in units of 64 bytes, inline; both buffers are multiples of 64 long. */
static inline void copy(uint8_t *to, const uint8_t *from, uint32_t len, bool slack)
{
	if (unlikely(len >= 1024 || !slack)) {
		memcpy(to, from, len);
		return;
	}
	for (uint32_t i = 0; i < len; i += 64)
		memcpy(to + i, from + i, 64);
}

static inline uint32_t slots_for(uint32_t len, uint32_t size)
{
	return len <= size ? 1 : (len + size - 1) / size;
}

/* The same as slot_open, at an offset. */
static inline uint8_t *slot_open_at(struct writer *w, uint32_t ofs)
{
	uint8_t *buf = slot_open(w);

	return buf != NULL ? buf + ofs : NULL;
}

/* Header and pieces in one slot, where they have room from ofs on. */
static bool put_one(struct writer *w, const struct vale_piece *p, uint32_t np, uint32_t ofs, uint32_t len)
{
	uint8_t *to = slot_open_at(w, ofs);

	if (to == NULL)
		return false;
	memcpy(to, w->head, w->header);
	to += w->header;
	for (uint32_t i = 0; i < np; i++) {
		memcpy(to, p[i].data, p[i].len);
		to += p[i].len;
	}
	slot_close(w, len, 1 << 8);
	return true;
}

/* Header and pieces in need slots, of which each holds size bytes. join: a piece may begin in the middle of a slot.
 * False: the program broke the rules. */
static bool put_pieces(struct writer *w, const struct vale_piece *p, uint32_t np, uint32_t need, uint32_t size, bool join)
{
	uint8_t *buf = slot_open_at(w, slot_offset(w->r, &w->r->slot[w->at]));
	uint32_t fill = w->header;

	if (buf != NULL)
		memcpy(buf, w->head, w->header);
	for (uint32_t i = 0; i < np; i++) {
		const uint8_t *from = p[i].data;
		uint32_t left = p[i].len;

		if (i > 0 && !join) {
			slot_close(w, fill, need << 8 | NS_MOREFRAG);
			buf = slot_open_at(w, slot_offset(w->r, &w->r->slot[w->at]));
			fill = 0;
		}
		while (buf != NULL && left > 0) {
			uint32_t n = left < size - fill ? left : size - fill;

			if (n == 0) {
				slot_close(w, fill, need << 8 | NS_MOREFRAG);
				buf = slot_open_at(w, slot_offset(w->r, &w->r->slot[w->at]));
				fill = 0;
				continue;
			}
			memcpy(buf + fill, from, n);
			fill += n;
			from += n;
			left -= n;
		}
		if (buf == NULL)
			return false;
	}
	slot_close(w, fill, need << 8);
	return true;
}

enum put { PUT_DONE, PUT_FULL, PUT_TOO_BIG, PUT_BROKEN };

/* One frame, or one segment of a frame, as pieces. */
static enum put put(struct writer *w, const struct vale_piece *p, uint32_t np, bool join)
{
	struct vale_ring *r = w->r;
	/* One slot has room from its own offset on. Of several, each is counted with the largest that it may have. */
	uint32_t ofs = slot_offset(r, &r->slot[w->at]), size = r->buf_size - r->offset_max, need = 0, len = w->header;
	bool done;

	for (uint32_t i = 0; i < np; i++) {
		uint32_t piece = p[i].len + (i == 0 ? w->header : 0);

		len += p[i].len;
		need += size > w->header ? slots_for(piece, size) : VALE_MAX_FRAGS + 1;
	}
	if (join && len <= r->buf_size - ofs)
		need = 1;
	else if (join && size > w->header)
		need = slots_for(len, size);
	if (need > VALE_MAX_FRAGS || need > r->slots - 1)
		return PUT_TOO_BIG;
	if (need > w->space && (!refresh(w) || need > w->space))
		return r->port->broken ? PUT_BROKEN : PUT_FULL;
	if (join && need == 1)
		done = put_one(w, p, np, ofs, len);
	else
		done = put_pieces(w, p, np, need, size, join);
	return done ? PUT_DONE : PUT_BROKEN;
}

/* A super-frame as its segments, or a frame whose checksum is not complete. */
static enum put put_offload(struct writer *w, const struct vale_frame *f, uint64_t *packets, uint64_t *bytes)
{
	struct vale_segments seg;
	struct vale_piece p[2];
	struct vale_ring_state *st = w->r->st;

	if (!vale_segments_init(&seg, f)) {
		vale_drop(st, VALE_DROP_BAD, 1);
		return PUT_DONE;
	}
	while (vale_segments_next(&seg, p)) {
		enum put result = put(w, p, 2, true);

		if (result == PUT_TOO_BIG) {
			vale_drop(st, VALE_DROP_TOO_BIG, 1);
		} else if (result != PUT_DONE) {
			vale_drop(st, VALE_DROP_FULL, seg.total - seg.done + 1);
			return result;
		} else {
			++*packets;
			*bytes += p[0].len + p[1].len;
		}
	}
	return PUT_DONE;
}

static enum put put_frame(struct writer *w, const struct vale_batch *b, const struct vale_frame *f, uint64_t *packets,
			  uint64_t *bytes)
{
	struct vale_piece whole = {f->data, f->len};
	enum put result;

	if (w->header > 0) {
		memcpy(w->head, &f->vnet, sizeof(f->vnet));
		memcpy(w->head + sizeof(f->vnet), &f->buffers, sizeof(f->buffers));
	} else if (vale_frame_offload(f)) {
		return put_offload(w, f, packets, bytes);
	}
	if (f->npieces > 1)
		result = put(w, &b->piece[f->piece], f->npieces, false);
	else
		result = put(w, &whole, 1, true);
	if (result == PUT_DONE) {
		++*packets;
		*bytes += f->len;
	} else {
		vale_drop(w->r->st, result == PUT_TOO_BIG ? VALE_DROP_TOO_BIG : VALE_DROP_FULL, 1);
	}
	return result;
}

/* Counts what is behind the frame that did not fit. */
static void drop_rest(struct vale_ring *r, const struct vale_batch *b, const uint16_t *order, uint32_t n)
{
	struct vale_ring_state *st = r->st;
	uint64_t lost = 0;

	for (uint32_t i = 0; i < n; i++)
		lost += ring_header(r) > 0 ? 1 : vale_segments_count(&b->frame[order[i]]);
	vale_drop(st, VALE_DROP_FULL, lost);
	/* Once for each step that the program makes: one that has stopped reading must not slow others down. */
	if (r->hurried != st->head) {
		r->hurried = st->head;
		vale_count(&st->stalls, 1);
		r->port->sw->worker->full = true;
	}
}

void vale_ring_deliver(struct vale_ring *r, const struct vale_batch *b, const uint16_t *order, uint32_t n)
{
	struct vale_ring_state *st = r->st;
	struct writer w = {.r = r, .at = st->pos, .space = r->slots - 1 - distance(r, st->head, st->pos), .header = ring_header(r)};
	bool plain = r->offset_mask == 0 && w.header == 0;
	uint64_t packets = 0, bytes = 0;

	if (unlikely(r->port->broken)) {
		vale_drop(st, VALE_DROP_CLOSED, n);
		return;
	}
	if (w.space < n && !refresh(&w)) {
		vale_drop(st, VALE_DROP_CLOSED, n);
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		const struct vale_frame *f = &b->frame[order[i]];
		enum put result;

		if (likely(plain && f->npieces == 1 && f->len <= r->buf_size && w.space > 0 && !vale_frame_offload(f))) {
			uint8_t *buf = slot_open(&w);

			if (unlikely(buf == NULL)) {
				drop_rest(r, b, order + i, n - i);
				break;
			}
			prefetch_slot(&w);
			copy(buf, f->data, f->len, b->slack);
			slot_close(&w, f->len, 1 << 8);
			packets++;
			bytes += f->len;
			continue;
		}
		result = put_frame(&w, b, f, &packets, &bytes);
		if (result == PUT_FULL || result == PUT_BROKEN) {
			drop_rest(r, b, order + i + 1, n - i - 1);
			break;
		}
	}
	if (packets == 0)
		return;
	vale_count(&st->packets, packets);
	vale_count(&st->bytes, bytes);
	if (unlikely(r->port->taps != NULL))
		vale_tap_ring(r, st->pos, w.at);
	if (unlikely(r->port->monitors != NULL))
		vale_monitor_copy(r, st->pos, distance(r, st->pos, w.at), 0);
	__atomic_store_n(&st->pos, w.at, __ATOMIC_RELEASE);
	/* Pairs with the program's acquire of tail in its sync. */
	atomic_store_explicit(&r->ctl->tail, w.at, memory_order_release);
	vale_wake_queue(r, b->more > 0);
}
