/* What a slot may say: fragments, buffers put in its place, indirect bytes; and what it says wrong. */
#define _GNU_SOURCE
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "frame.h"
#include "harness.h"

/* A frame of n slots of 100 bytes; the first has the header and the tag. */
static void put_fragments(const struct port *p, uint32_t tag, int n)
{
	struct netmap_ring *r = tx_ring(p, 0);

	for (int i = 0; i < n; i++) {
		struct netmap_slot *s = put_len(r, EVERYBODY, 1, tag, 100);

		if (i > 0)
			memset(buffer(r, s->buf_idx), i, 100);
		s->flags = i < n - 1 ? NS_MOREFRAG : 0;
	}
}

static void expect_fragments(struct netmap_ring *r, uint32_t tag, int n)
{
	for (int i = 0; i < n; i++) {
		struct netmap_slot *s;

		TRUE(space(r) > 0);
		s = &r->slot[r->head];
		EQ(s->len, 100);
		EQ(s->flags & 0xff, i < n - 1 ? NS_MOREFRAG : 0);
		if (i == 0)
			EQ(tag_of(buffer(r, s->buf_idx)), tag);
		else
			EQ(buffer(r, s->buf_idx)[99], (char)i);
		EQ(s->flags >> 8, n & 0xff);
		r->head = r->cur = next(r, r->head);
	}
}

CASE(fragments_arrive_as_fragments)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));

	put_fragments(&a, 5, 3);
	put_fragments(&a, 6, 2);
	put_fragments(&a, 7, 1);
	tx_sync(&a);
	rx_sync(&b);
	EQ(space(rx_ring(&b, 0)), 6);
	expect_fragments(rx_ring(&b, 0), 5, 3);
	expect_fragments(rx_ring(&b, 0), 6, 2);
	expect_fragments(rx_ring(&b, 0), 7, 1);
}

CASE(fragments_64)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));

	put_fragments(&a, 5, 64);
	tx_sync(&a);
	rx_sync(&b);
	expect_fragments(rx_ring(&b, 0), 5, 64);
}

CASE(fragments_without_last_are_sent)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));
	struct netmap_ring *r = tx_ring(&a, 0);

	put_fragments(&a, 5, 3);
	r->slot[2].flags = NS_MOREFRAG;
	tx_sync(&a);
	rx_sync(&b);
	EQ(space(rx_ring(&b, 0)), 3);
	expect_fragments(rx_ring(&b, 0), 5, 3);
}

CASE(fragments_dropped_whole)
{
	struct port a = open_port(vale("a")), b = open_with(vale("b"), (struct nmreq_register){.nr_rx_slots = 64});

	send_frames(&a, EVERYBODY, 1, 0, 62); /* room for one slot */
	put_fragments(&a, 100, 3);
	tx_sync(&a);
	expect_frames(&b, 0, 62);
}

CASE(later_smaller_does_not_overtake)
{
	struct port a = open_port(vale("a")), b = open_with(vale("b"), (struct nmreq_register){.nr_rx_slots = 64});

	send_frames(&a, EVERYBODY, 1, 0, 61); /* room for two slots */
	put_fragments(&a, 100, 3);
	put(tx_ring(&a, 0), EVERYBODY, 1, 101);
	tx_sync(&a);
	expect_frames(&b, 0, 61);
}

CASE(length_over_buffer_dropped)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));

	put(tx_ring(&a, 0), EVERYBODY, 1, 0);
	put(tx_ring(&a, 0), EVERYBODY, 1, 1)->len = 2049;
	put(tx_ring(&a, 0), EVERYBODY, 1, 2)->len = 65535;
	put(tx_ring(&a, 0), EVERYBODY, 1, 1);
	tx_sync(&a);
	expect_frames(&b, 0, 2);
	EQ(space(tx_ring(&a, 0)), 1023);
}

CASE(buffer_number_beyond_dropped)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));

	put(tx_ring(&a, 0), EVERYBODY, 1, 0);
	put(tx_ring(&a, 0), EVERYBODY, 1, 1)->buf_idx = 20482;
	put(tx_ring(&a, 0), EVERYBODY, 1, 2)->buf_idx = 0xffffffff;
	put(tx_ring(&a, 0), EVERYBODY, 1, 1);
	tx_sync(&a);
	EQ(drain(&b), 2);
}

CASE(buffer_of_rx_slot_sent_without_copy)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));
	struct netmap_ring *r = rx_ring(&b, 0), *t = tx_ring(&b, 0);
	uint32_t idx;

	/* b sends back what it received, by swapping buffers of its two rings */
	send_frame(&a, EVERYBODY, 1, 9);
	rx_sync(&b);
	idx = r->slot[0].buf_idx;
	r->slot[0].buf_idx = t->slot[0].buf_idx;
	t->slot[0].buf_idx = idx;
	t->slot[0].len = r->slot[0].len;
	r->slot[0].flags = t->slot[0].flags = NS_BUF_CHANGED;
	write_frame(buffer(t, idx), EVERYBODY, 2, 10, FRAME);
	r->head = r->cur = t->head = t->cur = 1;
	tx_sync(&b);
	rx_sync(&b);
	EQ(t->slot[0].flags & NS_BUF_CHANGED, 0);
	EQ(t->slot[0].buf_idx, idx);
	expect_frames(&a, 10, 1);
	send_frames(&a, EVERYBODY, 1, 20, 1023); /* the swapped buffer is received into */
	expect_frames(&b, 20, 1023);
}

CASE(indirect_bytes_sent)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));
	static char frame[FRAME];
	struct netmap_slot *s = put(tx_ring(&a, 0), EVERYBODY, 1, 1);

	write_frame(frame, EVERYBODY, 1, 77, FRAME);
	s->flags = NS_INDIRECT;
	s->ptr = (uintptr_t)frame;
	tx_sync(&a);
	expect_frames(&b, 77, 1);
}

CASE(indirect_bad_pointer_dropped)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));
	char *hole = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct netmap_slot *s = put(tx_ring(&a, 0), EVERYBODY, 1, 1);

	s->flags = NS_INDIRECT;
	s->ptr = (uintptr_t)hole;
	put(tx_ring(&a, 0), EVERYBODY, 1, 2);
	tx_sync(&a);
	expect_frames(&b, 2, 1);
}

CASE(indirect_null_dropped)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));

	put(tx_ring(&a, 0), EVERYBODY, 1, 1)->flags = NS_INDIRECT;
	put(tx_ring(&a, 0), EVERYBODY, 1, 2);
	tx_sync(&a);
	expect_frames(&b, 2, 1);
}

CASE(head_out_of_ring_resets)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));
	struct netmap_ring *t = tx_ring(&a, 0);

	send_frames(&a, EVERYBODY, 1, 0, 5);
	t->head = t->cur = 5000;
	tx_sync(&a); /* 0, but nothing is sent */
	EQ(t->head, 5);
	EQ(t->cur, 5);
	EQ(space(t), 1023);
	send_frames(&a, EVERYBODY, 1, 5, 5);
	expect_frames(&b, 0, 10);
}

CASE(rx_head_out_of_ring_resets)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));
	struct netmap_ring *r = rx_ring(&b, 0);

	send_frames(&a, EVERYBODY, 1, 0, 5);
	rx_sync(&b);
	r->head = r->cur = 5000;
	rx_sync(&b);
	EQ(r->head, 0);
	EQ(r->tail, 5);
	expect_frames(&b, 0, 5);
}

CASE(head_beyond_tail_sends_nothing)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));
	struct netmap_ring *t = tx_ring(&a, 0);

	send_frames(&a, EVERYBODY, 1, 0, 5); /* tail is 4 now */
	t->cur = 900;
	t->head = 950; /* cur is not between head and tail */
	tx_sync(&a);
	expect_frames(&b, 0, 5);
	t->head = t->cur = 5000;
	tx_sync(&a);
	EQ(t->head, 5);
	send_frames(&a, EVERYBODY, 1, 5, 5);
	expect_frames(&b, 5, 5);
}

CASE(head_out_of_ring_pollerr)
{
	struct port a = open_port(vale("a"));
	struct pollfd p = {.fd = a.fd, .events = POLLOUT};

	tx_ring(&a, 0)->head = 5000;
	EQ(poll(&p, 1, 1000), 1);
	TRUE((p.revents & POLLERR) != 0);
}

CASE(tail_is_the_switchs)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));
	struct netmap_ring *r = rx_ring(&b, 0);

	send_frames(&a, EVERYBODY, 1, 0, 5);
	rx_sync(&b);
	r->tail = 100;
	rx_sync(&b);
	EQ(r->tail, 5);
	expect_frames(&b, 0, 5);
}

/* A reset looks at every slot of the ring: those that say nonsense are made usable. */
CASE(reset_repairs_slots)
{
	struct port a = open_port(vale("a"));
	struct netmap_ring *t = tx_ring(&a, 0);

	t->slot[3].len = 60000;
	t->slot[7].buf_idx = 1;
	t->slot[8].buf_idx = 0x7fffffff;
	t->head = t->cur = 5000;
	tx_sync(&a);
	EQ(t->slot[3].len, 0);
	EQ(t->slot[7].buf_idx, 0);
	EQ(t->slot[8].buf_idx, 0);
}
