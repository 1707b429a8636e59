/* Pipes: NAME{ID and NAME}ID, two ends that exchange buffers. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frame.h"
#include "harness.h"

struct pair {
	struct port m, s;
};

static struct pair pipe_of(const char *parent, struct nmreq_register reg)
{
	return (struct pair){open_with(with(parent, "{1"), reg), open_with(with(parent, "}1"), reg)};
}

static struct pair small_pipe(void)
{
	return pipe_of(vale("a"), (struct nmreq_register){.nr_tx_slots = 64, .nr_rx_slots = 64});
}

static int poll_now(const struct port *p, short events)
{
	struct pollfd fd = {.fd = p->fd, .events = events};

	poll(&fd, 1, 0);
	return fd.revents;
}

CASE(pipe_both_ways)
{
	struct pair p = pipe_of(vale("a"), (struct nmreq_register){0});

	send_frames(&p.m, 2, 1, 0, 10);
	expect_frames(&p.s, 0, 10);
	send_frames(&p.s, 1, 2, 100, 20);
	expect_frames(&p.m, 100, 20);
}

CASE(pipe_order_of_opens_is_free)
{
	struct port s = open_port(vale("a}7")), m = open_port(vale("a{7"));

	send_frame(&m, 2, 1, 7);
	expect_frames(&s, 7, 1);
}

CASE(pipe_geometry_is_parents)
{
	struct port parent = open_with(vale("a"), (struct nmreq_register){
		.nr_tx_slots = 128, .nr_rx_slots = 256, .nr_tx_rings = 2, .nr_rx_rings = 1,
	});
	struct port m = open_port(with(parent.name, "{1"));

	EQ(m.reg.nr_tx_slots, 128);
	EQ(m.reg.nr_rx_slots, 256);
	EQ(m.reg.nr_mem_id, parent.reg.nr_mem_id);
	EQ(m.reg.nr_memsize, parent.reg.nr_memsize);
}

CASE(pipe_geometry_of_its_own)
{
	struct pair p = small_pipe();

	EQ(p.m.reg.nr_tx_slots, 64);
	EQ(p.s.reg.nr_rx_slots, 64);
	EQ(p.m.reg.nr_mem_id, p.s.reg.nr_mem_id);
	EQ(p.m.nifp->ni_tx_rings, 1);
	EQ(space(tx_ring(&p.m, 0)), 63);
	EQ(space(rx_ring(&p.m, 0)), 0);
}

CASE(pipe_does_not_use_the_switch)
{
	struct port parent = open_port(vale("a")), b = open_port(vale("b"));
	struct pair p = pipe_of(parent.name, (struct nmreq_register){0});

	send_frame(&p.m, EVERYBODY, 1, 7);
	expect_frames(&p.s, 7, 1);
	expect_nothing(&b);
	expect_nothing(&parent);
	send_frame(&b, EVERYBODY, 2, 8);
	expect_frames(&parent, 8, 1);
	expect_nothing(&p.m);
}

CASE(pipe_holds_sender_back)
{
	struct pair p = small_pipe();
	struct netmap_ring *t = tx_ring(&p.m, 0);

	for (uint32_t i = 0; i < 63; i++)
		put(t, 2, 1, i);
	tx_sync(&p.m);
	EQ(space(t), 0);
	EQ(poll_now(&p.m, POLLOUT), 0);
	rx_sync(&p.s);
	for (uint32_t i = 0; i < 10; i++)
		EQ(take(rx_ring(&p.s, 0)), i);
	tx_sync(&p.m);
	EQ(space(t), 0); /* taken, not given back */
	rx_sync(&p.s);
	tx_sync(&p.m);
	EQ(space(t), 10);
	EQ(poll_now(&p.m, POLLOUT), POLLOUT);
}

CASE(pipe_loses_nothing)
{
	struct pair p = small_pipe();
	struct pollfd fd = {.fd = p.m.fd, .events = POLLOUT};
	uint32_t n = 0;

	if (fork() == 0) {
		for (uint32_t i = 0; i < 20000; i++) {
			while (space(tx_ring(&p.m, 0)) == 0)
				TRUE(poll(&fd, 1, 10000) == 1);
			put(tx_ring(&p.m, 0), 2, 1, i);
		}
		tx_sync(&p.m);
		_exit(0);
	}
	fd = (struct pollfd){.fd = p.s.fd, .events = POLLIN};
	while (n < 20000) {
		EQ(poll(&fd, 1, 10000), 1);
		while (space(rx_ring(&p.s, 0)) > 0)
			EQ(take(rx_ring(&p.s, 0)), n++);
	}
	wait(NULL);
}

CASE(pipe_exchanges_buffers)
{
	struct pair p = small_pipe();
	uint32_t sent = tx_ring(&p.m, 0)->slot[0].buf_idx;

	send_frame(&p.m, 2, 1, 7);
	rx_sync(&p.s);
	EQ(rx_ring(&p.s, 0)->slot[0].buf_idx, sent);
	EQ(take(rx_ring(&p.s, 0)), 7);
	rx_sync(&p.s);
}

CASE(pipe_frame_of_any_length)
{
	struct pair p = small_pipe();

	put(tx_ring(&p.m, 0), 2, 1, 7)->len = 3; /* no Ethernet is looked for */
	tx_sync(&p.m);
	rx_sync(&p.s);
	EQ(space(rx_ring(&p.s, 0)), 1);
	EQ(rx_ring(&p.s, 0)->slot[0].len, 3);
}

CASE(pipe_publishes_whole_packets)
{
	struct pair p = small_pipe();
	struct netmap_ring *t = tx_ring(&p.m, 0);

	put(t, 2, 1, 1)->flags = NS_MOREFRAG;
	put(t, 2, 1, 2)->flags = NS_MOREFRAG;
	tx_sync(&p.m);
	rx_sync(&p.s);
	EQ(space(rx_ring(&p.s, 0)), 0);
	put(t, 2, 1, 3);
	tx_sync(&p.m);
	rx_sync(&p.s);
	EQ(space(rx_ring(&p.s, 0)), 3);
	EQ(rx_ring(&p.s, 0)->slot[0].flags & NS_MOREFRAG, NS_MOREFRAG);
	EQ(rx_ring(&p.s, 0)->slot[2].flags & NS_MOREFRAG, 0);
}

CASE(pipe_poll_woken_by_frame)
{
	struct pair p = small_pipe();
	struct pollfd fd = {.fd = p.s.fd, .events = POLLIN};

	if (fork() == 0) {
		usleep(100000);
		send_frame(&p.m, 2, 1, 7);
		_exit(0);
	}
	EQ(poll(&fd, 1, 10000), 1);
	EQ(fd.revents & POLLIN, POLLIN);
	EQ(take(rx_ring(&p.s, 0)), 7);
}

CASE(pipe_poll_woken_by_room)
{
	struct pair p = small_pipe();
	struct pollfd fd = {.fd = p.m.fd, .events = POLLOUT};

	for (uint32_t i = 0; i < 63; i++)
		put(tx_ring(&p.m, 0), 2, 1, i);
	tx_sync(&p.m);
	if (fork() == 0) {
		usleep(100000);
		drain(&p.s);
		_exit(0);
	}
	EQ(poll(&fd, 1, 10000), 1);
	EQ(fd.revents & POLLOUT, POLLOUT);
	TRUE(space(tx_ring(&p.m, 0)) > 0);
}

CASE(pipe_makes_parent)
{
	struct port m = open_port(with(vale("a"), "{1"));

	EQ(m.reg.nr_tx_slots, 1024);
	TRUE(m.reg.nr_mem_id > 1);
	close_port(&m);
	EQ(exists(vale("a")), 0);
}

CASE(pipe_of_free_name_makes_parent)
{
	struct pair p = pipe_of("nopipe0", (struct nmreq_register){0});

	send_frame(&p.m, 2, 1, 7);
	expect_frames(&p.s, 7, 1);
	close_port(&p.m);
	close_port(&p.s);
	ERR(try_open("nopipe0", (struct nmreq_register){0}), ENXIO);
}

CASE(pipe_ids_are_apart)
{
	struct port m1 = open_port(vale("a{1")), s1 = open_port(vale("a}1"));
	struct port m2 = open_port(vale("a{xyz")), s2 = open_port(vale("a}xyz"));

	send_frame(&m1, 2, 1, 1);
	send_frame(&m2, 2, 1, 2);
	expect_frames(&s1, 1, 1);
	expect_frames(&s2, 2, 1);
}

CASE(pipe_bad_name_einval)
{
	ERR(try_open("{1", (struct nmreq_register){0}), EINVAL);
	ERR(try_open(vale("a{"), (struct nmreq_register){0}), EINVAL);
}

CASE(pipes_of_a_port_4)
{
	struct port parent = open_port(vale("a"));
	const char *ids[] = {"{1", "{2", "{3", "{4", "{5"};

	for (int i = 0; i < 4; i++)
		open_port(with(parent.name, ids[i]));
	ERR(try_open(with(parent.name, ids[4]), (struct nmreq_register){0}), ENOMEM);
}

CASE(pipe_end_exclusive)
{
	struct port m = open_with(vale("a{1"), (struct nmreq_register){.nr_flags = NR_EXCLUSIVE});

	ERR(try_open(m.name, (struct nmreq_register){0}), EBUSY);
	ERR(try_open(vale("a}1"), (struct nmreq_register){.nr_flags = NR_EXCLUSIVE}), 0);
}

CASE(pipe_of_rings)
{
	struct nmreq_register reg = {.nr_tx_rings = 2, .nr_rx_rings = 2, .nr_tx_slots = 64, .nr_rx_slots = 64};
	struct pair p = pipe_of(vale("a"), reg);

	EQ(p.m.nifp->ni_tx_rings, 2);
	put(tx_ring(&p.m, 1), 2, 1, 7);
	tx_sync(&p.m);
	rx_sync(&p.s);
	EQ(space(rx_ring(&p.s, 0)), 0);
	EQ(take(rx_ring(&p.s, 1)), 7);
}

CASE(pipe_keeps_what_was_sent_before_peer_opened)
{
	struct port m = open_port(vale("a{1")), s;

	send_frames(&m, 2, 1, 0, 5);
	s = open_port(vale("a}1"));
	expect_frames(&s, 0, 5);
}

CASE(pipe_frames_outlive_sender)
{
	struct pair p = small_pipe();

	send_frames(&p.m, 2, 1, 0, 5);
	close_port(&p.m);
	expect_frames(&p.s, 0, 5);
	p.m = open_port(vale("a{1"));
	send_frames(&p.m, 2, 1, 5, 5);
	expect_frames(&p.s, 5, 5);
}

CASE(pipe_of_a_region)
{
	struct port a = open_port(vale("a"));
	struct port m = open_with(vale("b{1"), (struct nmreq_register){.nr_mem_id = a.reg.nr_mem_id});

	EQ(m.reg.nr_mem_id, a.reg.nr_mem_id);
}

CASE(pipe_extra_buffers)
{
	struct port m = open_with(vale("a{1"), (struct nmreq_register){.nr_extra_bufs = 20});

	EQ(m.reg.nr_extra_bufs, 20);
	TRUE(m.nifp->ni_bufs_head != 0);
}
