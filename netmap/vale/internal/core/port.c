/* Switches and their ports: made and freed by control, never on a frame's way. */
#include "vale.h"
#include "channel.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

struct vale_switch *vale_switch_new(struct vale_worker *w, struct vale_state *state)
{
	struct vale_switch *sw = calloc(1, sizeof(*sw));

	if (sw == NULL)
		return NULL;
	sw->worker = w;
	sw->state = state;
	sw->epoch = 1;
	sw->next = w->switches;
	w->switches = sw;
	return sw;
}

void vale_switch_free(struct vale_switch *sw)
{
	struct vale_switch **at = &sw->worker->switches;

	while (*at != sw)
		at = &(*at)->next;
	*at = sw->next;
	free(sw);
}

/* What ports remember of the table holds no more. */
static void ports_changed(struct vale_switch *sw)
{
	sw->epoch++;
	sw->max_index = 0;
	sw->live = 0;
	for (uint32_t i = 0; i < VALE_PORTS; i++)
		if (sw->port[i] != NULL) {
			sw->max_index = i + 1;
			sw->live++;
		}
}

static struct vale_port *port_new(struct vale_switch *sw, uint32_t index)
{
	struct vale_port *p;

	if (index >= VALE_PORTS || sw->port[index] != NULL) {
		errno = EEXIST;
		return NULL;
	}
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return NULL;
	p->sw = sw;
	p->st = &sw->state->port[index];
	p->index = index;
	p->sock = -1;
	p->header = p->st->header;
	vale_source_init(&p->source, VALE_SRC_SOCKET, p, NULL);
	sw->port[index] = p;
	ports_changed(sw);
	return p;
}

struct vale_port *vale_socket_new(struct vale_switch *sw, uint32_t index, int sock, uint32_t mtu)
{
	struct vale_port *p = port_new(sw, index);
	struct epoll_event ev = {.events = EPOLLIN};
	int saved;

	if (p == NULL)
		return NULL;
	ev.data.ptr = &p->source;
	if (epoll_ctl(sw->worker->epoll, EPOLL_CTL_ADD, sock, &ev) < 0) {
		saved = errno;
		vale_port_free(p);
		errno = saved;
		return NULL;
	}
	p->sock = sock;
	p->mtu = mtu;
	return p;
}

int vale_socket_rebind(struct vale_port *p, int sock, uint32_t mtu)
{
	struct vale_worker *w = p->sw->worker;
	struct epoll_event ev = {.events = EPOLLIN};

	ev.data.ptr = &p->source;
	if (epoll_ctl(w->epoll, EPOLL_CTL_ADD, sock, &ev) < 0)
		return -1;
	epoll_ctl(w->epoll, EPOLL_CTL_DEL, p->sock, NULL);
	p->sock = sock;
	p->mtu = mtu;
	return 0;
}

struct vale_port *vale_plain_new(struct vale_switch *sw, uint32_t index)
{
	return port_new(sw, index);
}

static void set_reader(struct vale_port *p, struct vale_link *l, enum vale_source_kind kind, struct vale_channel *in,
		       struct vale_worker *writer)
{
	struct vale_worker *w = p->sw->worker;

	vale_source_init(&l->source, kind, p, NULL);
	l->source.link = l;
	l->in = in;
	in->reader = &l->source;
	in->writer_worker = writer;
	l->next = w->links;
	w->links = l;
	vale_source_wake(&l->source);
}

static int join(struct vale_port *a, struct vale_link *x, enum vale_source_kind kind, struct vale_port *b)
{
	struct vale_channel *ab = vale_channel_new(), *ba = vale_channel_new();

	if (ab == NULL || ba == NULL) {
		if (ab != NULL)
			vale_channel_free(ab);
		if (ba != NULL)
			vale_channel_free(ba);
		errno = ENOMEM;
		return -1;
	}
	x->out = ab;
	b->trunk.out = ba;
	set_reader(b, &b->trunk, VALE_SRC_TRUNK, ab, a->sw->worker);
	set_reader(a, x, kind, ba, b->sw->worker);
	return 0;
}

int vale_trunk_connect(struct vale_port *a, struct vale_port *b)
{
	return join(a, &a->trunk, VALE_SRC_TRUNK, b);
}

int vale_stack_connect(struct vale_port *a, struct vale_port *b)
{
	return join(a, &a->stack, VALE_SRC_STACK, b);
}

static void drop_reader(struct vale_port *p, struct vale_link *l)
{
	struct vale_link **at = &p->sw->worker->links;

	vale_source_remove(&l->source);
	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	vale_channel_free(l->in);
	l->in = NULL;
}

static void part(struct vale_port *a, struct vale_link *x, struct vale_port *b)
{
	x->out = NULL;
	b->trunk.out = NULL;
	drop_reader(a, x);
	drop_reader(b, &b->trunk);
}

void vale_trunk_disconnect(struct vale_port *a, struct vale_port *b)
{
	part(a, &a->trunk, b);
}

void vale_stack_disconnect(struct vale_port *a, struct vale_port *b)
{
	part(a, &a->stack, b);
}

void vale_port_free(struct vale_port *p)
{
	struct vale_switch *sw = p->sw;

	vale_source_remove(&p->source);
	if (p->sock >= 0)
		epoll_ctl(sw->worker->epoll, EPOLL_CTL_DEL, p->sock, NULL);
	sw->port[p->index] = NULL;
	ports_changed(sw);
	free(p);
}
