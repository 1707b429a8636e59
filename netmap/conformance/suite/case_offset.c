/* Offsets: frames that do not begin at the start of their buffers. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "frame.h"
#include "harness.h"

static struct nmreq_opt_offsets offsets(uint64_t max, uint64_t initial, uint32_t bits)
{
	return (struct nmreq_opt_offsets){
		.nro_opt.nro_reqtype = NETMAP_REQ_OPT_OFFSETS, .nro_opt.nro_status = 0xabcd,
		.nro_max_offset = max, .nro_initial_offset = initial, .nro_offset_bits = bits,
	};
}

static int try_offsets(const char *name, struct nmreq_opt_offsets *o)
{
	struct nmreq_register reg = {.nr_mode = NR_REG_ALL_NIC};
	int fd = device(), e = try_request_with(fd, NETMAP_REQ_REGISTER, name, &reg, o);

	close(fd);
	return e;
}

CASE(offsets_none_without_option)
{
	struct port a = open_port(vale("a"));

	EQ(tx_ring(&a, 0)->offset_mask, 0);
	EQ(rx_ring(&a, 0)->offset_mask, 0);
}

CASE(offsets_mask_and_initial)
{
	struct nmreq_opt_offsets o = offsets(256, 128, 16);
	struct port a = open_options(vale("a"), (struct nmreq_register){0}, &o);

	ERR(o.nro_opt.nro_status, 0);
	EQ(tx_ring(&a, 0)->offset_mask, 0xffff);
	EQ(rx_ring(&a, 0)->offset_mask, 0xffff);
	EQ(tx_ring(&a, 0)->slot[0].ptr & 0xffff, 128);
	EQ(rx_ring(&a, 0)->slot[9].ptr & 0xffff, 128);
}

CASE(offsets_all_bits)
{
	struct nmreq_opt_offsets o = offsets(256, 0, 0);
	struct port a = open_options(vale("a"), (struct nmreq_register){0}, &o);

	TRUE(tx_ring(&a, 0)->offset_mask == ~(uint64_t)0);
}

CASE(offsets_sent_from)
{
	struct nmreq_opt_offsets o = offsets(256, 0, 16);
	struct port a = open_options(vale("a"), (struct nmreq_register){0}, &o), b = open_port(vale("b"));
	struct netmap_ring *t = tx_ring(&a, 0);

	for (uint32_t i = 0; i < 5; i++) {
		struct netmap_slot *s = put(t, 9, 9, 1000);

		s->ptr = i * 64;
		write_frame(buffer(t, s->buf_idx) + i * 64, EVERYBODY, 1, i, FRAME);
	}
	tx_sync(&a);
	expect_frames(&b, 0, 5);
}

static void receive_at_offset(uint64_t initial)
{
	struct nmreq_opt_offsets o = offsets(256, initial, 16);
	struct port a = open_port(vale("a")), b = open_options(vale("b"), (struct nmreq_register){0}, &o);
	struct netmap_ring *r = rx_ring(&b, 0);

	send_frame(&a, EVERYBODY, 1, 7);
	rx_sync(&b);
	EQ(space(r), 1);
	EQ(r->slot[0].len, FRAME);
	if (initial % 64 == 0)
		EQ(r->slot[0].ptr & 0xffff, initial);
	EQ(tag_of(buffer(r, r->slot[0].buf_idx) + (r->slot[0].ptr & 0xffff)), 7);
}

CASE(offsets_received_at)
{
	receive_at_offset(128);
}

/* The switch may move it a little, so that whole cache lines are copied. */
CASE(offsets_received_where_slot_says)
{
	receive_at_offset(100);
}

CASE(offsets_too_large_einval)
{
	struct nmreq_opt_offsets o = offsets(5000, 0, 16);

	ERR(try_offsets(vale("a"), &o), EINVAL);
	ERR(o.nro_opt.nro_status, EINVAL);
}

CASE(offsets_initial_over_max_einval)
{
	struct nmreq_opt_offsets o = offsets(100, 101, 16);

	ERR(try_offsets(vale("a"), &o), EINVAL);
}

CASE(offsets_bits_too_few_einval)
{
	struct nmreq_opt_offsets o = offsets(256, 0, 4);

	ERR(try_offsets(vale("a"), &o), EINVAL);
}

CASE(offsets_bits_too_many_einval)
{
	struct nmreq_opt_offsets o = offsets(256, 0, 65);

	ERR(try_offsets(vale("a"), &o), EINVAL);
}

CASE(offsets_of_open_port_cannot_grow)
{
	struct nmreq_opt_offsets o = offsets(256, 0, 16), same = offsets(256, 0, 16), more = offsets(512, 0, 16);
	struct port a = open_options(vale("a"), (struct nmreq_register){0}, &o);

	ERR(try_offsets(a.name, &same), 0);
	ERR(try_offsets(a.name, &more), EBUSY);
}

CASE(offset_beyond_buffer_dropped)
{
	struct nmreq_opt_offsets o = offsets(256, 0, 16);
	struct port a = open_options(vale("a"), (struct nmreq_register){0}, &o), b = open_port(vale("b"));

	put(tx_ring(&a, 0), EVERYBODY, 1, 1)->ptr = 3000; /* beyond the buffer */
	put(tx_ring(&a, 0), EVERYBODY, 1, 2)->ptr = 0;
	tx_sync(&a);
	rx_sync(&b);
	EQ(tag_of(buffer(rx_ring(&b, 0), rx_ring(&b, 0)->slot[rx_ring(&b, 0)->tail - 1].buf_idx)), 2);
}
