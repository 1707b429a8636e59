/*
 * A port whose program breaks the rules. Nothing is taken from or delivered to its rings from here on; the
 * opens are closed by the Go side, which vale_worker_run returns to.
 */
#include "vale.h"

void vale_ring_break(struct vale_ring *r, const char *reason)
{
	struct vale_port *p = r->port;

	if (p->broken)
		return;
	p->broken = true;
	p->reported = false;
	p->fault = (struct vale_fault){reason, r->tx, r->host, r->id};
	p->sw->worker->broken = true;
}

bool vale_port_broken(const struct vale_port *p)
{
	return p->broken;
}

struct vale_fault vale_port_fault(const struct vale_port *p)
{
	return p->fault;
}

struct vale_port *vale_worker_take_broken(struct vale_worker *w)
{
	for (struct vale_switch *sw = w->switches; sw != NULL; sw = sw->next)
		for (uint32_t i = 0; i < sw->max_index; i++) {
			struct vale_port *p = sw->port[i];

			if (p != NULL && p->broken && !p->reported) {
				p->reported = true;
				return p;
			}
		}
	w->broken = false;
	return NULL;
}
