/*
 * Drives pipes and monitors with garbage, to be compiled with sanitizers: two ports of a switch and two ends of a pipe,
 * each with a copy monitor and two zero-copy monitors, which come and go as the ports do, in any order.
 *
 *	monitors SEED ROUNDS
 */
#include "garbage.h"

#define PORTS    4 /* 0, 1: of the switch; 2, 3: the ends of the pipe */
#define MONITORS 3 /* of each */

struct set {
	struct port port;
	struct vale_open *hold; /* of an end of the pipe */
	struct port monitor[MONITORS];
	bool started[MONITORS];
	struct vale_switch *sw[MONITORS]; /* that a monitor has for itself */
};

static struct set set[PORTS];

static void start_monitor(struct set *s, int i)
{
	struct port *m = &s->monitor[i];

	NEEDED(vale_monitor_start(m->port, s->port.port, below(4) != 0, below(4) != 0, i > 0) == 0);
	s->started[i] = true;
	fresh_rings(m);
	m->open = open_rings(m, ALL_RINGS, false);
	vale_port_set_netmap(m->port, true, RINGS);
}

static void close_open(struct port *p)
{
	if (p->open == NULL)
		return;
	vale_open_close(p->open);
	vale_port_set_netmap(p->port, false, 0);
	p->open = NULL;
}

static void stop_monitor(struct set *s, int i)
{
	if (below(2) == 0)
		close_open(&s->monitor[i]);
	if (s->started[i])
		vale_monitor_stop(s->monitor[i].port);
	s->started[i] = false;
	close_open(&s->monitor[i]);
}

static void open_set(int k)
{
	fresh_rings(&set[k].port);
	if (k >= 2)
		set[k].hold = open_rings(&set[k].port, 2 * RINGS, true);
	set[k].port.open = open_rings(&set[k].port, k >= 2 ? 2 * RINGS : ALL_RINGS, false);
	vale_port_set_netmap(set[k].port.port, true, RINGS);
}

/* With it go its monitors, and the other end of a pipe. */
static void close_set(int k)
{
	if (k >= 2 && set[k].hold != NULL)
		vale_open_close(set[k].hold);
	set[k].hold = NULL;
	close_open(&set[k].port);
	for (int i = 0; i < MONITORS; i++)
		stop_monitor(&set[k], i);
	if (k >= 2 && set[5 - k].port.open != NULL)
		close_set(5 - k);
}

static void come_and_go(int k)
{
	if (set[k].port.open == NULL) {
		open_set(k);
		if (k >= 2) {
			open_set(5 - k);
			vale_pipe_connect(set[2].port.port, set[3].port.port);
		}
	} else if (below(60) == 0) {
		close_set(k);
		return;
	}
	for (int i = 0; i < MONITORS; i++)
		if (!set[k].started[i] && below(4) == 0)
			start_monitor(&set[k], i);
		else if (set[k].started[i] && below(30) == 0)
			stop_monitor(&set[k], i);
}

/* A step of an honest program: it gives back some of what was delivered, or sends what there is room for. */
static void go_on(struct port *p)
{
	for (uint32_t i = 0; p->open != NULL && i < ALL_RINGS; i++) {
		struct nmu_ctl *ctl = p->mem.ctl[i];
		uint32_t head = atomic_load(&ctl->head), tail = atomic_load(&ctl->tail);

		if (tail < SLOTS && head < SLOTS && below(3) != 0)
			atomic_store(&ctl->head, (head + below((tail + SLOTS - head) % SLOTS + 1)) % SLOTS);
	}
	eventfd_write(p->kick, 1);
}

static void take_broken(struct vale_worker *w)
{
	struct vale_port *broken;

	while ((broken = vale_worker_take_broken(w)) != NULL)
		for (int k = 0; k < PORTS; k++) {
			if (set[k].port.port == broken)
				close_set(k);
			for (int i = 0; i < MONITORS; i++)
				if (set[k].monitor[i].port == broken)
					stop_monitor(&set[k], i);
		}
}

static struct vale_switch *new_switch(struct vale_worker *w, bool wire, struct vale_state **state)
{
	struct vale_switch *sw;

	*state = calloc(1, sizeof(**state));
	NEEDED(*state != NULL);
	(*state)->wire = wire;
	sw = vale_switch_new(w, *state);
	NEEDED(sw != NULL);
	return sw;
}

static void make_port(struct port *p, struct vale_switch *sw, struct vale_state *state, uint32_t index, struct port *lender)
{
	make_memory(p, state, index);
	if (lender != NULL) {
		free(p->mem.buf);
		p->mem.buf = lender->mem.buf;
		p->borrowed = true;
	}
	p->port = vale_plain_new(sw, index);
	NEEDED(p->port != NULL);
}

int main(int argc, char **argv)
{
	struct vale_worker *w = vale_worker_new();
	struct vale_state *state[2];
	struct vale_switch *sw[2];
	uint64_t shown = 0, moved = 0;
	long rounds;

	NEEDED(argc == 3 && w != NULL);
	seed = strtoull(argv[1], NULL, 10) * 2 + 1;
	rounds = strtol(argv[2], NULL, 10);
	for (int i = 0; i < 2; i++)
		sw[i] = new_switch(w, i == 1, &state[i]);
	for (int k = 0; k < PORTS; k++) {
		make_port(&set[k].port, sw[k / 2], state[k / 2], (uint32_t)k % 2, k == 3 ? &set[2].port : NULL);
		for (int i = 0; i < MONITORS; i++) {
			struct vale_state *own;

			set[k].sw[i] = new_switch(w, false, &own);
			make_port(&set[k].monitor[i], set[k].sw[i], own, 0, i > 0 ? &set[k].port : NULL);
		}
	}
	for (long round = 0; round < rounds; round++) {
		for (int k = 0; k < PORTS; k++) {
			come_and_go(k);
			if (below(8) == 0)
				scribble(&set[k].port);
			go_on(&set[k].port);
			for (int i = 0; i < MONITORS; i++) {
				if (below(16) == 0)
					scribble(&set[k].monitor[i]);
				go_on(&set[k].monitor[i]);
			}
		}
		for (int i = 0; i < 4; i++)
			vale_worker_step(w);
		take_broken(w);
	}
	for (int k = 0; k < PORTS; k++)
		close_set(k);
	for (int k = 0; k < PORTS; k++) {
		moved += set[k].port.state->port[k % 2].ring[VALE_RING_RX(0)].packets;
		for (int i = 0; i < MONITORS; i++) {
			struct port *m = &set[k].monitor[i];

			shown += m->state->port[0].ring[VALE_RING_RX(0)].packets;
			vale_port_free(m->port);
			vale_switch_free(set[k].sw[i]);
			free(m->state);
			free_memory(m);
		}
		vale_port_free(set[k].port.port);
	}
	NEEDED(moved > 0 && shown > 0); /* else nothing was tested */
	free_memory(&set[3].port);
	for (int k = 0; k < 3; k++)
		free_memory(&set[k].port);
	for (int i = 0; i < 2; i++) {
		vale_switch_free(sw[i]);
		free(state[i]);
	}
	vale_worker_free(w);
	return 0;
}
