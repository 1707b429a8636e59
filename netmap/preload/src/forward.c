/*
 * Transparent mode (NR_FORWARD): frames that the program gives back marked NS_FORWARD go on as if it had put them into
 * the rings of the other side: from NIC to host rings, and from host to NIC rings. They are those of the same open.
 */
#include "client.h"

/* A ring of the other side that has room at *at; NULL: there is none. */
static struct nm_ring *room(struct nm_port *p, bool host, uint32_t *at)
{
	for (uint32_t i = 0; i < p->ntx; i++) {
		struct nm_ring *r = &p->ring[i];

		*at = __atomic_load_n(&r->ring->head, __ATOMIC_RELAXED);
		if (r->host == host && *at < r->slots && *at != atomic_load_explicit(&r->ctl->told, memory_order_relaxed))
			return r;
	}
	return NULL;
}

/* Swaps the buffers of two slots. A chain of slots stays one. */
static void swap(struct netmap_slot *from, struct netmap_slot *to)
{
	struct netmap_slot was = *to;

	*to = *from;
	to->flags = (uint16_t)((to->flags & NS_MOREFRAG) | NS_BUF_CHANGED);
	from->buf_idx = was.buf_idx;
	from->ptr = was.ptr;
	from->flags = NS_BUF_CHANGED;
}

static uint32_t after(const struct nm_ring *r, uint32_t i)
{
	return i + 1 < r->slots ? i + 1 : 0;
}

/* Moves what the program is about to give back of an RX ring. True: there is something to be sent. */
bool nm_forward(struct nm_port *p, struct nm_ring *r)
{
	uint32_t from = atomic_load_explicit(&r->ctl->head, memory_order_relaxed);
	uint32_t told = atomic_load_explicit(&r->ctl->told, memory_order_relaxed);
	uint32_t head = __atomic_load_n(&r->ring->head, __ATOMIC_ACQUIRE);
	bool some = false;

	if (from >= r->slots || head >= r->slots || told >= r->slots || !nm_on_the_way(from, head, told))
		return false;
	for (; from != head; from = after(r, from)) {
		struct netmap_slot *s = &r->ring->slot[from];
		struct nm_ring *to;
		uint32_t at;

		if (!(s->flags & NS_FORWARD))
			continue;
		to = room(p, !r->host, &at);
		if (to == NULL)
			break; /* the rest is given back as it is */
		swap(s, &to->ring->slot[at]);
		to->ring->head = to->ring->cur = after(to, at);
		some = true;
	}
	return some;
}
