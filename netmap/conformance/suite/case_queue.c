/* Rings that fill: tail drop, order, and what sender and receiver see of it. */
#include <string.h>
#include <unistd.h>

#include "frame.h"
#include "harness.h"

CASE(sender_never_waits)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));

	for (int i = 0; i < 5; i++) {
		send_frames(&a, EVERYBODY, 1, 0, 1023);
		EQ(space(tx_ring(&a, 0)), 1023);
	}
	EQ(drain(&b), 1023);
}

CASE(tx_sync_frees_all)
{
	struct port a = open_port(vale("a"));
	struct netmap_ring *r = tx_ring(&a, 0);

	put(r, EVERYBODY, 1, 0);
	EQ(space(r), 1022);
	tx_sync(&a);
	EQ(r->head, 1);
	EQ(r->cur, 1);
	EQ(r->tail, 0);
	EQ(space(r), 1023);
}

CASE(receiver_keeps_oldest)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));

	send_frames(&a, EVERYBODY, 1, 0, 3 * 1023);
	expect_frames(&b, 0, 1023);
	send_frames(&a, EVERYBODY, 1, 5000, 3);
	expect_frames(&b, 5000, 3);
}

CASE(receiver_holds_slots_minus_1)
{
	struct port a = open_port(vale("a")), b = open_with(vale("b"), (struct nmreq_register){.nr_rx_slots = 64});

	send_frames(&a, EVERYBODY, 1, 0, 200);
	expect_frames(&b, 0, 63);
}

CASE(slow_receiver_costs_others_nothing)
{
	struct port a = open_port(vale("a")), b = open_with(vale("b"), (struct nmreq_register){.nr_rx_slots = 64});
	struct port c = open_port(vale("c"));

	send_frames(&a, EVERYBODY, 1, 0, 1000);
	expect_frames(&c, 0, 1000);
	expect_frames(&b, 0, 63);
}

CASE(released_slots_are_used_after_sync)
{
	struct port a = open_port(vale("a")), b = open_with(vale("b"), (struct nmreq_register){.nr_rx_slots = 64});

	send_frames(&a, EVERYBODY, 1, 0, 63);
	rx_sync(&b);
	for (uint32_t i = 0; i < 10; i++)
		EQ(take(rx_ring(&b, 0)), i);
	send_frames(&a, EVERYBODY, 1, 100, 63); /* not given back yet: no room */
	rx_sync(&b);
	EQ(space(rx_ring(&b, 0)), 53);
	send_frames(&a, EVERYBODY, 1, 200, 63); /* room for 10 */
	for (uint32_t i = 10; i < 63; i++)
		EQ(take(rx_ring(&b, 0)), i);
	expect_frames(&b, 200, 10);
}

CASE(held_slots_stay)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));
	struct netmap_ring *r = rx_ring(&b, 0);

	send_frames(&a, EVERYBODY, 1, 0, 5);
	rx_sync(&b);
	r->cur = r->tail; /* seen, not given back */
	rx_sync(&b);
	EQ(r->head, 0);
	EQ(space(r), 5);
	send_frames(&a, EVERYBODY, 1, 5, 2);
	rx_sync(&b);
	EQ(space(r), 7);
	r->cur = r->head;
	for (uint32_t i = 0; i < 7; i++)
		EQ(take(r), i);
}

CASE(order_kept)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));

	for (uint32_t i = 0; i < 20; i++) {
		send_frames(&a, EVERYBODY, 1, i * 700, 700);
		expect_frames(&b, i * 700, 700);
	}
}

CASE(order_of_unicast_and_broadcast)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b")), c = open_port(vale("c"));

	send_frame(&b, EVERYBODY, 2, 0);
	drain(&c);
	for (uint32_t i = 0; i < 900; i++)
		put(tx_ring(&a, 0), i % 3 == 0 ? EVERYBODY : i % 3 == 1 ? 2 : 99, 1, i);
	tx_sync(&a);
	expect_frames(&b, 0, 900);
	EQ(drain(&c), 600);
}

CASE(tail_moves_at_rx_sync_only)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));
	struct netmap_ring *r = rx_ring(&b, 0);

	send_frames(&a, EVERYBODY, 1, 0, 5);
	EQ(r->tail, 0);
	tx_sync(&b);
	EQ(r->tail, 0);
	rx_sync(&b);
	EQ(r->tail, 5);
}

CASE(head_without_sync_sends_nothing)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));

	put(tx_ring(&a, 0), EVERYBODY, 1, 0);
	usleep(20000);
	expect_nothing(&b);
	rx_sync(&a); /* the other direction */
	usleep(20000);
	expect_nothing(&b);
	tx_sync(&a);
	expect_frames(&b, 0, 1);
}

CASE(frame_arrives_whole)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));
	static const uint16_t lengths[] = {14, 15, 60, 63, 64, 65, 127, 1000, 1514, 2047, 2048};
	char want[2048];

	for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct netmap_slot *s = put_len(tx_ring(&a, 0), EVERYBODY, 1, i, lengths[i]);
		struct netmap_ring *r = rx_ring(&b, 0);

		for (unsigned k = 12; k < lengths[i]; k++)
			buffer(tx_ring(&a, 0), s->buf_idx)[k] = (char)(k * 7 + i);
		memcpy(want, buffer(tx_ring(&a, 0), s->buf_idx), lengths[i]);
		tx_sync(&a);
		rx_sync(&b);
		EQ(space(r), 1);
		EQ(r->slot[r->head].len, lengths[i]);
		EQ(memcmp(buffer(r, r->slot[r->head].buf_idx), want, lengths[i]), 0);
		r->head = r->cur = r->tail;
	}
}

CASE(sender_keeps_its_buffers)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));
	uint32_t idx = tx_ring(&a, 0)->slot[0].buf_idx;

	send_frame(&a, EVERYBODY, 1, 3);
	EQ(tx_ring(&a, 0)->slot[0].buf_idx, idx);
	EQ(tag_of(buffer(tx_ring(&a, 0), idx)), 3);
	expect_frames(&b, 3, 1);
}

CASE(synced_frames_outlive_sender)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));

	send_frames(&a, EVERYBODY, 1, 0, 10);
	put(tx_ring(&a, 0), EVERYBODY, 1, 10); /* not synced: lost */
	close_port(&a);
	expect_frames(&b, 0, 10);
}

CASE(ring_number_is_kept_modulo)
{
	struct port a = open_with(vale("a"), (struct nmreq_register){.nr_tx_rings = 4, .nr_rx_rings = 1});
	struct port b = open_with(vale("b"), (struct nmreq_register){.nr_tx_rings = 1, .nr_rx_rings = 3});
	static const uint32_t want[3] = {2, 1, 1};

	send_frame(&b, EVERYBODY, 2, 0);
	for (uint32_t i = 0; i < 4; i++)
		put(tx_ring(&a, i), 2, 1, i);
	tx_sync(&a);
	rx_sync(&b);
	for (uint32_t i = 0; i < 3; i++)
		EQ(space(rx_ring(&b, i)), want[i]);
	EQ(take(rx_ring(&b, 0)), 0);
	EQ(take(rx_ring(&b, 0)), 3);
	EQ(take(rx_ring(&b, 1)), 1);
}

CASE(broadcast_to_ring_0)
{
	struct port a = open_with(vale("a"), (struct nmreq_register){.nr_tx_rings = 4});
	struct port b = open_with(vale("b"), (struct nmreq_register){.nr_rx_rings = 4});

	for (uint32_t i = 0; i < 4; i++)
		put(tx_ring(&a, i), EVERYBODY, 1, i);
	tx_sync(&a);
	expect_frames(&b, 0, 4);
	for (uint32_t i = 1; i < 4; i++)
		EQ(space(rx_ring(&b, i)), 0);
}

CASE(ring_nobody_has_open_drops)
{
	struct port a = open_port(vale("a"));
	struct port b = open_with(vale("b"), (struct nmreq_register){.nr_flags = NR_TX_RINGS_ONLY});
	struct port c;

	send_frames(&a, EVERYBODY, 1, 0, 10);
	c = open_port(b.name);
	expect_nothing(&c);
	send_frames(&a, EVERYBODY, 1, 10, 10);
	expect_frames(&c, 10, 10);
}

CASE(timestamp_of_rx_sync_only)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));

	send_frame(&a, EVERYBODY, 1, 0);
	EQ(tx_ring(&a, 0)->ts_sec, 0);
	EQ(rx_ring(&b, 0)->ts_sec, 0);
	rx_sync(&b);
	TRUE(rx_ring(&b, 0)->ts_sec > 0);
	TRUE(rx_ring(&b, 0)->ts_usec < 1000000);
	EQ(tx_ring(&b, 0)->ts_sec, 0);
}

CASE(rings_wrap_anywhere)
{
	struct port a = open_with(vale("a"), (struct nmreq_register){.nr_tx_slots = 64});
	struct port b = open_with(vale("b"), (struct nmreq_register){.nr_rx_slots = 64});

	for (uint32_t i = 0; i < 200; i++) { /* every number of frames at every place of the rings */
		uint32_t n = 1 + i % 63;

		send_frames(&a, EVERYBODY, 1, i * 100, n);
		expect_frames(&b, i * 100, n);
	}
}
