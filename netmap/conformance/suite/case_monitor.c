/* Monitors: a second pair of eyes on a port. */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "frame.h"
#include "harness.h"

static struct port monitor(const struct port *p, uint64_t flags)
{
	return open_with(p->name, (struct nmreq_register){.nr_flags = flags});
}

CASE(monitor_of_no_port_einval)
{
	ERR(try_open(vale("a"), (struct nmreq_register){.nr_flags = NR_MONITOR_RX}), EINVAL);
	ERR(try_open(vale("a"), (struct nmreq_register){.nr_flags = NR_MONITOR_TX | NR_ZCOPY_MON}), EINVAL);
}

CASE(monitor_has_region_of_its_own)
{
	struct port a = open_port(vale("a")), m = monitor(&a, NR_MONITOR_TX);

	TRUE(m.reg.nr_mem_id != a.reg.nr_mem_id);
	EQ(m.reg.nr_memsize, 8478720);
}

CASE(monitor_tx_copies_what_is_sent)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b")), m = monitor(&a, NR_MONITOR_TX);

	send_frames(&a, EVERYBODY, 1, 0, 10);
	expect_frames(&m, 0, 10);
	expect_frames(&b, 0, 10);
	send_frames(&b, EVERYBODY, 2, 0, 10);
	expect_nothing(&m);
	expect_frames(&a, 0, 10);
}

CASE(monitor_tx_marks_frames)
{
	struct port a = open_port(vale("a")), m = monitor(&a, NR_MONITOR_TX | NR_MONITOR_RX), b = open_port(vale("b"));

	send_frame(&a, EVERYBODY, 1, 7);
	send_frame(&b, EVERYBODY, 2, 8);
	rx_sync(&m);
	EQ(space(rx_ring(&m, 0)), 2);
	EQ(rx_ring(&m, 0)->slot[0].flags & NS_TXMON, NS_TXMON);
	EQ(rx_ring(&m, 0)->slot[1].flags & NS_TXMON, 0);
	EQ(rx_ring(&m, 0)->slot[0].len, FRAME);
	EQ(take(rx_ring(&m, 0)), 7);
	EQ(take(rx_ring(&m, 0)), 8);
}

CASE(monitor_rx_sees_before_receiver)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b")), m = monitor(&a, NR_MONITOR_RX);

	send_frames(&b, EVERYBODY, 2, 0, 5);
	expect_frames(&m, 0, 5);
	EQ(rx_ring(&a, 0)->tail, 0);
	expect_frames(&a, 0, 5);
	send_frames(&a, EVERYBODY, 1, 0, 5);
	expect_nothing(&m);
}

CASE(monitor_tx_sync_does_nothing)
{
	struct port a = open_port(vale("a")), m = monitor(&a, NR_MONITOR_TX), z = monitor(&a, NR_MONITOR_TX | NR_ZCOPY_MON);

	tx_sync(&m);
	tx_sync(&z);
	expect_nothing(&a);
}

CASE(monitors_of_a_port_several)
{
	struct port a = open_port(vale("a")), m = monitor(&a, NR_MONITOR_TX), n = monitor(&a, NR_MONITOR_TX);

	send_frames(&a, EVERYBODY, 1, 0, 5);
	expect_frames(&m, 0, 5);
	expect_frames(&n, 0, 5);
	close_port(&m);
	send_frames(&a, EVERYBODY, 1, 5, 5);
	expect_frames(&n, 5, 5);
}

CASE(monitor_ends_with_port)
{
	struct port a = open_port(vale("a")), m = monitor(&a, NR_MONITOR_TX);
	struct pollfd fd = {.fd = m.fd, .events = POLLIN};

	close_port(&a);
	rx_sync(&m); /* says nothing of it */
	EQ(poll(&fd, 1, 1000), 1);
	TRUE((fd.revents & POLLERR) != 0);
}

CASE(monitor_end_wakes_poll)
{
	struct port a = open_port(vale("a")), m = monitor(&a, NR_MONITOR_TX);
	struct pollfd fd = {.fd = m.fd, .events = POLLIN};

	if (fork() == 0) {
		usleep(200000); /* the last one to have it open */
		_exit(0);
	}
	close_port(&a);
	EQ(poll(&fd, 1, 10000), 1);
	TRUE((fd.revents & POLLERR) != 0);
}

CASE(monitor_does_not_keep_port)
{
	struct port a = open_port(vale("a")), m = monitor(&a, NR_MONITOR_TX), c = open_port(vale("c"));

	(void)m;
	(void)c;
	close_port(&a);
	EQ(exists(vale("a")), 0);
}

CASE(monitor_poll_woken)
{
	struct port a = open_port(vale("a")), m = monitor(&a, NR_MONITOR_TX);
	struct pollfd fd = {.fd = m.fd, .events = POLLIN};

	if (fork() == 0) {
		usleep(100000);
		send_frame(&a, EVERYBODY, 1, 7);
		_exit(0);
	}
	EQ(poll(&fd, 1, 10000), 1);
	EQ(take(rx_ring(&m, 0)), 7);
}

CASE(monitor_full_costs_port_nothing)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b")), m = monitor(&a, NR_MONITOR_TX);

	for (uint32_t i = 0; i < 5; i++) {
		send_frames(&a, EVERYBODY, 1, i * 1000, 1000);
		expect_frames(&b, i * 1000, 1000);
	}
	TRUE(drain(&m) <= 1023);
}

CASE(monitor_zero_copy_flags_written_back)
{
	struct port a = open_port(vale("a"));
	struct port m = monitor(&a, NR_ZCOPY_MON);

	EQ(m.reg.nr_flags & (NR_ZCOPY_MON | NR_MONITOR_RX | NR_MONITOR_TX), NR_ZCOPY_MON | NR_MONITOR_RX | NR_MONITOR_TX);
}

CASE(monitor_zero_copy_shares_region)
{
	struct port a = open_port(vale("a")), m = monitor(&a, NR_MONITOR_TX | NR_ZCOPY_MON);

	EQ(m.reg.nr_mem_id, a.reg.nr_mem_id);
	EQ(m.reg.nr_memsize, a.reg.nr_memsize);
}

CASE(monitor_zero_copy_tx)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b")), m = monitor(&a, NR_MONITOR_TX | NR_ZCOPY_MON);

	for (uint32_t i = 0; i < 5; i++) {
		send_frames(&a, EVERYBODY, 1, i * 500, 500);
		expect_frames(&b, i * 500, 500);
		expect_frames(&m, i * 500, 500);
	}
}

CASE(monitor_zero_copy_rx)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b")), m = monitor(&a, NR_MONITOR_RX | NR_ZCOPY_MON);

	for (uint32_t i = 0; i < 5; i++) {
		send_frames(&b, EVERYBODY, 2, i * 500, 500);
		expect_frames(&a, i * 500, 500); /* handed on as the receiver gives it back */
		rx_sync(&a);
		expect_frames(&m, i * 500, 500);
	}
}

CASE(monitor_of_pipe)
{
	struct port p = open_port(vale("a{1")), s = open_port(vale("a}1")), m = monitor(&p, NR_MONITOR_TX);

	send_frames(&p, 2, 1, 0, 5);
	expect_frames(&s, 0, 5);
	expect_frames(&m, 0, 5);
}

CASE(monitor_of_monitor_einval)
{
	struct port a = open_port(vale("a"));

	ERR(try_open(a.name, (struct nmreq_register){.nr_flags = NR_MONITOR_TX | NR_MONITOR_RX}), 0);
	ERR(try_open(a.name, (struct nmreq_register){.nr_mode = NR_REG_SW, .nr_flags = NR_MONITOR_TX}), EINVAL);
}
