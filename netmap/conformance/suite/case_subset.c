/* Opens of some of a port's rings, and who else may have them. */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "frame.h"
#include "harness.h"

static const struct nmreq_register two_rings = {.nr_tx_rings = 2, .nr_rx_rings = 2};

static struct nmreq_register one(uint16_t ring, uint64_t flags)
{
	struct nmreq_register reg = two_rings;

	reg.nr_mode = NR_REG_ONE_NIC;
	reg.nr_ringid = ring;
	reg.nr_flags = flags;
	return reg;
}

CASE(one_ring_offsets)
{
	struct port p = open_with(vale("a"), one(1, 0));

	EQ(p.reg.nr_tx_rings, 2);
	EQ(p.reg.nr_rx_rings, 2);
	EQ(p.nifp->ni_tx_rings, 2);
	EQ(p.nifp->ring_ofs[0], 0);
	TRUE(p.nifp->ring_ofs[1] != 0);
	EQ(p.nifp->ring_ofs[2], 0); /* host */
	EQ(p.nifp->ring_ofs[3], 0);
	TRUE(p.nifp->ring_ofs[4] != 0);
	EQ(tx_ring(&p, 1)->ringid, 1);
	EQ(rx_ring(&p, 1)->ringid, 1);
}

CASE(one_ring_syncs_that_ring)
{
	struct port all = open_with(vale("a"), two_rings), p = open_with(all.name, one(1, 0)), b = open_port(vale("b"));

	put(tx_ring(&all, 0), EVERYBODY, 1, 100);
	put(tx_ring(&p, 1), EVERYBODY, 1, 101);
	tx_sync(&p);
	expect_frames(&b, 101, 1);
	tx_sync(&all);
	expect_frames(&b, 100, 1);
}

CASE(tx_rings_only)
{
	struct port p = open_with(vale("a"), (struct nmreq_register){.nr_flags = NR_TX_RINGS_ONLY}), b = open_port(vale("b"));

	TRUE(p.nifp->ring_ofs[0] != 0);
	EQ(p.nifp->ring_ofs[2], 0);
	send_frame(&p, EVERYBODY, 1, 7);
	expect_frames(&b, 7, 1);
	rx_sync(&p);
}

CASE(rx_rings_only)
{
	struct port p = open_with(vale("a"), (struct nmreq_register){.nr_flags = NR_RX_RINGS_ONLY}), b = open_port(vale("b"));

	EQ(p.nifp->ring_ofs[0], 0);
	TRUE(p.nifp->ring_ofs[2] != 0);
	send_frame(&b, EVERYBODY, 1, 7);
	expect_frames(&p, 7, 1);
	tx_sync(&p);
}

CASE(both_directions_only_is_no_ring)
{
	struct port p = open_with(vale("a"), (struct nmreq_register){.nr_flags = NR_RX_RINGS_ONLY | NR_TX_RINGS_ONLY});

	EQ(p.nifp->ring_ofs[0], 0);
	EQ(p.nifp->ring_ofs[2], 0);
	tx_sync(&p);
	rx_sync(&p);
}

CASE(directions_by_two_opens)
{
	struct port t = open_with(vale("a"), (struct nmreq_register){.nr_flags = NR_TX_RINGS_ONLY | NR_EXCLUSIVE});
	struct port r = open_with(t.name, (struct nmreq_register){.nr_flags = NR_RX_RINGS_ONLY | NR_EXCLUSIVE});
	struct port b = open_port(vale("b"));

	send_frame(&b, EVERYBODY, 1, 7);
	expect_frames(&r, 7, 1);
	send_frame(&t, EVERYBODY, 2, 8);
	expect_frames(&b, 8, 1);
}

CASE(exclusive_of_different_rings)
{
	struct port p = open_with(vale("a"), one(0, NR_EXCLUSIVE)), q = open_with(p.name, one(1, NR_EXCLUSIVE));

	ERR(try_open(p.name, one(0, 0)), EBUSY);
	ERR(try_open(p.name, one(1, 0)), EBUSY);
	ERR(try_open(p.name, two_rings), EBUSY);
	close_port(&q);
	ERR(try_open(p.name, one(1, 0)), 0);
	ERR(try_open(p.name, one(0, 0)), EBUSY);
}

CASE(exclusive_of_ring_in_use_ebusy)
{
	struct port p = open_with(vale("a"), one(0, 0));

	ERR(try_open(p.name, one(0, NR_EXCLUSIVE)), EBUSY);
	ERR(try_open(p.name, one(1, NR_EXCLUSIVE)), 0);
	ERR(try_open(p.name, one(0, 0)), 0);
}

CASE(failed_open_leaves_nothing)
{
	struct port p = open_with(vale("a"), one(0, NR_EXCLUSIVE));

	for (int i = 0; i < 20; i++) /* more than there are netmap_ifs */
		ERR(try_open(p.name, two_rings), EBUSY);
	ERR(try_open(p.name, one(1, NR_EXCLUSIVE)), 0);
}

CASE(ring_keeps_its_place_while_port_is_open)
{
	struct port keep = open_with(vale("a"), one(0, 0)), p = open_with(keep.name, one(1, 0)), b = open_port(vale("b"));

	put(tx_ring(&p, 1), EVERYBODY, 1, 0);
	tx_sync(&p);
	EQ(tx_ring(&p, 1)->head, 1);
	close_port(&p);
	p = open_with(keep.name, one(1, 0));
	EQ(tx_ring(&p, 1)->head, 1);
	EQ(space(tx_ring(&p, 1)), 1023);
	put(tx_ring(&p, 1), EVERYBODY, 1, 1);
	tx_sync(&p);
	expect_frames(&b, 0, 2);
}

CASE(positions_stay_while_open)
{
	struct port a = open_port(vale("a")), again, b = open_port(vale("b"));

	send_frames(&a, EVERYBODY, 1, 0, 10);
	again = open_port(a.name);
	EQ(tx_ring(&again, 0)->head, 10);
	send_frames(&again, EVERYBODY, 1, 10, 10);
	close_port(&again);
	send_frames(&a, EVERYBODY, 1, 20, 10);
	expect_frames(&b, 0, 30);
}

CASE(poll_looks_at_own_rings_only)
{
	struct port keep = open_with(vale("a"), one(0, 0)), p = open_with(keep.name, one(1, 0)), b = open_port(vale("b"));
	struct pollfd fds[2] = {{.fd = p.fd, .events = POLLIN}, {.fd = keep.fd, .events = POLLIN}};

	send_frame(&b, EVERYBODY, 2, 7); /* comes to ring 0 */
	EQ(poll(fds, 2, 1000), 1);
	EQ(fds[0].revents, 0);
	EQ(fds[1].revents, POLLIN);
}

CASE(ring_of_fewer_is_first)
{
	struct port a = open_with(vale("a"), (struct nmreq_register){
		.nr_tx_rings = 3, .nr_rx_rings = 1, .nr_mode = NR_REG_ONE_NIC, .nr_ringid = 2,
	});

	TRUE(a.nifp->ring_ofs[0] == 0 && a.nifp->ring_ofs[1] == 0 && a.nifp->ring_ofs[2] != 0); /* tx */
	TRUE(a.nifp->ring_ofs[4] != 0); /* rx, behind a host ring */
}
