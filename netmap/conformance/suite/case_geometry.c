/* Sizes: of rings, slots and regions, what is asked for and what is given. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "harness.h"
#include "port.h"

#define DEFAULT_REGION 42369024

static struct nmreq_register slots(uint32_t n)
{
	return (struct nmreq_register){.nr_tx_slots = n, .nr_rx_slots = n};
}

static struct nmreq_port_info_get info_of(const char *name)
{
	struct nmreq_port_info_get info = {0};
	int fd = device();

	ERR(try_request(fd, NETMAP_REQ_PORT_INFO_GET, name, &info), 0);
	close(fd);
	return info;
}

CASE(default_geometry)
{
	struct port p = open_port(vale("a"));

	EQ(p.reg.nr_tx_rings, 1);
	EQ(p.reg.nr_rx_rings, 1);
	EQ(p.reg.nr_tx_slots, 1024);
	EQ(p.reg.nr_rx_slots, 1024);
	EQ(p.reg.nr_host_tx_rings, 0);
	EQ(p.reg.nr_host_rx_rings, 0);
	EQ(p.reg.nr_memsize, DEFAULT_REGION);
	EQ(p.reg.nr_offset, 0);
	EQ(p.reg.nr_extra_bufs, 0);
	TRUE(p.reg.nr_mem_id > REGION_GLOBAL);
}

CASE(region_size_by_slots)
{
	static const struct {
		uint32_t slots;
		uint64_t size;
	} want[] = {{64, 8814592}, {256, 10911744}, {1024, DEFAULT_REGION}, {4096, 169893888}};

	for (unsigned i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		struct port p = open_with(vale("a"), slots(want[i].slots));

		EQ(p.reg.nr_tx_slots, want[i].slots);
		EQ(p.reg.nr_rx_slots, want[i].slots);
		EQ(p.reg.nr_memsize, want[i].size);
		close_port(&p);
	}
}

CASE(region_size_by_rings)
{
	struct port p = open_with(vale("a"), (struct nmreq_register){.nr_tx_rings = 4, .nr_rx_rings = 4});

	EQ(p.reg.nr_tx_rings, 4);
	EQ(p.reg.nr_rx_rings, 4);
	EQ(p.reg.nr_memsize, 55074816);
	EQ(p.nifp->ni_tx_rings, 4);
	EQ(p.nifp->ni_rx_rings, 4);
	EQ(tx_ring(&p, 3)->ringid, 3);
	EQ(rx_ring(&p, 3)->ringid, 3);
}

CASE(rings_and_slots_may_differ)
{
	struct nmreq_register reg = {.nr_tx_rings = 2, .nr_rx_rings = 3, .nr_tx_slots = 128, .nr_rx_slots = 512};
	struct port p = open_with(vale("a"), reg);

	EQ(p.reg.nr_tx_rings, 2);
	EQ(p.reg.nr_rx_rings, 3);
	EQ(tx_ring(&p, 1)->num_slots, 128);
	EQ(rx_ring(&p, 2)->num_slots, 512);
	EQ(space(tx_ring(&p, 1)), 127);
}

CASE(slots_too_many_clamped)
{
	struct port p = open_with(vale("a"), slots(100000));

	EQ(p.reg.nr_tx_slots, 4096);
	EQ(p.reg.nr_rx_slots, 4096);
	EQ(tx_ring(&p, 0)->num_slots, 4096);
}

CASE(rings_too_many_clamped)
{
	struct nmreq_register reg = {.nr_tx_rings = 100, .nr_rx_rings = 17, .nr_tx_slots = 64, .nr_rx_slots = 64};
	struct port p = open_with(vale("a"), reg);

	EQ(p.reg.nr_tx_rings, 16);
	EQ(p.reg.nr_rx_rings, 16);
}

CASE(second_open_keeps_geometry)
{
	struct port p = open_with(vale("a"), slots(256)), q;

	q = open_with(p.name, (struct nmreq_register){.nr_tx_slots = 512, .nr_rx_slots = 64, .nr_tx_rings = 3});
	EQ(q.reg.nr_tx_slots, 256);
	EQ(q.reg.nr_rx_slots, 256);
	EQ(q.reg.nr_tx_rings, 1);
	EQ(q.reg.nr_memsize, p.reg.nr_memsize);
	EQ(q.reg.nr_mem_id, p.reg.nr_mem_id);
}

CASE(opens_of_a_port_12)
{
	const char *name = vale("a");

	for (int i = 0; i < 12; i++)
		open_port(name);
	ERR(try_open(name, (struct nmreq_register){0}), ENOMEM);
}

CASE(ports_have_regions_of_their_own)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b"));

	TRUE(a.reg.nr_mem_id != b.reg.nr_mem_id);
	TRUE(b.reg.nr_mem_id > REGION_GLOBAL);
}

CASE(port_info_of_open_port)
{
	struct port p = open_with(vale("a"), (struct nmreq_register){.nr_tx_slots = 256, .nr_rx_slots = 128, .nr_rx_rings = 2});
	struct nmreq_port_info_get info = info_of(p.name);

	EQ(info.nr_memsize, p.reg.nr_memsize);
	EQ(info.nr_mem_id, p.reg.nr_mem_id);
	EQ(info.nr_tx_slots, 256);
	EQ(info.nr_rx_slots, 128);
	EQ(info.nr_tx_rings, 1);
	EQ(info.nr_rx_rings, 2);
}

CASE(port_info_of_no_port_succeeds)
{
	struct nmreq_port_info_get info = info_of(vale("a"));

	EQ(info.nr_tx_slots, 1024);
	EQ(info.nr_rx_rings, 1);
	EQ(info.nr_memsize, DEFAULT_REGION);
	EQ(exists(vale("a")), 0);
	ERR(try_open(vale("a"), (struct nmreq_register){.nr_mem_id = info.nr_mem_id}), EINVAL);
}

CASE(port_info_without_name_is_of_global_region)
{
	struct nmreq_port_info_get info = info_of("");

	EQ(info.nr_memsize, 343019520);
}

CASE(port_info_without_name_of_region)
{
	struct port p = open_with(vale("a"), slots(64));
	struct nmreq_port_info_get info = {.nr_mem_id = p.reg.nr_mem_id};

	ERR(try_request(device(), NETMAP_REQ_PORT_INFO_GET, "", &info), 0);
	EQ(info.nr_memsize, p.reg.nr_memsize);
}

CASE(port_info_unknown_enxio)
{
	struct nmreq_port_info_get info = {0};

	ERR(try_request(device(), NETMAP_REQ_PORT_INFO_GET, "nosuchdev0", &info), ENXIO);
}

CASE(pools_of_default_region)
{
	struct port p = open_port(vale("a"));
	struct nmreq_pools_info pools = {0};

	ERR(try_request(p.fd, NETMAP_REQ_POOLS_INFO_GET, p.name, &pools), 0);
	EQ(pools.nr_memsize, p.reg.nr_memsize);
	EQ(pools.nr_mem_id, p.reg.nr_mem_id);
	EQ(pools.nr_if_pool_offset, 0);
	EQ(pools.nr_if_pool_objtotal, 12);
	EQ(pools.nr_if_pool_objsize, 1024);
	EQ(pools.nr_ring_pool_offset, 12288);
	EQ(pools.nr_ring_pool_objtotal, 20);
	EQ(pools.nr_ring_pool_objsize, 20480);
	EQ(pools.nr_buf_pool_offset, 421888);
	EQ(pools.nr_buf_pool_objtotal, 20482);
	EQ(pools.nr_buf_pool_objsize, 2048);
}

CASE(pools_without_name_enxio)
{
	struct nmreq_pools_info pools = {0};

	ERR(try_request(device(), NETMAP_REQ_POOLS_INFO_GET, "", &pools), ENXIO);
}
