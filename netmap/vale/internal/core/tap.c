/* Copying frames for those who capture: see tap.h. What a tap sees is what the counters count. */
#define _GNU_SOURCE
#include "slot.h"
#include "tap.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

struct vale_tap {
	struct vale_tap *next; /* of the same port */
	struct vale_port *port;
	struct vale_tap_queue *queue;
	uint64_t lost; /* read by others */
	uint32_t tag, snaplen;
	bool host;
};

struct vale_tap *vale_tap_new(struct vale_port *p, struct vale_tap_queue *q, uint32_t tag, uint32_t snaplen, bool host)
{
	struct vale_tap *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->port = p;
	t->queue = q;
	t->tag = tag;
	t->snaplen = snaplen;
	t->host = host;
	t->next = p->taps;
	p->taps = t;
	return t;
}

void vale_tap_free(struct vale_tap *t)
{
	struct vale_tap **at = &t->port->taps;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	free(t);
}

uint64_t vale_tap_lost(const struct vale_tap *t)
{
	return __atomic_load_n(&t->lost, __ATOMIC_RELAXED);
}

static uint64_t wall_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* Writes n bytes at byte number at, around the end of the queue. */
static void fill(struct vale_tap_queue *q, uint64_t at, const void *from, uint32_t n)
{
	uint64_t place = at & (q->size - 1), first = q->size - place;

	if (first > n)
		first = n;
	memcpy(q->data + place, from, first);
	memcpy(q->data, (const uint8_t *)from + first, n - first);
}

static void put(struct vale_tap *t, uint64_t time, bool tx, const struct vale_piece *p, uint32_t np)
{
	struct vale_tap_queue *q = t->queue;
	struct vale_tap_record rec = {.time = time, .tag = t->tag, .tx = tx};
	uint64_t head = q->head, at;

	for (uint32_t i = 0; i < np; i++)
		rec.len += p[i].len;
	rec.caplen = rec.len < t->snaplen ? rec.len : t->snaplen;
	if (q->size - (head - __atomic_load_n(&q->tail, __ATOMIC_ACQUIRE)) < sizeof(rec) + rec.caplen + 7) {
		vale_count(&t->lost, 1);
		return;
	}
	fill(q, head, &rec, sizeof(rec));
	at = head + sizeof(rec);
	for (uint32_t i = 0, left = rec.caplen; i < np && left > 0; i++) {
		uint32_t n = p[i].len < left ? p[i].len : left;

		fill(q, at, p[i].data, n);
		at += n;
		left -= n;
	}
	__atomic_store_n(&q->head, (at + 7) & ~(uint64_t)7, __ATOMIC_RELEASE);
}

static void put_all(struct vale_port *port, bool host, uint64_t time, bool tx, const struct vale_piece *p, uint32_t np)
{
	for (struct vale_tap *t = port->taps; t != NULL; t = t->next)
		if (t->host == host)
			put(t, time, tx, p, np);
}

static void put_frame(struct vale_port *p, uint64_t time, bool tx, const struct vale_batch *b, const struct vale_frame *f)
{
	struct vale_piece whole = {f->data, f->len};

	if (f->npieces > 1)
		put_all(p, false, time, tx, &b->piece[f->piece], f->npieces);
	else
		put_all(p, false, time, tx, &whole, 1);
}

void vale_tap_sent(struct vale_port *from, const struct vale_batch *b, const uint16_t *dst)
{
	uint64_t time = wall_clock();

	for (uint32_t i = 0; i < b->n; i++)
		if (dst[i] != VALE_TAP_NOWHERE)
			put_frame(from, time, true, b, &b->frame[i]);
}

void vale_tap_passed(struct vale_port *to, const struct vale_batch *b, const uint16_t *order, uint32_t n)
{
	uint64_t time = wall_clock();

	for (uint32_t i = 0; i < n; i++)
		put_frame(to, time, false, b, &b->frame[order[i]]);
}

/* The frames are read from where they were put. Nobody but the switch should write there, but somebody could:
 * every slot is checked again, and a frame that is not whole any more is left out. */
void vale_tap_ring(struct vale_ring *r, uint32_t from, uint32_t to)
{
	struct vale_piece piece[VALE_MAX_FRAGS];
	uint64_t time = wall_clock();
	uint32_t n = 0, header = ring_header(r);
	bool good = true;

	for (; from != to; from = step(r, from)) {
		struct view v = slot_read_all(r, &r->slot[from]);

		good = good && n < VALE_MAX_FRAGS && slot_good(r, v);
		if (good) {
			piece[n].data = view_data(r, v);
			piece[n++].len = v.len;
		}
		if (v.flags & NS_MOREFRAG)
			continue;
		if (good && piece[0].len >= header) {
			piece[0].data += header;
			piece[0].len -= header;
			put_all(r->port, r->host, time, false, piece, n);
		}
		n = 0;
		good = true;
	}
}

/* msg: what was sent, the first piece of each being the offload header. */
void vale_tap_socket(struct vale_port *p, bool host, const struct mmsghdr *msg, uint32_t n)
{
	struct vale_piece piece[VALE_MAX_FRAGS];
	uint64_t time = wall_clock();

	for (uint32_t i = 0; i < n; i++) {
		const struct msghdr *m = &msg[i].msg_hdr;
		uint32_t np = 0;

		for (; np + 1 < m->msg_iovlen && np < VALE_MAX_FRAGS; np++) {
			piece[np].data = m->msg_iov[np + 1].iov_base;
			piece[np].len = (uint32_t)m->msg_iov[np + 1].iov_len;
		}
		put_all(p, host, time, host, piece, np); /* a program sends to its host stack, and a switch to its node */
	}
}
