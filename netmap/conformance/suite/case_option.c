/* The chain of options behind a request. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness.h"
#include "port.h"

#define UNTOUCHED 0xabcd

static struct nmreq_option option(uint32_t type, void *next, uint64_t size)
{
	return (struct nmreq_option){
		.nro_reqtype = type, .nro_next = (uintptr_t)next, .nro_size = size, .nro_status = UNTOUCHED,
	};
}

static int open_options_of(const char *name, uint64_t flags, void *options)
{
	struct nmreq_register reg = {.nr_mode = NR_REG_ALL_NIC, .nr_flags = flags};
	int fd = device(), e = try_request_with(fd, NETMAP_REQ_REGISTER, name, &reg, options);

	close(fd);
	return e;
}

CASE(option_unknown_eopnotsupp)
{
	struct nmreq_option o = option(NETMAP_REQ_OPT_MAX, NULL, 0), far = option(1000, NULL, 0);

	ERR(open_options_of(vale("a"), 0, &o), EOPNOTSUPP);
	ERR(o.nro_status, EOPNOTSUPP);
	ERR(open_options_of(vale("a"), 0, &far), EOPNOTSUPP);
	ERR(far.nro_status, EOPNOTSUPP);
	EQ(exists(vale("a")), 0);
}

CASE(option_unknown_ignored_by_others)
{
	struct nmreq_option o = option(NETMAP_REQ_OPT_MAX, NULL, 0);
	struct nmreq_port_info_get info = {0};

	ERR(try_request_with(device(), NETMAP_REQ_PORT_INFO_GET, vale("a"), &info, &o), 0);
	ERR(o.nro_status, EOPNOTSUPP);
}

CASE(option_type_0_einval)
{
	struct nmreq_option o = option(0, NULL, 0);

	ERR(open_options_of(vale("a"), 0, &o), EINVAL);
}

CASE(option_duplicate_einval)
{
	struct nmreq_opt_offsets b = {.nro_opt = option(NETMAP_REQ_OPT_OFFSETS, NULL, 0)};
	struct nmreq_opt_offsets a = {.nro_opt = option(NETMAP_REQ_OPT_OFFSETS, &b, 0)};

	ERR(open_options_of(vale("a"), 0, &a), EINVAL);
	ERR(a.nro_opt.nro_status, EINVAL);
	ERR(b.nro_opt.nro_status, EINVAL);
}

CASE(option_bad_pointer_efault)
{
	void *hole = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct nmreq_option o = option(NETMAP_REQ_OPT_MAX, hole, 0);

	ERR(open_options_of(vale("a"), 0, hole), EFAULT);
	ERR(open_options_of(vale("a"), 0, &o), EFAULT);
}

CASE(option_loop_of_unknown_emsgsize)
{
	struct nmreq_option o = option(NETMAP_REQ_OPT_MAX, NULL, 0);

	o.nro_next = (uintptr_t)&o;
	ERR(open_options_of(vale("a"), 0, &o), EMSGSIZE);
}

CASE(option_loop_of_known_einval)
{
	struct nmreq_opt_csb o = {.nro_opt = option(NETMAP_REQ_OPT_CSB, NULL, 0)};

	o.nro_opt.nro_next = (uintptr_t)&o;
	ERR(open_options_of(vale("a"), 0, &o), EINVAL);
}

CASE(option_too_long_emsgsize)
{
	static char room[8192];
	struct nmreq_option *o = (struct nmreq_option *)room;

	*o = option(NETMAP_REQ_OPT_SYNC_KLOOP_EVENTFDS, NULL, 5000);
	ERR(open_options_of(vale("a"), 0, o), EMSGSIZE);
}

CASE(option_status_written_on_error)
{
	struct nmreq_option o = option(NETMAP_REQ_OPT_MAX, NULL, 0);
	struct nmreq_register reg = {.nr_mode = 99};

	ERR(try_request_with(device(), NETMAP_REQ_REGISTER, vale("a"), &reg, &o), EINVAL);
	ERR(o.nro_status, EOPNOTSUPP);
}

/* The module as it is built by default, and the user-space switch, have no external memory. */
CASE(option_extmem_eopnotsupp)
{
	struct nmreq_opt_extmem o = {.nro_opt = option(NETMAP_REQ_OPT_EXTMEM, NULL, 0)};

	ERR(open_options_of(vale("a"), 0, &o), EOPNOTSUPP);
	ERR(o.nro_opt.nro_status, EOPNOTSUPP);
}

CASE(option_csb_not_exclusive_einval)
{
	static _Alignas(64) char csb[4096];
	struct nmreq_opt_csb o = {.nro_opt = option(NETMAP_REQ_OPT_CSB, NULL, 0)};

	o.csb_atok = (uintptr_t)csb;
	o.csb_ktoa = (uintptr_t)csb + 2048;
	ERR(open_options_of(vale("a"), 0, &o), EINVAL);
}

CASE_ON(option_csb_unaligned_einval, KERNEL)
{
	static _Alignas(64) char csb[4096];
	struct nmreq_opt_csb o = {.nro_opt = option(NETMAP_REQ_OPT_CSB, NULL, 0)};

	o.csb_atok = (uintptr_t)csb + 8;
	o.csb_ktoa = (uintptr_t)csb + 2048;
	ERR(open_options_of(vale("a"), NR_EXCLUSIVE, &o), EINVAL);
}

/* Positions in memory of the program's own: the user-space switch has them in the region. */
CASE_ON(option_csb_refused, USER)
{
	static _Alignas(64) char csb[4096];
	struct nmreq_opt_csb o = {.nro_opt = option(NETMAP_REQ_OPT_CSB, NULL, 0)};

	o.csb_atok = (uintptr_t)csb;
	o.csb_ktoa = (uintptr_t)csb + 2048;
	ERR(open_options_of(vale("a"), NR_EXCLUSIVE, &o), EOPNOTSUPP);
	ERR(o.nro_opt.nro_status, EOPNOTSUPP);
}
