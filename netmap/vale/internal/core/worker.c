/*
 * The loop of a worker: pass after pass over the active sources. When a pass finds nothing, and the time
 * before was busy, it goes on looking for about as long as a wake-up takes; then all sources are put to
 * sleep, and the worker sleeps in epoll_wait. There are no timers: without frames nothing runs.
 */
#define _GNU_SOURCE
#include "vale.h"
#include "channel.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define BUSY        16 /* frames since the last rest that make it worth while to look for more */
#define POLL_PASSES 16 /* passes between two looks at those that sleep */
#define IDLE_PASSES 64 /* passes in which others had frames, until a source is put to sleep */
#define EVENTS      64
#define SPIN_TURNS  16 /* turns of a spin from one look at the clock to the next */
#define YIELD_TURNS 4  /* turns of a spin from one gift of the processor to the next */
#define PAUSES      20 /* about a microsecond: what the others take */

uint64_t vale_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

struct vale_worker *vale_worker_new(void)
{
	static const enum vale_waiter control = VALE_WAIT_CONTROL;
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = (void *)(uintptr_t)&control};
	struct vale_worker *w = calloc(1, sizeof(*w));
	int saved;

	if (w == NULL)
		return NULL;
	w->active_end = &w->active;
	memset(w->head, 0xff, sizeof(w->head));
	for (uint32_t i = 0; i < VALE_BATCH; i++)
		w->identity[i] = (uint16_t)i;
	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	w->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	w->sockbuf = vale_sockbuf_new();
	w->linear = mmap(NULL, VALE_LINEAR, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (w->epoll >= 0 && w->event >= 0 && w->sockbuf != NULL && w->linear != MAP_FAILED &&
	    epoll_ctl(w->epoll, EPOLL_CTL_ADD, w->event, &ev) == 0)
		return w;
	saved = errno;
	vale_worker_free(w);
	errno = saved;
	return NULL;
}

void vale_worker_free(struct vale_worker *w)
{
	if (w->epoll >= 0)
		close(w->epoll);
	if (w->event >= 0)
		close(w->event);
	if (w->sockbuf != NULL)
		vale_sockbuf_free(w->sockbuf);
	if (w->linear != MAP_FAILED)
		munmap(w->linear, VALE_LINEAR);
	free(w);
}

void vale_worker_interrupt(struct vale_worker *w)
{
	uint64_t one = 1;
	ssize_t n;

	atomic_fetch_add(&w->interrupts, 1);
	n = write(w->event, &one, sizeof(one));
	(void)n; /* it can only fail when it is readable already */
}

void vale_worker_release(struct vale_worker *w)
{
	atomic_fetch_sub(&w->interrupts, 1);
}

void vale_worker_set_spin(struct vale_worker *w, uint64_t ns)
{
	atomic_store_explicit(&w->spin_ns, ns, memory_order_relaxed);
}

/* Another worker has put frames into trunks, or control is wanted. */
static void control_event(struct vale_worker *w)
{
	uint64_t count;
	ssize_t n = read(w->event, &count, sizeof(count));

	(void)n;
	for (struct vale_link *l = w->links; l != NULL; l = l->next)
		if (atomic_load_explicit(&l->in->rung, memory_order_acquire))
			vale_source_wake(&l->source);
}

/* Wakes the sources whose descriptors are readable; waits for one if timeout is -1. */
static void look(struct vale_worker *w, int timeout)
{
	struct epoll_event ev[EVENTS];
	int n = epoll_wait(w->epoll, ev, EVENTS, timeout);

	w->since_poll = 0;
	for (int i = 0; i < n; i++) {
		struct vale_open *o = ev[i].data.ptr;

		switch (*(enum vale_waiter *)ev[i].data.ptr) {
		case VALE_WAIT_CONTROL:
			control_event(w);
			break;
		case VALE_WAIT_SOCKET:
			vale_source_wake(ev[i].data.ptr);
			break;
		case VALE_WAIT_OPEN:
			for (struct vale_bind *b = o->binds; b != NULL; b = b->next_of_open)
				if (b->ring->tx)
					vale_source_wake(&b->ring->source);
				else if (b->ring->peer != NULL) /* room in a pipe */
					vale_source_wake(&b->ring->peer->source);
				else if (b->ring->watched)
					vale_source_wake(&b->ring->source);
			break;
		}
	}
}

static uint32_t pass(struct vale_worker *w)
{
	uint32_t moved = 0;

	for (struct vale_source *s = w->active; s != NULL; s = w->cursor) {
		uint32_t taken;

		w->cursor = s->next;
		taken = vale_source_run(s);
		moved += taken;
		if (taken > 0)
			s->idle = 0;
		else if (w->productive && ++s->idle > IDLE_PASSES)
			vale_source_sleep(s);
	}
	w->productive = moved > 0;
	vale_wake_flush(w, false);
	if (w->full) {
		/* A receiver does not keep up. If it waits for this processor, it comes first. */
		w->full = false;
		sched_yield();
	}
	return moved;
}

uint32_t vale_worker_step(struct vale_worker *w)
{
	look(w, 0);
	return pass(w);
}

/*
 * After a pass without frames: is it worth while to look again at once? Now and then, whoever waits for this
 * processor has it: that may be the very program that is to send or to receive.
 */
static bool spin(struct vale_worker *w)
{
	if (w->spin_turns == 0) {
		if (w->recent < BUSY)
			return false;
		w->recent = 0;
		w->spin_end = 0;
	}
	/* Where the kernel has to be asked, time costs more than the rest of a turn: it is looked at now and then. */
	if (++w->spin_turns % SPIN_TURNS == 0) {
		uint64_t now = vale_now();

		if (w->spin_end == 0)
			w->spin_end = now + atomic_load_explicit(&w->spin_ns, memory_order_relaxed);
		if (now >= w->spin_end)
			return false;
	}
	if (w->spin_turns % YIELD_TURNS == 0)
		sched_yield();
	else
		for (int i = 0; i < PAUSES; i++)
			__builtin_ia32_pause();
	return true;
}

/* Puts all sources to sleep, and itself if none has anything. */
static void rest(struct vale_worker *w)
{
	struct vale_source *next;
	bool all = true;

	w->spin_turns = 0;
	w->recent = 0;
	vale_wake_flush(w, true);
	for (struct vale_source *s = w->active; s != NULL; s = next) {
		next = s->next;
		if (!vale_source_sleep(s))
			all = false;
	}
	if (all)
		look(w, -1);
}

void vale_worker_run(struct vale_worker *w)
{
	while (atomic_load_explicit(&w->interrupts, memory_order_relaxed) == 0) {
		uint32_t moved = pass(w);

		if (w->broken)
			return;
		if (++w->since_poll >= POLL_PASSES)
			look(w, 0);
		vale_precedence(w, moved);
		if (moved > 0) {
			w->recent += moved;
			w->spin_turns = 0;
		} else if (!spin(w)) {
			rest(w);
		}
	}
}
