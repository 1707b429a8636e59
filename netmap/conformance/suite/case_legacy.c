/* The interface of version 11: NIOCREGIF and NIOCGINFO, which have all in one struct. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "frame.h"
#include "harness.h"

static struct nmreq legacy(const char *name)
{
	struct nmreq q = {.nr_version = 14};

	memcpy(q.nr_name, name, strlen(name) + 1);
	return q;
}

static int regif(int fd, struct nmreq *q)
{
	return ioctl(fd, NIOCREGIF, q) == 0 ? 0 : errno;
}

static int command(const char *name, uint16_t cmd, uint16_t arg1)
{
	struct nmreq q = legacy(name);
	int fd = device(), e;

	q.nr_cmd = cmd;
	q.nr_arg1 = arg1;
	e = regif(fd, &q);
	close(fd);
	return e;
}

static struct port open_legacy(struct nmreq *q)
{
	struct port p = {.fd = device()};

	ERR(regif(p.fd, q), 0);
	strcpy(p.name, q->nr_name);
	p.reg.nr_memsize = q->nr_memsize;
	p.reg.nr_offset = q->nr_offset;
	map_port(&p);
	return p;
}

CASE(legacy_open)
{
	struct nmreq q = legacy(vale("a"));
	struct port a = open_legacy(&q), b = open_port(vale("b"));

	EQ(q.nr_tx_slots, 1024);
	EQ(q.nr_rx_slots, 1024);
	EQ(q.nr_tx_rings, 1);
	EQ(q.nr_rx_rings, 1);
	EQ(q.nr_memsize, 42369024);
	EQ(q.nr_offset, 0);
	TRUE(q.nr_arg2 > 1);
	send_frame(&a, EVERYBODY, 1, 7);
	expect_frames(&b, 7, 1);
}

CASE(legacy_versions)
{
	static const struct {
		uint32_t version;
		int e;
	} want[] = {{14, 0}, {15, 0}, {16, 0}, {13, EINVAL}, {0, EINVAL}};

	for (unsigned i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		struct nmreq q = legacy(vale("a"));
		int fd = device();

		q.nr_version = want[i].version;
		ERR(regif(fd, &q), want[i].e);
		close(fd);
	}
}

CASE(legacy_twice_ebusy)
{
	struct nmreq q = legacy(vale("a"));
	struct port a = open_legacy(&q);

	q = legacy(vale("b"));
	ERR(regif(a.fd, &q), EBUSY);
}

CASE(legacy_geometry)
{
	struct nmreq q = legacy(vale("a"));
	struct port a;

	q.nr_tx_slots = 128;
	q.nr_rx_slots = 256;
	q.nr_tx_rings = 2;
	q.nr_arg3 = 10;
	a = open_legacy(&q);
	EQ(q.nr_arg3, 10);
	EQ(tx_ring(&a, 1)->num_slots, 128);
	EQ(rx_ring(&a, 0)->num_slots, 256);
	TRUE(a.nifp->ni_bufs_head != 0);
}

CASE(legacy_memory_id)
{
	struct nmreq q = legacy(vale("a")), r = legacy(vale("b"));

	open_legacy(&q);
	r.nr_arg2 = q.nr_arg2;
	open_legacy(&r);
	EQ(r.nr_arg2, q.nr_arg2);
	TRUE(r.nr_offset != q.nr_offset);
}

CASE(legacy_one_ring)
{
	struct nmreq q = legacy(vale("a"));
	struct port a;

	q.nr_tx_rings = q.nr_rx_rings = 2;
	q.nr_ringid = NETMAP_HW_RING | 1;
	a = open_legacy(&q);
	EQ(a.nifp->ring_ofs[0], 0);
	EQ(tx_ring(&a, 1)->ringid, 1);
}

CASE(legacy_one_ring_by_mode)
{
	struct nmreq q = legacy(vale("a"));
	struct port a;

	q.nr_tx_rings = q.nr_rx_rings = 2;
	q.nr_ringid = 1;
	q.nr_flags = NR_REG_ONE_NIC;
	a = open_legacy(&q);
	EQ(a.nifp->ring_ofs[0], 0);
	EQ(tx_ring(&a, 1)->ringid, 1);
}

CASE(legacy_host_of_vale_einval)
{
	struct nmreq q = legacy(vale("a"));

	q.nr_ringid = NETMAP_SW_RING;
	ERR(regif(device(), &q), EINVAL);
	q = legacy(vale("a"));
	q.nr_flags = NR_REG_SW;
	ERR(regif(device(), &q), EINVAL);
}

CASE(legacy_no_tx_poll)
{
	struct nmreq q = legacy(vale("a"));
	struct port a, b = open_port(vale("b"));
	struct pollfd in = {.events = POLLIN};

	q.nr_ringid = NETMAP_NO_TX_POLL;
	a = open_legacy(&q);
	put(tx_ring(&a, 0), EVERYBODY, 1, 7);
	in.fd = a.fd;
	EQ(poll(&in, 1, 0), 0);
	expect_nothing(&b);
	tx_sync(&a);
	expect_frames(&b, 7, 1);
}

CASE(legacy_exclusive)
{
	struct nmreq q = legacy(vale("a"));

	q.nr_flags = NR_REG_ALL_NIC | NR_EXCLUSIVE;
	open_legacy(&q);
	q = legacy(vale("a"));
	ERR(regif(device(), &q), EBUSY);
}

CASE(legacy_pipe_rewrites_name)
{
	struct nmreq q = legacy(vale("a")), r = q;
	struct port m, s;
	char want[16];

	q.nr_flags = NR_REG_PIPE_MASTER;
	q.nr_ringid = 3;
	r.nr_flags = NR_REG_PIPE_SLAVE;
	r.nr_ringid = 3;
	m = open_legacy(&q);
	s = open_legacy(&r);
	snprintf(want, sizeof(want), "%s{3", vale("a"));
	EQ(strcmp(m.nifp->ni_name, want), 0);
	send_frame(&m, 2, 1, 7);
	expect_frames(&s, 7, 1);
}

CASE(legacy_info)
{
	struct nmreq q = legacy(vale("a")), r;
	int fd = device();

	q.nr_tx_slots = 64;
	open_legacy(&q);
	r = legacy(vale("a"));
	EQ(ioctl(fd, NIOCGINFO, &r), 0);
	EQ(r.nr_tx_slots, 64);
	EQ(r.nr_rx_slots, 1024);
	EQ(r.nr_memsize, q.nr_memsize);
	EQ(r.nr_arg2, q.nr_arg2);
	r = legacy("nosuchdev0");
	EQ(ioctl(fd, NIOCGINFO, &r), -1);
	EQ(errno, ENXIO);
}

CASE(legacy_info_without_name)
{
	struct nmreq q = legacy("");

	EQ(ioctl(device(), NIOCGINFO, &q), 0);
	EQ(q.nr_memsize, 343019520);
}

CASE(legacy_commands)
{
	char name[16];

	snprintf(name, sizeof(name), "p%x", (unsigned)getpgrp());
	ERR(command(name, NETMAP_BDG_NEWIF, 0), 0);
	ERR(command(name, NETMAP_BDG_NEWIF, 0), EEXIST);
	ERR(command(vale(name), NETMAP_BDG_ATTACH, 0), 0);
	TRUE(exists(vale(name)));
	ERR(command(vale(name), NETMAP_BDG_ATTACH, 0), EBUSY);
	ERR(command(vale(name), NETMAP_BDG_DETACH, 0), 0);
	ERR(command(name, NETMAP_BDG_DELIF, 0), 0);
	ERR(command(name, NETMAP_BDG_DELIF, 0), ENXIO);
}

CASE(legacy_list)
{
	struct nmreq q = legacy(vale("b"));

	open_port(vale("a"));
	open_port(vale("b"));
	q.nr_cmd = NETMAP_BDG_LIST;
	EQ(ioctl(device(), NIOCGINFO, &q), 0);
	EQ(q.nr_arg2, 1);
	q = legacy(vale_at(1, "x"));
	q.nr_cmd = NETMAP_BDG_LIST;
	EQ(ioctl(device(), NIOCGINFO, &q), -1);
	EQ(errno, ENOENT);
}

CASE(legacy_header_length)
{
	struct nmreq q = legacy(vale("a"));

	open_with(vale("a"), (struct nmreq_register){.nr_flags = NR_ACCEPT_VNET_HDR});
	ERR(command(vale("a"), NETMAP_BDG_VNET_HDR, 12), 0);
	q.nr_cmd = NETMAP_VNET_HDR_GET;
	ERR(regif(device(), &q), 0);
	EQ(q.nr_arg1, 12);
}

CASE(legacy_unknown_command_einval)
{
	ERR(command(vale("a"), 99, 0), EINVAL);
}
