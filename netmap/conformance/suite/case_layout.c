/* What lies in the region when a port is opened. */
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "port.h"

static int64_t offset(const struct port *p, const void *at)
{
	return (const char *)at - p->mem;
}

CASE(netmap_if_of_port)
{
	struct port p = open_port(vale("a"));

	EQ(strcmp(p.nifp->ni_name, p.name), 0);
	EQ(p.nifp->ni_version, 0);
	EQ(p.nifp->ni_flags, NI_PRIV_MEM);
	EQ(p.nifp->ni_tx_rings, 1);
	EQ(p.nifp->ni_rx_rings, 1);
	EQ(p.nifp->ni_host_tx_rings, 1);
	EQ(p.nifp->ni_host_rx_rings, 1);
	EQ(p.nifp->ni_bufs_head, 0);
}

CASE(netmap_if_name_cut_to_15)
{
	struct port p = open_port(vale("long_port_name"));

	EQ(strlen(p.nifp->ni_name), 15);
	EQ(strncmp(p.nifp->ni_name, p.name, 15), 0);
}

CASE(ring_offsets_tx_host_rx_host)
{
	struct port p = open_port(vale("a"));

	EQ(offset(&p, p.nifp), 0);
	EQ(p.nifp->ring_ofs[0], 12288 + 20480);
	EQ(p.nifp->ring_ofs[1], 0); /* host TX, which a VALE port has not */
	EQ(p.nifp->ring_ofs[2], 12288); /* RX rings come first in memory */
	EQ(p.nifp->ring_ofs[3], 0);
}

CASE(ring_fields)
{
	struct port p = open_port(vale("a"));
	struct netmap_ring *t = tx_ring(&p, 0), *r = rx_ring(&p, 0);

	EQ(t->dir, NETMAP_DIR_TX);
	EQ(r->dir, NETMAP_DIR_RX);
	EQ(t->ringid, 0);
	EQ(t->num_slots, 1024);
	EQ(t->nr_buf_size, 2048);
	EQ(r->nr_buf_size, 2048);
	EQ(offset(&p, t) + t->buf_ofs, 421888);
	EQ(offset(&p, r) + r->buf_ofs, 421888);
	EQ(t->flags, 0);
	EQ(t->ts_sec, 0);
}

CASE(ring_positions_at_start)
{
	struct port p = open_port(vale("a"));
	struct netmap_ring *t = tx_ring(&p, 0), *r = rx_ring(&p, 0);

	EQ(t->head, 0);
	EQ(t->cur, 0);
	EQ(t->tail, 1023);
	EQ(r->head, 0);
	EQ(r->cur, 0);
	EQ(r->tail, 0);
}

CASE(slots_at_start)
{
	struct port p = open_port(vale("a"));
	struct netmap_ring *t = tx_ring(&p, 0), *r = rx_ring(&p, 0);

	for (uint32_t i = 0; i < 1024; i++) {
		EQ(r->slot[i].buf_idx, 2 + i);
		EQ(t->slot[i].buf_idx, 2 + 1024 + i);
		EQ(t->slot[i].len, 2048);
		EQ(t->slot[i].flags, 0);
		EQ(t->slot[i].ptr, 0);
		EQ(r->slot[i].len, 2048);
		EQ(r->slot[i].flags, 0);
	}
}

CASE(second_open_has_netmap_if_of_its_own)
{
	struct port p = open_port(vale("a")), q = open_port(p.name);

	EQ(q.reg.nr_offset, p.reg.nr_offset + 1024);
	EQ(offset(&p, tx_ring(&p, 0)), offset(&q, tx_ring(&q, 0)));
	EQ(offset(&p, rx_ring(&p, 0)), offset(&q, rx_ring(&q, 0)));
	q.nifp->ni_bufs_head = 0;
	EQ(strcmp(q.nifp->ni_name, p.name), 0);
}

CASE(opens_share_rings)
{
	struct port p = open_port(vale("a")), q = open_port(p.name);

	tx_ring(&p, 0)->slot[5].len = 77;
	EQ(tx_ring(&q, 0)->slot[5].len, 77);
	memcpy(buffer(tx_ring(&p, 0), 9), "hello", 5);
	EQ(memcmp(buffer(rx_ring(&q, 0), 9), "hello", 5), 0);
}

CASE(netmap_if_is_free_after_close)
{
	struct port p = open_port(vale("a")), q = open_port(p.name), r;
	uint64_t at = q.reg.nr_offset;

	close_port(&q);
	r = open_port(p.name);
	EQ(r.reg.nr_offset, at);
}
