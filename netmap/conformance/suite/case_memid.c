/* Memory ids: several ports in one region. And NULL ports, which are nothing but a region. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "frame.h"
#include "harness.h"

static struct port in_region_of(const struct port *p, const char *name)
{
	return open_with(name, (struct nmreq_register){.nr_mem_id = p->reg.nr_mem_id});
}

CASE(region_shared_by_id)
{
	struct port a = open_port(vale("a")), b = in_region_of(&a, vale("b"));

	EQ(b.reg.nr_mem_id, a.reg.nr_mem_id);
	EQ(b.reg.nr_memsize, a.reg.nr_memsize);
	TRUE(b.reg.nr_offset != a.reg.nr_offset);
	TRUE(tx_ring(&b, 0)->slot[0].buf_idx > rx_ring(&a, 0)->slot[1023].buf_idx);
	memcpy(buffer(tx_ring(&a, 0), 5), "same", 4);
	EQ(memcmp(buffer(tx_ring(&b, 0), 5), "same", 4), 0);
	send_frame(&a, EVERYBODY, 1, 7);
	expect_frames(&b, 7, 1);
}

CASE(region_of_other_switch_shared)
{
	struct port a = open_port(vale_at(0, "a")), b = in_region_of(&a, vale_at(1, "b"));
	struct port c = open_port(vale_at(0, "c")), d = open_port(vale_at(1, "d"));
	struct netmap_ring *r = rx_ring(&a, 0), *t = tx_ring(&b, 0);
	uint32_t idx;

	/* a bridge between two switches that moves buffers and copies nothing */
	send_frame(&c, EVERYBODY, 1, 7);
	rx_sync(&a);
	idx = r->slot[0].buf_idx;
	r->slot[0].buf_idx = t->slot[0].buf_idx;
	t->slot[0].buf_idx = idx;
	t->slot[0].len = r->slot[0].len;
	r->slot[0].flags |= NS_BUF_CHANGED;
	t->slot[0].flags |= NS_BUF_CHANGED;
	r->head = r->cur = t->head = t->cur = 1;
	tx_sync(&b);
	rx_sync(&a);
	expect_frames(&d, 7, 1);
}

CASE(region_outlives_first_port)
{
	struct port a = open_port(vale("a")), b = in_region_of(&a, vale("b")), c;

	close_port(&a);
	c = in_region_of(&b, vale("c"));
	send_frame(&b, EVERYBODY, 1, 7);
	expect_frames(&c, 7, 1);
}

CASE(region_ends_with_last_port)
{
	struct port a = open_port(vale("a"));
	uint16_t id = a.reg.nr_mem_id;

	close_port(&a);
	ERR(try_open(vale("b"), (struct nmreq_register){.nr_mem_id = id}), EINVAL);
}

CASE(region_full_enomem)
{
	struct port a = open_port(vale("a"));
	int e = 0, n = 0;

	for (; e == 0 && n < 30; n++) {
		struct nmreq_register reg = {.nr_mode = NR_REG_ALL_NIC, .nr_mem_id = a.reg.nr_mem_id};
		char name[16] = "b";

		name[1] = (char)('a' + n);
		e = try_register(device(), vale(name), &reg);
	}
	ERR(e, ENOMEM);
	TRUE(n > 5);
	tx_sync(&a);
}

CASE(second_open_ignores_another_memory_id)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b")), again = in_region_of(&b, a.name);

	EQ(again.reg.nr_mem_id, a.reg.nr_mem_id);
	ERR(try_open(a.name, (struct nmreq_register){.nr_mem_id = 999}), EINVAL);
}

CASE(null_port_without_id_einval)
{
	ERR(try_open(vale("a"), (struct nmreq_register){.nr_mode = NR_REG_NULL}), EINVAL);
	ERR(try_open("", (struct nmreq_register){.nr_mode = NR_REG_NULL}), EINVAL);
	ERR(try_open("x", (struct nmreq_register){.nr_mode = NR_REG_NULL, .nr_mem_id = 999}), EINVAL);
}

static struct port null_of(const struct port *p, struct nmreq_register reg)
{
	reg.nr_mode = NR_REG_NULL;
	reg.nr_mem_id = p->reg.nr_mem_id;
	return open_with("anything", reg);
}

CASE(null_port_without_rings)
{
	struct port a = open_port(vale("a")), n = null_of(&a, (struct nmreq_register){0});

	EQ(n.reg.nr_memsize, a.reg.nr_memsize);
	EQ(n.nifp->ni_tx_rings, 0);
	EQ(n.nifp->ni_rx_rings, 0);
	tx_ring(&a, 0)->slot[0].ptr = 42;
	EQ(((struct netmap_ring *)(n.mem + 32768))->slot[0].ptr, 42);
	tx_sync(&n);
	rx_sync(&n);
}

CASE(null_port_with_rings)
{
	struct port a = open_port(vale("a"));
	struct port n = null_of(&a, (struct nmreq_register){
		.nr_tx_rings = 1, .nr_rx_rings = 1, .nr_tx_slots = 128, .nr_rx_slots = 128,
	});

	EQ(n.nifp->ni_tx_rings, 1);
	EQ(n.nifp->ni_rx_rings, 1);
	EQ(tx_ring(&n, 0)->num_slots, 128);
	tx_sync(&n);
	rx_sync(&n);
}

CASE(null_port_extra_buffers)
{
	struct port a = open_port(vale("a")), n = null_of(&a, (struct nmreq_register){.nr_extra_bufs = 50});

	EQ(n.reg.nr_extra_bufs, 50);
	TRUE(n.nifp->ni_bufs_head != 0);
}

CASE(null_port_keeps_region_not_port)
{
	struct port a = open_port(vale("a")), n = null_of(&a, (struct nmreq_register){0}), b;

	close_port(&a);
	EQ(exists(a.name), 0);
	b = in_region_of(&n, vale("b"));
	EQ(b.reg.nr_mem_id, n.reg.nr_mem_id);
}

CASE(null_port_sees_netmap_ifs)
{
	struct port a = open_with(vale("a"), (struct nmreq_register){.nr_flags = NR_EXCLUSIVE});
	struct port n = null_of(&a, (struct nmreq_register){0});

	EQ(strcmp(((struct netmap_if *)n.mem)->ni_name, a.name), 0);
}
