/* Which port a frame goes to. */
#include <string.h>
#include <unistd.h>

#include "frame.h"
#include "harness.h"

struct trio {
	struct port a, b, c;
};

static struct trio three(void)
{
	return (struct trio){open_port(vale("a")), open_port(vale("b")), open_port(vale("c"))};
}

/* a, b and c have sent as stations 1, 2 and 3. */
static struct trio known(void)
{
	struct trio t = three();

	send_frame(&t.a, EVERYBODY, 1, 0);
	send_frame(&t.b, EVERYBODY, 2, 0);
	send_frame(&t.c, EVERYBODY, 3, 0);
	drain(&t.a);
	drain(&t.b);
	drain(&t.c);
	return t;
}

CASE(broadcast_to_all_others)
{
	struct trio t = three();

	send_frame(&t.a, EVERYBODY, 1, 7);
	expect_frames(&t.b, 7, 1);
	expect_frames(&t.c, 7, 1);
	expect_nothing(&t.a);
}

CASE(multicast_to_all_others)
{
	struct trio t = known();

	send_frame(&t.a, GROUP | 5, 1, 7);
	expect_frames(&t.b, 7, 1);
	expect_frames(&t.c, 7, 1);
}

CASE(unknown_to_all_others)
{
	struct trio t = known();

	send_frame(&t.a, 99, 1, 7);
	expect_frames(&t.b, 7, 1);
	expect_frames(&t.c, 7, 1);
}

CASE(known_to_its_port_only)
{
	struct trio t = known();

	send_frame(&t.a, 2, 1, 7);
	expect_frames(&t.b, 7, 1);
	expect_nothing(&t.c);
	expect_nothing(&t.a);
}

CASE(own_address_dropped)
{
	struct trio t = known();

	send_frame(&t.a, 1, 1, 7);
	expect_nothing(&t.a);
	expect_nothing(&t.b);
	expect_nothing(&t.c);
}

CASE(multicast_source_not_learned)
{
	struct trio t = known();

	send_frame(&t.b, EVERYBODY, GROUP | 9, 0);
	drain(&t.a);
	drain(&t.c);
	send_frame(&t.a, GROUP | 9, 1, 7);
	expect_frames(&t.b, 7, 1);
	expect_frames(&t.c, 7, 1);
}

CASE(no_learn_flag_has_no_effect)
{
	struct trio t = three();

	put(tx_ring(&t.b, 0), EVERYBODY, 2, 0)->flags = NS_NO_LEARN;
	tx_sync(&t.b);
	drain(&t.c);
	drain(&t.a);
	send_frame(&t.a, 2, 1, 7);
	expect_frames(&t.b, 7, 1);
	expect_nothing(&t.c);
}

CASE(station_moves)
{
	struct trio t = known();

	send_frame(&t.c, EVERYBODY, 2, 0);
	drain(&t.a);
	drain(&t.b);
	send_frame(&t.a, 2, 1, 7);
	expect_frames(&t.c, 7, 1);
	expect_nothing(&t.b);
}

/* The module looks at a source address only when it is another one than that of the port's last frame. */
static void move_there_and_back(struct trio *t)
{
	*t = known();
	send_frame(&t->c, EVERYBODY, 2, 0); /* from b to c */
	send_frame(&t->b, EVERYBODY, 2, 0); /* and back: the same source as b's last frame */
	drain(&t->a);
	drain(&t->b);
	drain(&t->c);
	send_frame(&t->a, 2, 1, 7);
}

CASE_ON(station_moves_back_unseen, KERNEL)
{
	struct trio t;

	move_there_and_back(&t);
	expect_frames(&t.c, 7, 1);
	expect_nothing(&t.b);
}

CASE_ON(station_moves_back, USER)
{
	struct trio t;

	move_there_and_back(&t);
	expect_frames(&t.b, 7, 1);
	expect_nothing(&t.c);
}

/* The module forgets nothing when a port goes: frames to its stations are lost until one of them is heard again. */
CASE_ON(removed_port_swallows, KERNEL)
{
	struct trio t = known();

	close_port(&t.b);
	send_frame(&t.a, 2, 1, 7);
	expect_nothing(&t.c);
}

CASE_ON(removed_port_forgotten, USER)
{
	struct trio t = known();

	close_port(&t.b);
	EQ(exists(t.b.name), 0);
	send_frame(&t.a, 2, 1, 7);
	expect_frames(&t.c, 7, 1);
}

CASE(table_ends_with_switch)
{
	struct trio t = known();
	struct port a, b, c;

	close_port(&t.a);
	close_port(&t.b);
	close_port(&t.c);
	c = open_port(vale("c"));
	b = open_port(vale("b"));
	a = open_port(vale("a"));
	send_frame(&a, 2, 1, 7);
	expect_frames(&b, 7, 1);
	expect_frames(&c, 7, 1);
}

CASE(switches_are_apart)
{
	struct port a = open_port(vale_at(0, "a")), b = open_port(vale_at(1, "b")), c = open_port(vale_at(0, "c"));

	send_frame(&a, EVERYBODY, 1, 7);
	expect_nothing(&b);
	expect_frames(&c, 7, 1);
}

CASE(runt_dropped)
{
	struct trio t = three();
	static const uint16_t lengths[] = {0, 1, 13};

	for (unsigned i = 0; i < 3; i++) {
		put_len(tx_ring(&t.a, 0), EVERYBODY, 1, 0, 20)->len = lengths[i];
		tx_sync(&t.a);
		expect_nothing(&t.b);
	}
	put_len(tx_ring(&t.a, 0), EVERYBODY, 1, 0, 20)->len = 14;
	tx_sync(&t.a);
	EQ(drain(&t.b), 1);
}

CASE(alone_on_switch)
{
	struct port a = open_port(vale("a"));

	send_frames(&a, EVERYBODY, 1, 0, 3000);
	EQ(space(tx_ring(&a, 0)), 1023);
	expect_nothing(&a);
}

/* Two stations that share a place in the module's table push each other out. The user-space switch has another hash. */
static unsigned place(unsigned station)
{
	uint32_t a = 0x9e3779b9, b = 0x9e3779b9, c = 0;

	b += (station & 0xff) << 8 | (station >> 8 & 0xff);
	a += 2; /* bytes 3 to 0 of 02:00:00:00 */
#define MIX(x, y, z, shift) \
	x -= y; \
	x -= z; \
	x ^= shift;
	MIX(a, b, c, c >> 13)
	MIX(b, c, a, a << 8)
	MIX(c, a, b, b >> 13)
	MIX(a, b, c, c >> 12)
	MIX(b, c, a, a << 16)
	MIX(c, a, b, b >> 5)
	MIX(a, b, c, c >> 3)
	MIX(b, c, a, a << 10)
	MIX(c, a, b, b >> 15)
#undef MIX
	return c & 1023;
}

CASE_ON(stations_that_share_a_place, KERNEL)
{
	struct trio t = known();
	unsigned other = 100;

	while (place(other) != place(2))
		other++;
	send_frame(&t.c, EVERYBODY, other, 0);
	drain(&t.a);
	drain(&t.b);
	send_frame(&t.a, 2, 1, 7); /* unknown again: to all */
	expect_frames(&t.b, 7, 1);
	expect_frames(&t.c, 7, 1);
}

CASE(stations_1000_learned)
{
	struct trio t = three();
	uint32_t heard = 0;

	for (unsigned i = 0; i < 1000; i++)
		send_frame(&t.b, EVERYBODY, 1000 + i, 0);
	drain(&t.c);
	drain(&t.a);
	for (unsigned i = 0; i < 1000; i++)
		put(tx_ring(&t.a, 0), 1000 + i, 1, i);
	tx_sync(&t.a);
	EQ(drain(&t.b), 1000);
	heard = drain(&t.c); /* those that lost their place */
	TRUE(heard > 100);
	TRUE(heard < 600);
}
