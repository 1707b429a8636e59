/*
 * One direction of a trunk: a queue of frames with their offload headers in memory of this process, one
 * writer (the worker of the switch that sends), one reader (that of the other). Records lie one behind the
 * other in a byte ring; one that does not fit before its end is preceded by a record that fills it.
 *
 * Positions count bytes and never wrap; who publishes and who sleeps keep to the rules of wake.c.
 */
#include "vale.h"
#include "channel.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define SIZE   (1u << 20) /* bytes, a power of two: sixteen of the largest frames */
#define FILLER 0xffffffffu
#define ALIGN  16u

struct record {
	uint32_t len; /* of the frame, or FILLER */
	struct vale_vnet vnet;
	uint16_t buffers;
};

_Static_assert(sizeof(struct record) == ALIGN, "record");

struct vale_channel *vale_channel_new(void)
{
	struct vale_channel *c = aligned_alloc(64, sizeof(*c));

	if (c == NULL)
		return NULL;
	memset(c, 0, sizeof(*c));
	/* Touched as it is used: a trunk without traffic costs no memory. */
	c->mem = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (c->mem == MAP_FAILED) {
		free(c);
		return NULL;
	}
	return c;
}

void vale_channel_free(struct vale_channel *c)
{
	munmap(c->mem, SIZE);
	free(c);
}

static uint32_t round_up(uint32_t n)
{
	return (n + ALIGN - 1) & ~(ALIGN - 1);
}

/* Room for a record of this size, at *at; false: there is none, even on a second look. */
static bool reserve(struct vale_channel *c, uint64_t *at, uint32_t size)
{
	uint32_t left = SIZE - (uint32_t)(*at & (SIZE - 1)), fill = left < size ? left : 0;

	if (*at + fill + size - c->seen_head > SIZE) {
		c->seen_head = atomic_load_explicit(&c->head, memory_order_acquire);
		if (*at + fill + size - c->seen_head > SIZE)
			return false;
	}
	if (fill > 0) {
		((struct record *)(void *)(c->mem + (*at & (SIZE - 1))))->len = FILLER;
		*at += fill;
	}
	return true;
}

static void write_frame(uint8_t *to, const struct vale_batch *b, const struct vale_frame *f)
{
	struct record rec = {f->len, f->vnet, f->buffers};

	memcpy(to, &rec, sizeof(rec));
	to += sizeof(rec);
	if (f->npieces == 1) {
		memcpy(to, f->data, f->len);
		return;
	}
	for (uint32_t i = 0; i < f->npieces; i++) {
		const struct vale_piece *p = &b->piece[f->piece + i];

		memcpy(to, p->data, p->len);
		to += p->len;
	}
}

/* The reader sleeps: its worker is told, or is this one. */
static void ring_doorbell(struct vale_channel *c)
{
	uint64_t one = 1;
	ssize_t n;

	atomic_thread_fence(memory_order_seq_cst);
	if (!atomic_load_explicit(&c->doorbell, memory_order_relaxed))
		return;
	atomic_store_explicit(&c->doorbell, 0, memory_order_relaxed);
	if (c->reader->port->sw->worker == c->writer_worker) {
		vale_source_wake(c->reader);
		return;
	}
	atomic_store_explicit(&c->rung, 1, memory_order_release);
	n = write(c->reader->port->sw->worker->event, &one, sizeof(one));
	(void)n; /* it can only fail when it is readable already */
}

void vale_channel_put(struct vale_channel *c, struct vale_ring_state *st, const struct vale_batch *b,
		      const uint16_t *order, uint32_t n)
{
	uint64_t at = atomic_load_explicit(&c->tail, memory_order_relaxed), bytes = 0;
	uint32_t packets = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct vale_frame *f = &b->frame[order[i]];
		uint32_t size = round_up((uint32_t)sizeof(struct record) + f->len);

		if (f->len > VALE_MAX_FRAME) {
			vale_drop(st, VALE_DROP_TOO_BIG, 1);
			continue;
		}
		if (!reserve(c, &at, size)) {
			vale_drop(st, VALE_DROP_FULL, n - i);
			break;
		}
		write_frame(c->mem + (at & (SIZE - 1)), b, f);
		at += size;
		packets++;
		bytes += f->len;
	}
	if (packets == 0)
		return;
	vale_count(&st->packets, packets);
	vale_count(&st->bytes, bytes);
	/* Pairs with the acquire in collect and pending. */
	atomic_store_explicit(&c->tail, at, memory_order_release);
	ring_doorbell(c);
}

uint32_t vale_channel_collect(struct vale_channel *c, struct vale_batch *b)
{
	uint64_t at = c->taken, end = atomic_load_explicit(&c->tail, memory_order_acquire);

	b->n = 0;
	b->slack = false;
	while (at != end && b->n < VALE_BATCH) {
		uint8_t *p = c->mem + (at & (SIZE - 1));
		struct vale_frame *f = &b->frame[b->n];
		struct record rec;

		memcpy(&rec, p, sizeof(rec));
		if (rec.len == FILLER) {
			at += SIZE - (uint32_t)(at & (SIZE - 1));
			continue;
		}
		f->data = p + sizeof(rec);
		f->len = rec.len;
		f->npieces = 1;
		f->vnet = rec.vnet;
		f->buffers = rec.buffers;
		b->n++;
		at += round_up((uint32_t)sizeof(rec) + rec.len);
	}
	b->more = at != end;
	c->taken = at;
	return b->n;
}

void vale_channel_release(struct vale_channel *c)
{
	atomic_store_explicit(&c->head, c->taken, memory_order_release);
}

bool vale_channel_sleep(struct vale_channel *c)
{
	atomic_store_explicit(&c->doorbell, 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&c->tail, memory_order_acquire) == c->taken)
		return true;
	atomic_store_explicit(&c->doorbell, 0, memory_order_relaxed);
	return false;
}

void vale_channel_awake(struct vale_channel *c)
{
	atomic_store_explicit(&c->doorbell, 0, memory_order_relaxed);
	atomic_store_explicit(&c->rung, 0, memory_order_relaxed);
}
