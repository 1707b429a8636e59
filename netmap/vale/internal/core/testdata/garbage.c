/*
 * Drives the core with garbage, to be compiled with sanitizers: two switches of two workers with a trunk, one
 * port of each on a socket, two with rings in memory of exactly their size. Rings, control blocks and offload
 * headers are filled at random, often with what is nearly right; ports that break the rules are closed and
 * opened again. Captures come and go, and their readers are slow.
 *
 *	garbage SEED ROUNDS
 */
#include "garbage.h"

static void open_port(struct port *p)
{
	fresh_rings(p);
	p->open = open_rings(p, ALL_RINGS, false);
	vale_port_set_netmap(p->port, true, RINGS);
	vale_port_set_header(p->port, below(2) * (10 + 2 * below(2)));
}

static void close_port(struct port *p)
{
	vale_open_close(p->open);
	vale_port_set_netmap(p->port, false, 0);
	p->open = NULL;
}

#define QUEUE   16384 /* a few frames, or not even the largest */
#define SNAPLEN 3000

static uint64_t captured;

/* What is in the queue are whole records of these taps. */
static void read_taps(struct port *p)
{
	struct vale_tap_queue *q = p->queue;

	while (q->tail != q->head) {
		struct vale_tap_record rec;
		uint64_t place = q->tail & (q->size - 1);

		for (uint32_t i = 0; i < sizeof(rec); i++)
			((uint8_t *)&rec)[i] = q->data[(place + i) & (q->size - 1)];
		NEEDED(rec.time > 0 && rec.tag < 2 && rec.tx < 2 && rec.len > 0);
		NEEDED(rec.caplen == (rec.len < SNAPLEN ? rec.len : SNAPLEN));
		NEEDED(q->head - q->tail >= sizeof(rec) + rec.caplen && q->head - q->tail <= q->size);
		q->tail += (sizeof(rec) + rec.caplen + 7) & ~7ull;
		captured++;
	}
}

static void end_taps(struct port *p)
{
	for (uint32_t i = 0; i < 2; i++) {
		if (p->tap[i] != NULL)
			vale_tap_free(p->tap[i]);
		p->tap[i] = NULL;
	}
	free(p->queue);
	p->queue = NULL;
}

static void begin_taps(struct port *p)
{
	p->queue = malloc(sizeof(*p->queue) + QUEUE);
	NEEDED(p->queue != NULL);
	memset(p->queue, 0, sizeof(*p->queue));
	p->queue->size = QUEUE;
	for (uint32_t i = 0; i < 2; i++) {
		p->tap[i] = vale_tap_new(p->port, p->queue, i, SNAPLEN, i == 1);
		NEEDED(p->tap[i] != NULL);
	}
}

static void make_port(struct port *p, struct vale_switch *sw, struct vale_state *state, uint32_t index)
{
	int fds[2];

	memset(p, 0, sizeof(*p));
	make_memory(p, state, index);
	NEEDED(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds) == 0);
	p->sock = fds[0];
	p->peer = fds[1];
	p->port = vale_socket_new(sw, index, p->sock, 1500);
	NEEDED(p->port != NULL);
}

static void free_port(struct port *p)
{
	if (p->open != NULL)
		close_port(p);
	end_taps(p);
	vale_port_free(p->port);
	close(p->sock);
	close(p->peer);
	free_memory(p);
}

/* A message to a socket port: an offload header and a frame, both nearly right. */
static void send_message(struct port *p)
{
	static uint8_t m[66000];
	uint32_t len = below(4) == 0 ? below(66000) : below(3000);

	if (len >= 10) {
		fill_frame(m + 10, len - 10);
		fill_header(m);
	}
	(void)!send(p->peer, m, len, MSG_DONTWAIT);
}

static void drain(struct port *p)
{
	static uint8_t m[70000];

	while (recv(p->peer, m, sizeof(m), MSG_DONTWAIT) > 0)
		;
}

int main(int argc, char **argv)
{
	struct vale_state *state[2];
	struct vale_worker *w[2];
	struct vale_switch *sw[2];
	struct vale_port *end[2];
	struct port port[6];
	long rounds;

	NEEDED(argc == 3);
	seed = strtoull(argv[1], NULL, 10) * 2 + 1;
	rounds = strtol(argv[2], NULL, 10);
	for (int i = 0; i < 2; i++) {
		state[i] = calloc(1, sizeof(*state[i]));
		w[i] = vale_worker_new();
		NEEDED(state[i] != NULL && w[i] != NULL);
		sw[i] = vale_switch_new(w[i], state[i]);
		end[i] = vale_plain_new(sw[i], 7);
		NEEDED(sw[i] != NULL && end[i] != NULL);
		for (uint32_t k = 0; k < 3; k++)
			make_port(&port[3 * i + (int)k], sw[i], state[i], k);
	}
	NEEDED(vale_trunk_connect(end[0], end[1]) == 0);
	for (long round = 0; round < rounds; round++) {
		for (int i = 0; i < 6; i++) {
			if (port[i].open == NULL && i % 3 != 0 && below(4) != 0)
				open_port(&port[i]);
			else if (port[i].open != NULL && below(50) == 0)
				close_port(&port[i]);
			if (port[i].open != NULL)
				scribble(&port[i]);
			for (uint32_t k = below(4); k > 0; k--)
				send_message(&port[i]);
			drain(&port[i]);
			if (port[i].queue == NULL && below(20) == 0)
				begin_taps(&port[i]);
			else if (port[i].queue != NULL && below(4) == 0)
				read_taps(&port[i]);
			if (port[i].queue != NULL && below(60) == 0)
				end_taps(&port[i]);
			eventfd_write(port[i].kick, 1);
		}
		for (int i = 0; i < 4; i++)
			vale_worker_step(w[i % 2]);
		for (int i = 0; i < 2; i++) {
			struct vale_port *broken;

			while ((broken = vale_worker_take_broken(w[i])) != NULL)
				for (int k = 0; k < 6; k++)
					if (port[k].port == broken)
						close_port(&port[k]);
		}
	}
	NEEDED(captured > 0);
	vale_trunk_disconnect(end[0], end[1]);
	for (int i = 0; i < 6; i++)
		free_port(&port[i]);
	for (int i = 0; i < 2; i++) {
		uint64_t packets = 0;

		for (uint32_t k = 0; k < 3; k++)
			packets += state[i]->port[k].ring[VALE_RING_RX(0)].packets;
		NEEDED(packets > 0); /* else nothing was tested */
		vale_port_free(end[i]);
		vale_switch_free(sw[i]);
		vale_worker_free(w[i]);
		free(state[i]);
	}
	return 0;
}
