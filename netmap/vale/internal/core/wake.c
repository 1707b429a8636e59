/*
 * Waking programs that sleep on a ring. The program stores a number in ctl->wait, fences, looks at the
 * position again and blocks; the switch publishes the position, fences, and looks at ctl->wait: one of the
 * two sees the other. A number is answered once.
 *
 * A wake-up costs more than a batch, so that of a receiver waits, for a few passes at most, while its sender
 * has more to send and the ring is less than half full.
 */
#include "vale.h"

#include <errno.h>
#include <unistd.h>

#define MAX_AGE 4 /* passes */

void vale_wake_queue(struct vale_ring *r, bool more)
{
	struct vale_worker *w = r->port->sw->worker;

	r->more = more;
	if (r->queued)
		return;
	r->queued = true;
	r->age = 0;
	r->queue_next = w->queue;
	w->queue = r;
}

static bool deferred(struct vale_ring *r)
{
	uint32_t used = r->st->pos >= r->st->head ? r->st->pos - r->st->head : r->st->pos + r->slots - r->st->head;

	return !r->tx && r->more && ++r->age < MAX_AGE && used < r->slots / 2;
}

static void wake(struct vale_ring *r)
{
	uint32_t wait = atomic_load_explicit(&r->ctl->wait, memory_order_relaxed);
	uint64_t one = 1;
	ssize_t n;

	if (wait == 0 || wait == r->woken)
		return;
	r->woken = wait;
	vale_count(&r->st->wakeups, 1);
	for (struct vale_bind *b = r->binds; b != NULL; b = b->next_of_ring) {
		if (b->open->wake < 0)
			continue;
		do
			n = write(b->open->wake, &one, sizeof(one));
		while (n < 0 && errno == EINTR);
		/* Any other failure means that it is readable already, or that nobody is there. */
	}
}

/* all: the worker goes to sleep, nothing may be left waiting. */
void vale_wake_flush(struct vale_worker *w, bool all)
{
	struct vale_ring *r = w->queue, *next;

	if (r == NULL)
		return;
	w->queue = NULL;
	/* Pairs with the program's fence between its store of wait and its second look at tail. */
	atomic_thread_fence(memory_order_seq_cst);
	for (; r != NULL; r = next) {
		next = r->queue_next;
		if (!all && deferred(r)) {
			r->queue_next = w->queue;
			w->queue = r;
		} else {
			r->queued = false;
			wake(r);
		}
	}
}

void vale_wake_forget(struct vale_ring *r)
{
	struct vale_ring **at = &r->port->sw->worker->queue;

	if (!r->queued)
		return;
	while (*at != r)
		at = &(*at)->queue_next;
	*at = r->queue_next;
	r->queued = false;
}
