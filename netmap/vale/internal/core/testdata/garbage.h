/* What the programs that drive the core with garbage have in common: memory of exactly its size, and what is written
 * into it, often what is nearly right. */
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
#define ALL_RINGS (2 * RINGS + 2) /* tx and rx of each, then the host rings */
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
	struct netmap_ring *ring[ALL_RINGS];
	struct nmu_ctl *ctl[ALL_RINGS];
	uint8_t *buf;
};

struct port {
	struct vale_port *port;
	struct vale_state *state;
	uint32_t index;
	struct vale_open *open;
	struct shared mem;
	int kick, wake, sock, peer;
	bool borrowed; /* the buffers are another port's */
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

/* An offload header that is nearly right. */
static void fill_header(uint8_t *p)
{
	uint16_t v[5];

	v[0] = (uint16_t)(near(2) | (below(3) != 0 ? 1 : 0) | near(6) << 8);
	v[1] = (uint16_t)near(100);
	v[2] = (uint16_t)near(1500);
	v[3] = (uint16_t)(below(2) != 0 ? 34 + below(2) * 20 : near(80));
	v[4] = (uint16_t)(below(2) != 0 ? 16 : near(20));
	memcpy(p, v, sizeof(v));
}

static void scribble(struct port *p)
{
	for (uint32_t k = 0; k < ALL_RINGS; k++) {
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
			if (below(4) == 0)
				s->ptr = below(8) != 0 ? below(256) : rnd();
		}
		if (below(2) == 0)
			atomic_store(&p->mem.ctl[k]->head, below(100) != 0 ? below(SLOTS) : near(SLOTS));
		atomic_store(&p->mem.ctl[k]->wait, rnd());
	}
	for (uint32_t i = 0; i < 20; i++) {
		uint8_t *buf = p->mem.buf + (size_t)below(BUF_NUM) * BUF_SIZE;
		uint32_t header = below(2) * (10 + 2 * below(2));

		if (header > 0)
			fill_header(buf);
		fill_frame(buf + header, 14 + below(BUF_SIZE - 14 - header));
	}
}

/* Opens the first n rings for a program, or with hold for nobody. */
static struct vale_open *open_rings(struct port *p, uint32_t n, bool hold)
{
	struct vale_open *o = vale_open_new(p->port, hold ? -1 : p->kick, hold ? -1 : p->wake);

	NEEDED(o != NULL);
	for (uint32_t k = 0; k < n; k++) {
		bool host = k >= 2 * RINGS;
		struct vale_ring_config cfg = {
			.tx = k % 2 == 0, .host = host, .id = host ? 0 : k / 2, .slots = SLOTS,
			.buf_size = BUF_SIZE, .buf_num = BUF_NUM,
			.ring = p->mem.ring[k], .ctl = p->mem.ctl[k], .buf = p->mem.buf,
		};

		if (below(3) == 0) {
			cfg.offset_mask = below(2) != 0 ? ~0ull : 0xfff;
			cfg.offset_max = below(2) != 0 ? BUF_SIZE : below(BUF_SIZE);
		}

		NEEDED(vale_open_add_ring(o, &cfg, false) == 0);
	}
	return o;
}

/* Rings as new. */
static void fresh_rings(struct port *p)
{
	vale_port_rewind(p->state, p->index);
	for (uint32_t k = 0; k < ALL_RINGS; k++) {
		for (uint32_t i = 0; i < SLOTS; i++)
			p->mem.ring[k]->slot[i].buf_idx = 2 + k * SLOTS + i;
		memset(p->mem.ctl[k], 0, sizeof(struct nmu_ctl));
	}
}

static void make_memory(struct port *p, struct vale_state *state, uint32_t index)
{
	p->state = state;
	p->index = index;
	p->kick = eventfd(0, EFD_NONBLOCK);
	p->wake = eventfd(0, EFD_NONBLOCK);
	p->mem.buf = malloc((size_t)BUF_NUM * BUF_SIZE);
	NEEDED(p->mem.buf != NULL);
	memset(p->mem.buf, 0, (size_t)BUF_NUM * BUF_SIZE);
	for (uint32_t k = 0; k < ALL_RINGS; k++) {
		p->mem.ring[k] = calloc(1, sizeof(struct netmap_ring) + SLOTS * sizeof(struct netmap_slot));
		p->mem.ctl[k] = aligned_alloc(64, sizeof(struct nmu_ctl));
		NEEDED(p->mem.ring[k] != NULL && p->mem.ctl[k] != NULL);
	}
}

static void free_memory(struct port *p)
{
	close(p->kick);
	close(p->wake);
	if (!p->borrowed)
		free(p->mem.buf);
	for (uint32_t k = 0; k < ALL_RINGS; k++) {
		free(p->mem.ring[k]);
		free(p->mem.ctl[k]);
	}
}
