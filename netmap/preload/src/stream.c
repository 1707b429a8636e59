/*
 * What NIOCTXSYNC of a VALE port waits for. The module has forwarded all when it returns, and so have we, but for one
 * kind of program: a generator, which makes a stream of large syncs and looks at nothing that anybody has received.
 * It waits until half of the ring is free, so that it and the switch work side by side, each on a processor. What
 * is left, the switch comes to at once, also when the port is closed or the program killed meanwhile.
 */
#include "client.h"

#define STREAM 16 /* syncs, one after the other, that make a stream */
#define LARGE  8  /* slots that a large sync has at least, however small the ring is */

static _Atomic uint32_t looks; /* RX syncs of this process; some that come together count as one */

void nm_count_look(void)
{
	atomic_store_explicit(&looks, atomic_load_explicit(&looks, memory_order_relaxed) + 1, memory_order_relaxed);
}

/*
 * Part of a stream: at least a quarter of the ring and not a few slots, no RX sync since the last, and none so late
 * that the switch sleeps.
 */
void nm_count_stream(struct nm_ring *r, uint32_t n)
{
	uint32_t now = atomic_load_explicit(&looks, memory_order_relaxed);

	if (n < r->slots / 4 || n < LARGE || now != r->looks ||
	    atomic_load_explicit(&r->ctl->doorbell, memory_order_relaxed) != 0)
		r->stream = 0;
	else if (r->stream < STREAM)
		r->stream++;
	r->looks = now;
}

/* A position from which on, up to head, the switch may be. */
uint32_t nm_stream_goal(const struct nm_ring *r, uint32_t head)
{
	uint32_t half = r->slots / 2;

	if (r->stream < STREAM || atomic_load_explicit(&r->ctl->lockstep, memory_order_relaxed) != 0)
		return head;
	return head >= half ? head - half : head + r->slots - half;
}
