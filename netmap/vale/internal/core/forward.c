/*
 * From one source to the destinations, in two passes as VALE does it (Rizzo and Lettieri, "VALE, a switched
 * ethernet for virtual machines", CoNEXT 2012): first the destination of every frame of the batch, kept as
 * one list per destination and one for frames to all; then each destination gets its own list and that of
 * all, merged in the order of arrival, in one go.
 */
#include "vale.h"

#define NONE  0xffffu    /* end of a list */
#define FLOOD VALE_PORTS /* the list of frames to all ports */

static inline uint64_t mac_at(const uint8_t *p)
{
	uint16_t high;
	uint32_t low;

	memcpy(&low, p, 4);
	memcpy(&high, p + 4, 2);
	return (uint64_t)high << 32 | low;
}

/* Hands the frames in order to the port: to its ring, its kernel stack or its trunk. */
static void deliver(struct vale_port *p, uint32_t ring, const struct vale_batch *b, const uint16_t *order, uint32_t n)
{
	if (p->netmap) {
		struct vale_ring *r = p->rx[ring % p->rx_rings];

		if (likely(r != NULL))
			vale_ring_deliver(r, b, order, n);
		else
			vale_drop(&p->st->ring[VALE_RING_RX(ring % p->rx_rings)], VALE_DROP_CLOSED, n);
	} else if (p->trunk.out != NULL) {
		if (unlikely(p->taps != NULL))
			vale_tap_passed(p, b, order, n);
		vale_channel_put(p->trunk.out, &p->st->ring[VALE_RING_RX(0)], b, order, n);
	} else if (p->sock >= 0) {
		vale_socket_send(p, &p->st->ring[VALE_RING_RX(0)], b, order, n);
	} else {
		vale_drop(&p->st->ring[VALE_RING_RX(0)], VALE_DROP_CLOSED, n);
	}
}

/* Writes the merger of two lists into worker->order and returns its length. */
static uint32_t merge(struct vale_worker *w, uint16_t a, uint16_t b)
{
	uint32_t n = 0;

	while (a != NONE || b != NONE) {
		uint16_t *from = a < b ? &a : &b;

		w->order[n++] = *from;
		*from = w->next[*from];
	}
	return n;
}

static inline void append(struct vale_worker *w, uint32_t list, uint32_t i)
{
	if (w->head[list] == NONE)
		w->head[list] = (uint16_t)i;
	else
		w->next[w->tail[list]] = (uint16_t)i;
	w->tail[list] = (uint16_t)i;
	w->next[i] = NONE;
}

/* A wire: everything goes to the other port. */
static uint32_t wire_port(const struct vale_switch *sw, const struct vale_port *from)
{
	for (uint32_t i = 0; i < sw->max_index; i++)
		if (sw->port[i] != NULL && sw->port[i] != from)
			return i;
	return from->index;
}

static inline uint32_t destination(struct vale_switch *sw, struct vale_port *from, const uint8_t *data)
{
	uint64_t dst = mac_at(data), src = mac_at(data + 6);

	if (unlikely(src != from->src_mac || from->src_epoch != sw->epoch))
		vale_table_learn(sw, from, src);
	if (likely(dst == from->dst_mac && from->dst_epoch == sw->epoch))
		return from->dst_port;
	return vale_table_lookup(sw, from, dst);
}

/* A frame for the port it came from, or for all others where there is none. */
static inline bool nowhere(const struct vale_port *from, uint32_t to)
{
	return to == from->index || (to == FLOOD && from->sw->live < 2);
}

/* Second pass for a batch that goes one way. */
static void deliver_same(struct vale_port *from, uint32_t ring, struct vale_batch *b, uint32_t to)
{
	struct vale_switch *sw = from->sw;
	const uint16_t *order = sw->worker->identity;

	if (to != FLOOD) {
		deliver(sw->port[to], ring, b, order, b->n);
		return;
	}
	for (uint32_t i = 0; i < sw->max_index; i++)
		if (sw->port[i] != NULL && sw->port[i] != from)
			deliver(sw->port[i], 0, b, order, b->n);
}

/* Second pass for a batch whose lists are built. */
static void deliver_lists(struct vale_port *from, uint32_t ring, struct vale_batch *b)
{
	struct vale_switch *sw = from->sw;
	struct vale_worker *w = sw->worker;
	uint16_t flood = w->head[FLOOD];

	for (uint32_t i = 0; i < sw->max_index; i++) {
		struct vale_port *p = sw->port[i];
		uint16_t own = w->head[i];

		if (p == NULL || p == from || (own == NONE && flood == NONE))
			continue;
		/* Frames to all go to ring 0, whatever ring they came from. */
		if (own != NONE && p->netmap && ring % p->rx_rings != 0) {
			deliver(p, ring, b, w->order, merge(w, own, NONE));
			own = NONE;
		}
		if (own != NONE || flood != NONE)
			deliver(p, 0, b, w->order, merge(w, own, flood));
		w->head[i] = NONE;
	}
	w->head[FLOOD] = NONE;
}

/* Builds the lists; returns the number of frames that go nowhere and takes their bytes off. */
static uint32_t build_lists(struct vale_port *from, const struct vale_batch *b, uint64_t *bytes)
{
	struct vale_worker *w = from->sw->worker;
	uint32_t dropped = 0;

	for (uint32_t i = 0; i < b->n; i++) {
		if (nowhere(from, w->dst[i])) {
			dropped++;
			*bytes -= b->frame[i].len;
			w->dst[i] = VALE_TAP_NOWHERE;
		} else {
			append(w, w->dst[i], i);
		}
	}
	return dropped;
}

void vale_forward(struct vale_port *from, uint32_t ring, struct vale_batch *b)
{
	struct vale_switch *sw = from->sw;
	struct vale_worker *w = sw->worker;
	struct vale_ring_state *st = &from->st->ring[VALE_RING_TX(ring)];
	uint32_t wire = sw->state->wire ? wire_port(sw, from) : NONE, first = 0, mixed = 0, dropped = 0;
	uint64_t bytes = 0;

	if (b->n == 0)
		return;
	for (uint32_t i = 0; i < b->n; i++) {
		uint32_t to = wire != NONE ? wire : destination(sw, from, b->frame[i].data);

		first = i == 0 ? to : first;
		mixed |= to ^ first;
		w->dst[i] = (uint16_t)to;
		bytes += b->frame[i].len;
	}
	if (mixed) {
		dropped = build_lists(from, b, &bytes);
	} else if (nowhere(from, first)) {
		vale_drop(st, VALE_DROP_NO_PORT, b->n);
		return;
	}
	vale_count(&st->packets, b->n - dropped);
	vale_count(&st->bytes, bytes);
	if (dropped > 0)
		vale_drop(st, VALE_DROP_NO_PORT, dropped);
	if (unlikely(from->taps != NULL))
		vale_tap_sent(from, b, w->dst);
	if (mixed)
		deliver_lists(from, ring, b);
	else
		deliver_same(from, ring, b, first);
}
