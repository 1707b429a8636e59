/*
 * Sources, active and asleep, in the manner of Linux's NAPI: as long as frames keep coming a source is
 * polled, and only one that had nothing for a while asks to be told.
 *
 * Going to sleep is the mirror of wake.c: set the doorbell, fence, look once more.
 */
#include "vale.h"

void vale_source_init(struct vale_source *s, enum vale_source_kind kind, struct vale_port *p, struct vale_ring *r)
{
	memset(s, 0, sizeof(*s));
	s->waiter = VALE_WAIT_SOCKET;
	s->kind = kind;
	s->port = p;
	s->ring = r;
}

bool vale_ring_pending(struct vale_ring *r)
{
	return atomic_load_explicit(&r->ctl->head, memory_order_acquire) != (r->tx ? r->st->pos : r->st->head);
}

static void doorbell(struct vale_source *s, uint32_t on)
{
	atomic_store_explicit(&s->ring->ctl->doorbell, on, memory_order_relaxed);
	if (s->ring->peer != NULL)
		atomic_store_explicit(&s->ring->peer->ctl->doorbell, on, memory_order_relaxed);
}

void vale_source_wake(struct vale_source *s)
{
	struct vale_worker *w = s->port->sw->worker;

	s->idle = 0;
	if (s->active)
		return;
	if (s->ring != NULL)
		doorbell(s, 0);
	else if (s->link != NULL)
		vale_channel_awake(s->link->in);
	s->active = true;
	s->next = NULL;
	s->prev = w->active_end;
	*w->active_end = s;
	w->active_end = &s->next;
	if (w->cursor == NULL)
		w->cursor = s;
}

void vale_source_remove(struct vale_source *s)
{
	struct vale_worker *w = s->port->sw->worker;

	if (!s->active)
		return;
	if (w->cursor == s)
		w->cursor = s->next;
	*s->prev = s->next;
	if (s->next != NULL)
		s->next->prev = s->prev;
	else
		w->active_end = s->prev;
	s->active = false;
}

bool vale_source_sleep(struct vale_source *s)
{
	if (s->ring != NULL) {
		if (!s->port->broken) {
			doorbell(s, 1);
			atomic_thread_fence(memory_order_seq_cst);
			if (s->ring->peer != NULL ? vale_pipe_pending(s->ring) : vale_ring_pending(s->ring)) {
				doorbell(s, 0);
				return false;
			}
		}
	} else if (s->link != NULL && !vale_channel_sleep(s->link->in)) {
		return false;
	}
	vale_source_remove(s);
	return true;
}

/* An RX ring that is watched. */
static uint32_t run_watched(struct vale_ring *r)
{
	uint32_t given_back = vale_ring_take_back(r);

	if (given_back > 0)
		vale_wake_queue(r, false); /* a sync waits for cur */
	return given_back;
}

static uint32_t run_ring(struct vale_source *s, struct vale_batch *b)
{
	struct vale_ring *r = s->ring;
	struct vale_worker *w = s->port->sw->worker;
	uint32_t from = r->st->pos, taken;

	if (s->port->broken)
		return 0;
	if (r->peer != NULL)
		return vale_pipe_move(r);
	if (!r->tx)
		return run_watched(r);
	taken = vale_ring_collect(r, b);
	if (taken == 0)
		return 0;
	if (s->kind == VALE_SRC_NIC) {
		vale_forward(s->port, r->id, b);
	} else {
		vale_socket_send(s->port, r->st, b, w->identity, b->n);
	}
	if (unlikely(s->port->monitors != NULL))
		vale_monitor_take(r, r, from, taken, b->more);
	vale_ring_publish_tx(r);
	/* A sender that waits for room is woken once half of the ring is free: further frames come in bulk. */
	if (b->more <= r->slots / 2)
		vale_wake_queue(r, false);
	return taken;
}

static uint32_t run_socket(struct vale_source *s, struct vale_batch *b)
{
	struct vale_port *p = s->port;
	struct vale_worker *w = p->sw->worker;
	struct vale_ring_state *host = &p->st->ring[VALE_RING_HOST_RX];
	uint32_t taken = vale_socket_collect(p, b);

	if (!vale_port_cut(p)) {
		vale_forward(p, 0, b);
	} else if (p->stack.out != NULL) {
		vale_channel_put(p->stack.out, host, b, w->identity, b->n);
	} else if (p->host_rx[0] != NULL) {
		vale_ring_deliver(p->host_rx[0], b, w->identity, b->n);
	} else {
		vale_drop(host, VALE_DROP_CLOSED, b->n);
	}
	/* The socket was drained: epoll says when there is more. */
	if (!b->more)
		vale_source_remove(s);
	return taken;
}

static uint32_t run_link(struct vale_source *s, struct vale_batch *b)
{
	struct vale_port *p = s->port;
	uint32_t taken = vale_channel_collect(s->link->in, b);

	if (s->kind == VALE_SRC_TRUNK)
		vale_forward(p, 0, b);
	else
		vale_socket_send(p, &p->st->ring[VALE_RING_HOST_TX], b, p->sw->worker->identity, b->n);
	vale_channel_release(s->link->in);
	return taken;
}

uint32_t vale_source_run(struct vale_source *s)
{
	struct vale_batch *b = &s->port->sw->worker->batch;

	switch (s->kind) {
	case VALE_SRC_NIC:
	case VALE_SRC_HOST:
		return run_ring(s, b);
	case VALE_SRC_SOCKET:
		return run_socket(s, b);
	case VALE_SRC_TRUNK:
	case VALE_SRC_STACK:
		return run_link(s, b);
	}
	return 0;
}
