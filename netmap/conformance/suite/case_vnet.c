/* virtio-net headers before frames: PORT_HDR_SET, PORT_HDR_GET. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "frame.h"
#include "harness.h"

static const struct nmreq_register accepting = {.nr_flags = NR_ACCEPT_VNET_HDR};

static int set_header(const char *name, uint32_t len)
{
	struct nmreq_port_hdr q = {.nr_hdr_len = len};
	int fd = device(), e = try_request(fd, NETMAP_REQ_PORT_HDR_SET, name, &q);

	close(fd);
	return e;
}

static uint32_t header_of(const char *name)
{
	struct nmreq_port_hdr q = {.nr_hdr_len = 99};
	int fd = device();

	ERR(try_request(fd, NETMAP_REQ_PORT_HDR_GET, name, &q), 0);
	close(fd);
	return q.nr_hdr_len;
}

/* A frame behind a header of zeros. */
static void send_headed(const struct port *p, unsigned to, unsigned from, uint32_t tag, uint32_t header)
{
	struct netmap_ring *r = tx_ring(p, 0);
	struct netmap_slot *s = put(r, to, from, tag);

	memset(buffer(r, s->buf_idx), 0, header);
	write_frame(buffer(r, s->buf_idx) + header, to, from, tag, FRAME);
	s->len = (uint16_t)(FRAME + header);
	tx_sync(p);
}

static void expect_headed(const struct port *p, uint32_t tag, uint32_t header)
{
	struct netmap_ring *r = rx_ring(p, 0);

	rx_sync(p);
	EQ(space(r), 1);
	EQ(r->slot[r->head].len, FRAME + header);
	EQ(tag_of(buffer(r, r->slot[r->head].buf_idx) + header), tag);
	for (uint32_t i = 0; i < header && i < 10; i++)
		EQ(buffer(r, r->slot[r->head].buf_idx)[i], 0);
	r->head = r->cur = r->tail;
	rx_sync(p);
}

CASE(header_is_0_at_first)
{
	struct port a = open_port(vale("a"));

	EQ(header_of(a.name), 0);
}

CASE(header_lengths)
{
	struct port a = open_with(vale("a"), accepting);
	static const uint32_t good[] = {12, 10, 0}, bad[] = {1, 8, 11, 13, 100, 0xffffffff};

	for (unsigned i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ERR(set_header(a.name, good[i]), 0);
		EQ(header_of(a.name), good[i]);
	}
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ERR(set_header(a.name, bad[i]), EINVAL);
	EQ(header_of(a.name), 0);
}

CASE(header_of_no_port_enxio)
{
	struct nmreq_port_hdr q = {0};

	ERR(set_header(vale("a"), 12), ENXIO);
	ERR(set_header("lo", 12), ENXIO);
	ERR(try_request(device(), NETMAP_REQ_PORT_HDR_GET, vale("a"), &q), ENXIO);
}

CASE(header_not_accepted_eio)
{
	struct port a = open_with(vale("a"), accepting);

	ERR(set_header(a.name, 12), 0);
	ERR(try_open(a.name, (struct nmreq_register){0}), EIO);
	ERR(try_open(a.name, accepting), 0);
}

CASE(header_carried_between_equals)
{
	struct port a = open_with(vale("a"), accepting), b = open_with(vale("b"), accepting);

	ERR(set_header(a.name, 12), 0);
	ERR(set_header(b.name, 12), 0);
	send_headed(&a, EVERYBODY, 1, 7, 12);
	expect_headed(&b, 7, 12);
	send_headed(&b, 1, 2, 8, 12); /* addresses are looked for behind it */
	expect_headed(&a, 8, 12);
}

CASE(header_taken_off)
{
	struct port a = open_with(vale("a"), accepting), b = open_port(vale("b"));

	ERR(set_header(a.name, 12), 0);
	send_headed(&a, EVERYBODY, 1, 7, 12);
	expect_headed(&b, 7, 0);
}

CASE(header_put_on)
{
	struct port a = open_port(vale("a")), b = open_with(vale("b"), accepting);

	ERR(set_header(b.name, 12), 0);
	send_frame(&a, EVERYBODY, 1, 7);
	expect_headed(&b, 7, 12);
	ERR(set_header(b.name, 10), 0);
	send_frame(&a, EVERYBODY, 1, 8);
	expect_headed(&b, 8, 10);
}

CASE(header_10_to_12)
{
	struct port a = open_with(vale("a"), accepting), b = open_with(vale("b"), accepting);

	ERR(set_header(a.name, 10), 0);
	ERR(set_header(b.name, 12), 0);
	send_headed(&a, EVERYBODY, 1, 7, 10);
	expect_headed(&b, 7, 12);
}

CASE(header_learned_behind)
{
	struct port a = open_with(vale("a"), accepting), b = open_port(vale("b")), c = open_port(vale("c"));

	ERR(set_header(a.name, 12), 0);
	send_headed(&a, EVERYBODY, 1, 7, 12);
	drain(&b);
	drain(&c);
	send_frame(&b, 1, 2, 8);
	expect_headed(&a, 8, 12);
	expect_nothing(&c);
}

CASE(header_frame_too_short_dropped)
{
	struct port a = open_with(vale("a"), accepting), b = open_with(vale("b"), accepting);

	ERR(set_header(a.name, 12), 0);
	ERR(set_header(b.name, 12), 0);
	put(tx_ring(&a, 0), EVERYBODY, 1, 1)->len = 25;
	tx_sync(&a);
	expect_nothing(&b);
}
