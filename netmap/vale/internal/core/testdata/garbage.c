/*
 * Drives the core with garbage, to be compiled with sanitizers: two switches of two workers with a trunk, one
 * port of each on a socket, two with rings in memory of exactly their size. Rings, control blocks and offload
 * headers are filled at random, often with what is nearly right; ports that break the rules are closed and
 * opened again. Captures come and go, and their readers are slow.
 *
 *	garbage SEED ROUNDS
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core.h"
#include "netmap_abi.h"
#include "tap.h"

#define SLOTS    32
#define RINGS    2
#define BUF_NUM  200
#define BUF_SIZE 2048
#define NEEDED(x) \
	do { \
		if (!(x)) { \
			fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #x, strerror(errno)); \
			exit(1); \
		} \
	} while (0)

static uint64_t seed;

static uint32_t rnd(void) /* xorshift64* */
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (uint32_t)((seed * 0x2545f4914f6cdd1dull) >> 32);
}

static uint32_t below(uint32_t n)
{
	return rnd() % n;
}

/* Nearly right, or anything. */
static uint32_t near(uint32_t n)
{
	return below(8) != 0 ? below(n) : below(2) != 0 ? n + below(3) - 1 : rnd();
}

struct shared {
	struct netmap_ring *ring[2 * RINGS + 2];
	struct nmu_ctl *ctl[2 * RINGS + 2];
	uint8_t *buf;
};

struct port {
	struct vale_port *port;
	struct vale_state *state;
	uint32_t index;
	struct vale_open *open;
	struct shared mem;
	int kick, wake, sock, peer;
	struct vale_tap *tap[2]; /* of what goes through the switch, and through the host rings */
	struct vale_tap_queue *queue;
};

static void fill_frame(uint8_t *p, uint32_t len)
{
	static const uint8_t macs[4][6] = {{2, 0, 0, 0, 0, 1}, {2, 0, 0, 0, 0, 2}, {255, 255, 255, 255, 255, 255}, {2, 9}};

	for (uint32_t i = 0; i < len; i++)
		p[i] = (uint8_t)rnd();
	if (len < 40)
		return;
	memcpy(p, macs[below(4)], 6);
	memcpy(p + 6, macs[below(4)], 6);
	switch (below(4)) {
	case 0:
		memcpy(p + 12, "\x08\x00\x45", 3);
		break;
	case 1:
		memcpy(p + 12, "\x86\xdd\x60", 3);
		break;
	case 2:
		memcpy(p + 12, "\x81\x00\x00\x01\x08\x00\x45", 7);
		break;
	}
}

static void scribble(struct port *p)
{
	for (uint32_t k = 0; k < 2 * RINGS + 2; k++) {
		struct netmap_ring *r = p->mem.ring[k];

		for (uint32_t i = 0; i < SLOTS; i++) {
			struct netmap_slot *s = &r->slot[i];

			if (below(4) == 0)
				s->len = (uint16_t)near(BUF_SIZE + 1);
			if (below(8) == 0)
				s->flags = (uint16_t)(below(3) != 0 ? below(2) * NS_MOREFRAG : rnd());
			if (below(200) == 0)
				s->buf_idx = near(BUF_NUM);
			else if (below(8) == 0)
				s->buf_idx = 2 + below(BUF_NUM - 2);
		}
		if (below(2) == 0)
			atomic_store(&p->mem.ctl[k]->head, below(100) != 0 ? below(SLOTS) : near(SLOTS));
		atomic_store(&p->mem.ctl[k]->wait, rnd());
	}
	for (uint32_t i = 0; i < 20; i++)
		fill_frame(p->mem.buf + (size_t)below(BUF_NUM) * BUF_SIZE, 14 + below(BUF_SIZE - 14));
}

static void open_port(struct port *p)
{
	vale_port_rewind(p->state, p->index);
	p->open = vale_open_new(p->port, p->kick, p->wake);
	NEEDED(p->open != NULL);
	for (uint32_t k = 0; k < 2 * RINGS + 2; k++) {
		bool host = k >= 2 * RINGS;
		struct vale_ring_config cfg = {
			.tx = k % 2 == 0, .host = host, .id = host ? 0 : k / 2, .slots = SLOTS,
			.buf_size = BUF_SIZE, .buf_num = BUF_NUM,
			.ring = p->mem.ring[k], .ctl = p->mem.ctl[k], .buf = p->mem.buf,
		};

		for (uint32_t i = 0; i < SLOTS; i++)
			p->mem.ring[k]->slot[i].buf_idx = 2 + k * SLOTS + i;
		memset(p->mem.ctl[k], 0, sizeof(struct nmu_ctl));
		NEEDED(vale_open_add_ring(p->open, &cfg, false) == 0);
	}
	vale_port_set_netmap(p->port, true, RINGS);
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
	p->state = state;
	p->index = index;
	NEEDED(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds) == 0);
	p->sock = fds[0];
	p->peer = fds[1];
	p->port = vale_socket_new(sw, index, p->sock, 1500);
	NEEDED(p->port != NULL);
	p->kick = eventfd(0, EFD_NONBLOCK);
	p->wake = eventfd(0, EFD_NONBLOCK);
	p->mem.buf = malloc((size_t)BUF_NUM * BUF_SIZE);
	NEEDED(p->mem.buf != NULL);
	memset(p->mem.buf, 0, (size_t)BUF_NUM * BUF_SIZE);
	for (uint32_t k = 0; k < 2 * RINGS + 2; k++) {
		p->mem.ring[k] = calloc(1, sizeof(struct netmap_ring) + SLOTS * sizeof(struct netmap_slot));
		p->mem.ctl[k] = aligned_alloc(64, sizeof(struct nmu_ctl));
		NEEDED(p->mem.ring[k] != NULL && p->mem.ctl[k] != NULL);
	}
}

static void free_port(struct port *p)
{
	if (p->open != NULL)
		close_port(p);
	end_taps(p);
	vale_port_free(p->port);
	close(p->sock);
	close(p->peer);
	close(p->kick);
	close(p->wake);
	free(p->mem.buf);
	for (uint32_t k = 0; k < 2 * RINGS + 2; k++) {
		free(p->mem.ring[k]);
		free(p->mem.ctl[k]);
	}
}

/* A message to a socket port: an offload header and a frame, both nearly right. */
static void send_message(struct port *p)
{
	static uint8_t m[66000];
	uint32_t len = below(4) == 0 ? below(66000) : below(3000);
	uint16_t v[5] = {0};

	if (len >= 10) {
		fill_frame(m + 10, len - 10);
		v[0] = (uint16_t)(near(2) | (below(3) != 0 ? 1 : 0) | near(6) << 8);
		v[1] = (uint16_t)near(100);
		v[2] = (uint16_t)near(1500);
		v[3] = (uint16_t)(below(2) != 0 ? 34 + below(2) * 20 : near(80));
		v[4] = (uint16_t)(below(2) != 0 ? 16 : near(20));
		memcpy(m, v, 10);
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
		end[i] = vale_trunk_end_new(sw[i], 7);
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
