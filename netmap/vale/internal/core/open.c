/* Netmap mode: which rings of a port are opened by programs. Control, never on a frame's way. */
#include "vale.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

void vale_port_set_netmap(struct vale_port *p, bool on, uint32_t rx_rings)
{
	p->netmap = on;
	p->rx_rings = rx_rings > 0 ? rx_rings : 1;
	if (!on)
		p->broken = false;
}

void vale_port_rewind(struct vale_state *state, uint32_t index)
{
	struct vale_ring_state *ring = state->port[index].ring;

	for (uint32_t i = 0; i < VALE_RING_STATES; i++) {
		ring[i].pos = 0;
		ring[i].head = 0;
		ring[i].shown = 0;
	}
}

void vale_port_set_header(struct vale_port *p, uint32_t header)
{
	p->header = header;
	p->st->header = header;
}

struct vale_open *vale_open_new(struct vale_port *p, int kick, int wake)
{
	/* Edge-triggered: the switch never reads kick, so that its owner can't make it block. */
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET};
	struct vale_open *o = calloc(1, sizeof(*o));

	if (o == NULL)
		return NULL;
	o->waiter = VALE_WAIT_OPEN;
	o->port = p;
	o->kick = kick;
	o->wake = wake;
	ev.data.ptr = o;
	if (kick >= 0 && epoll_ctl(p->sw->worker->epoll, EPOLL_CTL_ADD, kick, &ev) < 0) {
		free(o);
		return NULL;
	}
	return o;
}

/* The port's pointer to a ring of this kind, and its state. */
static struct vale_ring **ring_at(struct vale_port *p, bool tx, bool host, uint32_t id, struct vale_ring_state **st)
{
	uint32_t first = tx ? VALE_RING_HOST_TX : VALE_RING_HOST_RX;

	*st = &p->st->ring[host ? VALE_RING_HOST(first, id) : tx ? VALE_RING_TX(id) : VALE_RING_RX(id)];
	if (host)
		return tx ? &p->host_tx[id] : &p->host_rx[id];
	return tx ? &p->tx[id] : &p->rx[id];
}

/* Tells the program where the ring stands, and wakes it in case the one before could not. */
static void publish(struct vale_ring *r)
{
	if (r->tx) {
		atomic_store_explicit(&r->ctl->lockstep, r->host, memory_order_relaxed);
		vale_ring_publish_tx(r);
		vale_source_wake(&r->source);
	} else {
		atomic_store_explicit(&r->ctl->doorbell, 0, memory_order_relaxed);
		atomic_store_explicit(&r->ctl->lockstep, 0, memory_order_relaxed);
		atomic_store_explicit(&r->ctl->tail, r->st->pos, memory_order_release);
	}
	vale_wake_queue(r, false);
}

static struct vale_ring *ring_new(struct vale_port *p, struct vale_ring_state *st, const struct vale_ring_config *cfg)
{
	struct vale_ring *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->ctl = cfg->ctl;
	r->slot = ((struct netmap_ring *)cfg->ring)->slot;
	r->buf = cfg->buf;
	r->slots = cfg->slots;
	r->buf_size = cfg->buf_size;
	r->buf_num = cfg->buf_num;
	r->st = st;
	r->port = p;
	r->tx = cfg->tx;
	r->host = cfg->host;
	r->id = cfg->id;
	r->hurried = UINT32_MAX; /* no head yet */
	vale_source_init(&r->source, cfg->host ? VALE_SRC_HOST : VALE_SRC_NIC, p, r);
	return r;
}

static void set_offsets(struct vale_ring *r, const struct vale_ring_config *cfg)
{
	if (cfg->offset_mask == 0)
		return;
	r->offset_mask = cfg->offset_mask;
	r->offset_max = cfg->offset_max;
}

int vale_open_add_ring(struct vale_open *o, const struct vale_ring_config *cfg, bool restored)
{
	struct vale_port *p = o->port;
	struct vale_ring_state *st;
	struct vale_ring **at;
	struct vale_bind *b;

	if (cfg->id >= VALE_RINGS || cfg->slots < 2 || cfg->offset_max > cfg->buf_size) {
		errno = EINVAL;
		return -1;
	}
	at = ring_at(p, cfg->tx, cfg->host, cfg->id, &st);
	if (st->pos >= cfg->slots || (restored && st->head >= cfg->slots)) {
		errno = EINVAL;
		return -1;
	}
	b = calloc(1, sizeof(*b));
	if (b == NULL)
		return -1;
	if (*at == NULL) {
		*at = ring_new(p, st, cfg);
		if (*at == NULL) {
			free(b);
			return -1;
		}
		if (!restored) {
			st->head = st->pos;
			st->shown = st->pos;
			st->syncs_start = atomic_load_explicit(&(*at)->ctl->syncs, memory_order_relaxed);
		}
	}
	set_offsets(*at, cfg);
	if ((*at)->peer != NULL && (*at)->peer->offset_mask == 0)
		set_offsets((*at)->peer, cfg);
	b->ring = *at;
	b->open = o;
	b->next_of_ring = (*at)->binds;
	(*at)->binds = b;
	b->next_of_open = o->binds;
	o->binds = b;
	if (b->next_of_ring == NULL && o->kick >= 0) /* those of a pipe are published when it is connected */
		publish(*at);
	vale_monitor_update(p);
	return 0;
}

/*
 * What was synced is sent, also of a program that ended before the switch came to it. Another process may still have
 * the ring in its memory and move head on: it gets no more than a ring's worth.
 */
static void drain(struct vale_ring *r)
{
	uint32_t taken = 1;

	if (!r->tx || r->peer != NULL || atomic_load_explicit(&r->ctl->head, memory_order_relaxed) >= r->slots)
		return; /* a ring that is spoilt goes with its program: others may have the port */
	for (uint32_t n = 0; n < r->slots && taken > 0; n += taken)
		taken = vale_source_run(&r->source);
}

/* Nobody has the ring any more. */
static void ring_free(struct vale_ring *r)
{
	struct vale_port *p = r->port;
	struct vale_ring_state *st;

	vale_source_remove(&r->source);
	vale_wake_forget(r);
	vale_pipe_forget(r);
	*ring_at(r->port, r->tx, r->host, r->id, &st) = NULL;
	vale_count(&st->syncs, atomic_load_explicit(&r->ctl->syncs, memory_order_relaxed) - st->syncs_start);
	atomic_store_explicit(&r->ctl->doorbell, 0, memory_order_relaxed);
	atomic_store_explicit(&r->ctl->tail, NMU_DETACHED, memory_order_release);
	free(r);
	vale_monitor_update(p);
}

void vale_open_close(struct vale_open *o)
{
	struct vale_bind *b, **at;
	uint64_t one = 1;
	ssize_t n;

	if (o->kick >= 0)
		epoll_ctl(o->port->sw->worker->epoll, EPOLL_CTL_DEL, o->kick, NULL);
	while ((b = o->binds) != NULL) {
		o->binds = b->next_of_open;
		at = &b->ring->binds;
		while (*at != b)
			at = &(*at)->next_of_ring;
		*at = b->next_of_ring;
		if (b->ring->binds == NULL) {
			drain(b->ring);
			ring_free(b->ring);
		}
		free(b);
	}
	n = o->wake >= 0 ? write(o->wake, &one, sizeof(one)) : 0;
	(void)n; /* it can only fail when it is readable already, or nobody is there */
	free(o);
}
