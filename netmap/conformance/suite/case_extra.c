/* Extra buffers: a list of them, to be put into slots. */
#include <string.h>

#include "frame.h"
#include "harness.h"

static uint32_t next_buffer(const struct port *p, uint32_t idx)
{
	uint32_t after;

	memcpy(&after, buffer(p->nifp->ring_ofs[0] != 0 ? tx_ring(p, 0) : rx_ring(p, 0), idx), sizeof(after));
	return after;
}

static uint32_t length(const struct port *p)
{
	uint32_t n = 0;

	for (uint32_t i = p->nifp->ni_bufs_head; i != 0; i = next_buffer(p, i)) {
		TRUE(i > 1);
		n++;
		TRUE(n < 1000000);
	}
	return n;
}

CASE(extra_buffers_listed)
{
	struct port p = open_with(vale("a"), (struct nmreq_register){.nr_extra_bufs = 100});

	EQ(p.reg.nr_extra_bufs, 100);
	EQ(length(&p), 100);
	TRUE(p.nifp->ni_bufs_head > 2 + 2 * 1024 - 1);
}

CASE(extra_buffers_make_region_larger)
{
	struct port p = open_with(vale("a"), (struct nmreq_register){.nr_extra_bufs = 10000});

	EQ(p.reg.nr_extra_bufs, 10000);
	TRUE(p.reg.nr_memsize >= 42369024 + 10000 * 2048);
	EQ(length(&p), 10000);
}

CASE(extra_buffers_fewer_than_asked)
{
	struct port p = open_port(vale("a"));
	struct port q = open_with(p.name, (struct nmreq_register){.nr_extra_bufs = 100000});

	TRUE(q.reg.nr_extra_bufs > 10000);
	EQ(q.reg.nr_extra_bufs, 20482 - 2 - 2048);
	EQ(length(&q), q.reg.nr_extra_bufs);
}

CASE(extra_buffers_each_open_its_own)
{
	struct port p = open_with(vale("a"), (struct nmreq_register){.nr_extra_bufs = 10});
	struct port q = open_with(p.name, (struct nmreq_register){.nr_extra_bufs = 20});

	EQ(length(&p), 10);
	EQ(length(&q), 20);
	TRUE(p.nifp->ni_bufs_head != q.nifp->ni_bufs_head);
}

CASE(extra_buffers_given_back)
{
	struct port p = open_port(vale("a"));

	for (int i = 0; i < 5; i++) {
		struct port q = open_with(p.name, (struct nmreq_register){.nr_extra_bufs = 15000});

		EQ(q.reg.nr_extra_bufs, 15000);
		close_port(&q);
	}
}

/* What the program takes out of the list and keeps is gone until the region is. */
CASE(extra_buffers_kept_are_not_given_back)
{
	struct port p = open_port(vale("a"));
	struct port q = open_with(p.name, (struct nmreq_register){.nr_extra_bufs = 15000}), r;

	q.nifp->ni_bufs_head = 0;
	close_port(&q);
	r = open_with(p.name, (struct nmreq_register){.nr_extra_bufs = 15000});
	EQ(r.reg.nr_extra_bufs, 20482 - 2 - 2048 - 15000);
}

CASE(extra_buffer_sent)
{
	struct port a = open_with(vale("a"), (struct nmreq_register){.nr_extra_bufs = 1}), b = open_port(vale("b"));
	struct netmap_ring *t = tx_ring(&a, 0);
	struct netmap_slot *s = &t->slot[0];
	uint32_t mine = s->buf_idx;

	s->buf_idx = a.nifp->ni_bufs_head;
	s->flags = NS_BUF_CHANGED;
	s->len = FRAME;
	write_frame(buffer(t, s->buf_idx), EVERYBODY, 1, 7, FRAME);
	a.nifp->ni_bufs_head = mine;
	memset(buffer(t, mine), 0, 4);
	t->head = t->cur = 1;
	tx_sync(&a);
	EQ(s->flags & NS_BUF_CHANGED, 0);
	expect_frames(&b, 7, 1);
}

CASE(extra_buffer_received_into)
{
	struct port a = open_port(vale("a")), b = open_with(vale("b"), (struct nmreq_register){.nr_extra_bufs = 1});
	struct netmap_ring *r = rx_ring(&b, 0);
	uint32_t held, extra = b.nifp->ni_bufs_head;

	send_frame(&a, EVERYBODY, 1, 7);
	rx_sync(&b);
	held = r->slot[0].buf_idx; /* kept, and another buffer given for it */
	r->slot[0].buf_idx = extra;
	r->slot[0].flags |= NS_BUF_CHANGED;
	b.nifp->ni_bufs_head = 0;
	r->head = r->cur = 1;
	rx_sync(&b);
	send_frames(&a, EVERYBODY, 1, 8, 1023);
	expect_frames(&b, 8, 1023);
	send_frame(&a, EVERYBODY, 1, 9);
	rx_sync(&b);
	EQ(tag_of(buffer(r, held)), 7);
	EQ(r->slot[0].buf_idx, extra);
}

CASE(extra_list_broken_does_no_harm)
{
	struct port p = open_with(vale("a"), (struct nmreq_register){.nr_extra_bufs = 10}), q = open_port(p.name);

	p.nifp->ni_bufs_head = 0x7fffffff;
	close_port(&p);
	p = open_with(q.name, (struct nmreq_register){.nr_extra_bufs = 10});
	memset(buffer(tx_ring(&p, 0), p.nifp->ni_bufs_head), 0xee, 4);
	close_port(&p);
	p = open_with(q.name, (struct nmreq_register){.nr_extra_bufs = 10});
	EQ(length(&p), 10);
	tx_sync(&q);
}
