#include "frame.h"

#include <string.h>

#include "harness.h"

#define TYPE 0x88b5 /* for experiments */
#define TAG  14     /* place of the tag */

static void write_address(char *p, unsigned station)
{
	static const char group[6] = {1, 0, 0x5e, 0, 0, 0};

	if (station == EVERYBODY) {
		memset(p, 0xff, 6);
		return;
	}
	memset(p, 0, 6);
	if ((station & GROUP) != 0)
		memcpy(p, group, 6);
	else
		p[0] = 2;
	p[4] = (char)(station >> 8);
	p[5] = (char)station;
}

void write_frame(char *p, unsigned to, unsigned from, uint32_t tag, uint32_t len)
{
	memset(p, 0, len);
	write_address(p, to);
	write_address(p + 6, from);
	p[12] = (char)(TYPE >> 8);
	p[13] = (char)TYPE;
	if (len >= TAG + sizeof(tag))
		memcpy(p + TAG, &tag, sizeof(tag));
}

uint32_t tag_of(const char *frame)
{
	uint32_t tag;

	memcpy(&tag, frame + TAG, sizeof(tag));
	return tag;
}

struct netmap_slot *put_len(struct netmap_ring *r, unsigned to, unsigned from, uint32_t tag, uint16_t len)
{
	struct netmap_slot *s = &r->slot[r->head];

	if (space(r) == 0)
		FAIL("no room in ring %u", r->ringid);
	write_frame(buffer(r, s->buf_idx), to, from, tag, len);
	s->len = len;
	s->flags = 0;
	r->head = r->cur = next(r, r->head);
	return s;
}

struct netmap_slot *put(struct netmap_ring *r, unsigned to, unsigned from, uint32_t tag)
{
	return put_len(r, to, from, tag, FRAME);
}

void send_frames(const struct port *p, unsigned to, unsigned from, uint32_t first, uint32_t n)
{
	struct netmap_ring *r = tx_ring(p, 0);

	for (uint32_t i = 0; i < n; i++) {
		if (space(r) == 0)
			tx_sync(p);
		put(r, to, from, first + i);
	}
	tx_sync(p);
}

void send_frame(const struct port *p, unsigned to, unsigned from, uint32_t tag)
{
	send_frames(p, to, from, tag, 1);
}

uint32_t take(struct netmap_ring *r)
{
	uint32_t tag;

	if (space(r) == 0)
		FAIL("ring %u is empty", r->ringid);
	tag = tag_of(buffer(r, r->slot[r->head].buf_idx));
	r->head = r->cur = next(r, r->head);
	return tag;
}

void expect_frames(const struct port *p, uint32_t first, uint32_t n)
{
	struct netmap_ring *r = rx_ring(p, 0);

	rx_sync(p);
	if (space(r) != n)
		FAIL("%s: %u frames came, want %u", p->name, space(r), n);
	for (uint32_t i = 0; i < n; i++)
		EQ(take(r), first + i);
	rx_sync(p);
	EQ(space(r), 0);
}

void expect_nothing(const struct port *p)
{
	expect_frames(p, 0, 0);
}

uint32_t drain(const struct port *p)
{
	struct netmap_ring *r = rx_ring(p, 0);
	uint32_t n;

	rx_sync(p);
	n = space(r);
	r->head = r->cur = r->tail;
	rx_sync(p);
	return n;
}
