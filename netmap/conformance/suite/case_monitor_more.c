/* Monitors: geometry, subsets, want of room, several in line, and their ends. */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "frame.h"
#include "harness.h"

static struct port monitor_with(const struct port *p, struct nmreq_register reg)
{
	return open_with(p->name, reg);
}

static struct port zero_copy(const struct port *p, uint64_t flags)
{
	return open_with(p->name, (struct nmreq_register){.nr_flags = NR_ZCOPY_MON | flags});
}

static int revents(const struct port *p, short events)
{
	struct pollfd fd = {.fd = p->fd, .events = events};

	poll(&fd, 1, 0);
	return fd.revents;
}

/* The monitor hears that its port has gone: here at once, there soon. */
static void expect_end(const struct port *p)
{
	struct pollfd fd = {.fd = p->fd, .events = POLLIN};

	EQ(poll(&fd, 1, 10000), 1);
	EQ(fd.revents, POLLERR);
}

CASE(monitor_geometry)
{
	struct port a = open_with(vale("a"), (struct nmreq_register){
		.nr_tx_slots = 128, .nr_rx_slots = 256, .nr_tx_rings = 3, .nr_rx_rings = 2,
	});
	struct port m = monitor_with(&a, (struct nmreq_register){.nr_flags = NR_MONITOR_TX});
	struct port z = zero_copy(&a, 0);

	EQ(m.reg.nr_tx_rings, 1);
	EQ(m.reg.nr_rx_rings, 3);
	EQ(m.reg.nr_tx_slots, 128);
	EQ(m.reg.nr_rx_slots, 256);
	EQ(z.reg.nr_tx_rings, 1);
	EQ(z.reg.nr_rx_rings, 3);
	EQ(m.reg.nr_host_rx_rings, 0);
}

CASE(monitor_slots_of_its_own)
{
	struct port a = open_port(vale("a"));
	struct port m = monitor_with(&a, (struct nmreq_register){.nr_flags = NR_MONITOR_TX, .nr_rx_slots = 64});

	EQ(m.reg.nr_rx_slots, 64);
	EQ(rx_ring(&m, 0)->num_slots, 64);
}

CASE(monitor_full_shows_last)
{
	struct port a = open_port(vale("a"));
	struct port m = monitor_with(&a, (struct nmreq_register){.nr_flags = NR_MONITOR_TX, .nr_rx_slots = 64});

	for (uint32_t i = 0; i < 600; i++)
		put(tx_ring(&a, 0), EVERYBODY, 1, i);
	tx_sync(&a);
	expect_frames(&m, 600 - 63, 63);
}

CASE(monitor_zero_copy_full_shows_last)
{
	struct port a = open_port(vale("a"));
	struct port m = monitor_with(&a, (struct nmreq_register){.nr_flags = NR_ZCOPY_MON, .nr_rx_slots = 64});

	for (uint32_t i = 0; i < 600; i++)
		put(tx_ring(&a, 0), EVERYBODY, 1, i);
	tx_sync(&a);
	expect_frames(&m, 600 - 63, 63);
}

CASE(monitor_zero_copy_exchanges_buffers)
{
	struct port a = open_port(vale("a")), z = zero_copy(&a, 0);
	struct netmap_ring *t = tx_ring(&a, 0);
	uint32_t sent = t->slot[0].buf_idx, own = rx_ring(&z, 0)->slot[0].buf_idx;

	send_frame(&a, EVERYBODY, 1, 7);
	EQ(t->slot[0].buf_idx, own);
	EQ(t->slot[0].flags & NS_BUF_CHANGED, NS_BUF_CHANGED);
	rx_sync(&z);
	EQ(rx_ring(&z, 0)->slot[0].buf_idx, sent);
	EQ(rx_ring(&z, 0)->slot[0].flags & NS_TXMON, NS_TXMON);
	EQ(take(rx_ring(&z, 0)), 7);
}

CASE(monitors_zero_copy_in_line)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));
	struct port y = zero_copy(&a, 0), z = zero_copy(&a, 0);

	send_frames(&b, EVERYBODY, 2, 0, 5);
	expect_frames(&a, 0, 5);
	rx_sync(&a);
	rx_sync(&y);
	EQ(space(rx_ring(&y, 0)), 5);
	expect_nothing(&z); /* the first one has them */
	expect_frames(&y, 0, 5);
	expect_frames(&z, 0, 5);
}

CASE(monitor_zero_copy_first_ends)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));
	struct port y = zero_copy(&a, 0), z = zero_copy(&a, 0);

	close_port(&y);
	EQ(exists(a.name), 1); /* requests are answered in order: the switch has heard of the end */
	send_frames(&b, EVERYBODY, 2, 0, 5);
	expect_frames(&a, 0, 5);
	rx_sync(&a);
	expect_frames(&z, 0, 5);
}

CASE(monitor_copy_and_zero_copy)
{
	struct port a = open_port(vale("a"));
	struct port m = monitor_with(&a, (struct nmreq_register){.nr_flags = NR_MONITOR_TX}), z = zero_copy(&a, 0);

	send_frames(&a, EVERYBODY, 1, 0, 5);
	expect_frames(&m, 0, 5);
	expect_frames(&z, 0, 5);
}

CASE(monitor_of_one_ring)
{
	struct port a = open_with(vale("a"), (struct nmreq_register){.nr_tx_rings = 2, .nr_rx_rings = 2});
	struct port m = monitor_with(&a, (struct nmreq_register){
		.nr_flags = NR_MONITOR_TX, .nr_mode = NR_REG_ONE_NIC, .nr_ringid = 1,
	});

	put(tx_ring(&a, 0), EVERYBODY, 1, 7);
	put(tx_ring(&a, 1), EVERYBODY, 1, 8);
	tx_sync(&a);
	EQ(m.nifp->ring_ofs[2], 0); /* tx, host tx, then rx */
	rx_sync(&m);
	EQ(space(rx_ring(&m, 1)), 1);
	EQ(take(rx_ring(&m, 1)), 8);
}

CASE(monitor_of_no_such_ring_einval)
{
	struct port a = open_port(vale("a"));

	ERR(try_open(a.name, (struct nmreq_register){.nr_flags = NR_MONITOR_TX, .nr_mode = NR_REG_ONE_NIC, .nr_ringid = 1}), EINVAL);
}

CASE(monitor_ring_by_ring)
{
	struct port a = open_with(vale("a"), (struct nmreq_register){.nr_tx_rings = 2, .nr_rx_rings = 2});
	struct port m = monitor_with(&a, (struct nmreq_register){.nr_flags = NR_MONITOR_TX});

	put(tx_ring(&a, 0), EVERYBODY, 1, 7);
	put(tx_ring(&a, 1), EVERYBODY, 1, 8);
	tx_sync(&a);
	rx_sync(&m);
	EQ(take(rx_ring(&m, 0)), 7);
	EQ(take(rx_ring(&m, 1)), 8);
}

CASE(monitor_of_exclusive_port)
{
	struct port a = open_with(vale("a"), (struct nmreq_register){.nr_flags = NR_EXCLUSIVE});
	struct port m = monitor_with(&a, (struct nmreq_register){.nr_flags = NR_MONITOR_TX});

	send_frame(&a, EVERYBODY, 1, 7);
	expect_frames(&m, 7, 1);
}

CASE(monitor_exclusive_is_about_its_own)
{
	struct port a = open_port(vale("a"));
	struct port m = monitor_with(&a, (struct nmreq_register){.nr_flags = NR_MONITOR_TX | NR_EXCLUSIVE});

	send_frame(&a, EVERYBODY, 1, 7);
	expect_frames(&m, 7, 1);
	ERR(try_open(a.name, (struct nmreq_register){.nr_mode = NR_REG_ALL_NIC}), 0);
}

CASE(monitor_shows_fragments)
{
	struct port a = open_port(vale("a"));
	struct port m = monitor_with(&a, (struct nmreq_register){.nr_flags = NR_MONITOR_TX});

	put(tx_ring(&a, 0), EVERYBODY, 1, 1)->flags = NS_MOREFRAG;
	put(tx_ring(&a, 0), EVERYBODY, 1, 2);
	tx_sync(&a);
	rx_sync(&m);
	EQ(space(rx_ring(&m, 0)), 2);
	EQ(rx_ring(&m, 0)->slot[0].flags & NS_MOREFRAG, NS_MOREFRAG);
	EQ(rx_ring(&m, 0)->slot[1].flags & NS_MOREFRAG, 0);
}

CASE(monitor_ends_with_last_open)
{
	struct port a = open_port(vale("a")), again = open_port(vale("a"));
	struct port m = monitor_with(&a, (struct nmreq_register){.nr_flags = NR_MONITOR_TX});

	close_port(&a);
	EQ(revents(&m, POLLIN), 0);
	send_frame(&again, EVERYBODY, 1, 7);
	expect_frames(&m, 7, 1);
	close_port(&again);
	expect_end(&m);
}

CASE(monitor_that_ended_stays_so)
{
	struct port a = open_port(vale("a"));
	struct port m = monitor_with(&a, (struct nmreq_register){.nr_flags = NR_MONITOR_TX});
	struct port z = zero_copy(&a, 0);

	close_port(&a);
	a = open_port(vale("a"));
	send_frame(&a, EVERYBODY, 1, 7);
	expect_end(&m);
	expect_end(&z);
	EQ(try_rx_sync(&m), 0);
	EQ(try_rx_sync(&z), 0);
	EQ(try_tx_sync(&m), 0);
}

CASE(monitor_poll_out_pollerr)
{
	struct port a = open_port(vale("a"));
	struct port m = monitor_with(&a, (struct nmreq_register){.nr_flags = NR_MONITOR_TX});

	EQ(revents(&m, POLLOUT), POLLOUT | POLLERR);
	EQ(revents(&m, POLLIN), 0);
}

CASE(monitor_of_pipe_end_not_open_einval)
{
	struct port p = open_port(vale("a{1"));

	(void)p;
	ERR(try_open(vale("a}1"), (struct nmreq_register){.nr_mode = NR_REG_ALL_NIC, .nr_flags = NR_MONITOR_RX}), EINVAL);
}

CASE(monitor_of_pipe_receiver)
{
	struct port p = open_port(vale("a{1")), s = open_port(vale("a}1"));
	struct port m = monitor_with(&s, (struct nmreq_register){.nr_flags = NR_MONITOR_RX});

	send_frames(&p, 2, 1, 0, 5);
	expect_frames(&m, 0, 5); /* nobody has received them yet */
	expect_frames(&s, 0, 5);
}

CASE(monitor_zero_copy_of_pipe_sender)
{
	struct port p = open_port(vale("a{1")), s = open_port(vale("a}1")), z = zero_copy(&p, 0);

	send_frames(&p, 2, 1, 0, 5);
	expect_nothing(&z);
	expect_frames(&s, 0, 5);
	tx_sync(&p); /* where the module looks at what was given back */
	expect_frames(&z, 0, 5);
	send_frames(&p, 2, 1, 5, 5);
	expect_frames(&s, 5, 5);
}

CASE(monitor_zero_copy_of_pipe_receiver)
{
	struct port p = open_port(vale("a{1")), s = open_port(vale("a}1")), z = zero_copy(&s, 0);

	send_frames(&p, 2, 1, 0, 5);
	expect_nothing(&z);
	expect_frames(&s, 0, 5);
	expect_frames(&z, 0, 5);
	send_frames(&p, 2, 1, 5, 5);
	expect_frames(&s, 5, 5);
}

/* Sends on a host ring, and gives the monitor's, synced. */
static struct netmap_ring *monitored_host_ring(void)
{
	struct port p = open_with(netdev, (struct nmreq_register){.nr_mode = NR_REG_NIC_SW});
	struct port m = open_with(netdev, (struct nmreq_register){.nr_mode = NR_REG_NIC_SW, .nr_flags = NR_MONITOR_TX});

	put(host_tx(&p), EVERYBODY, 1, 7);
	tx_sync(&p);
	expect_nothing(&m); /* of the NIC ring */
	return host_rx(&m);
}

CASE_ON(netdev_monitor_of_host_ring, USER | NETDEV)
{
	EQ(take(monitored_host_ring()), 7);
}

/* The module's monitors of host rings stay empty. */
CASE_ON(netdev_monitor_of_host_ring_empty, KERNEL | NETDEV)
{
	EQ(space(monitored_host_ring()), 0);
}

CASE_ON(netdev_monitor_ends_with_program, NETDEV)
{
	struct port p = open_port(netdev);
	struct port m = open_with(netdev, (struct nmreq_register){.nr_flags = NR_MONITOR_RX});

	EQ(revents(&m, POLLIN), 0);
	close_port(&p);
	expect_end(&m);
}

CASE_ON(netdev_monitor_not_open_einval, NETDEV)
{
	ERR(try_open(netdev, (struct nmreq_register){.nr_mode = NR_REG_ALL_NIC, .nr_flags = NR_MONITOR_TX}), EINVAL);
}
