/* NIOCCTRL: the header, and what REGISTER answers to a request that is wrong. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness.h"
#include "port.h"

static struct nmreq_register all_nic(void)
{
	return (struct nmreq_register){.nr_mode = NR_REG_ALL_NIC};
}

static int mode(const char *name, uint32_t mode, uint16_t ringid)
{
	struct nmreq_register reg = {.nr_mode = mode, .nr_ringid = ringid};
	int fd = device(), e = try_register(fd, name, &reg);

	close(fd);
	return e;
}

static int version(uint16_t v)
{
	struct nmreq_register reg = all_nic();
	struct nmreq_header h = {.nr_version = v, .nr_reqtype = NETMAP_REQ_REGISTER};

	h.nr_body = (uintptr_t)&reg;
	strcpy(h.nr_name, vale("a"));
	return ioctl(device(), NIOCCTRL, &h) == 0 ? 0 : errno;
}

CASE(version_14_and_15)
{
	ERR(version(14), 0);
	ERR(version(15), 0);
	ERR(version(13), EINVAL);
	ERR(version(16), EINVAL);
	ERR(version(0), EINVAL);
}

CASE(reserved_not_zero_einval)
{
	struct nmreq_register reg = all_nic();
	struct nmreq_header h = {.nr_version = NETMAP_API, .nr_reqtype = NETMAP_REQ_REGISTER, .nr_reserved = 1};

	h.nr_body = (uintptr_t)&reg;
	strcpy(h.nr_name, vale("a"));
	ERR(ioctl(device(), NIOCCTRL, &h) == 0 ? 0 : errno, EINVAL);
}

CASE(type_unknown_einval)
{
	struct nmreq_register reg = all_nic();
	static const uint16_t types[] = {0, 16, 255, 65535};

	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		ERR(try_request(device(), types[i], vale("a"), &reg), EINVAL);
}

CASE(body_null_einval)
{
	ERR(try_request(device(), NETMAP_REQ_REGISTER, vale("a"), NULL), EINVAL);
	ERR(try_request(device(), NETMAP_REQ_PORT_INFO_GET, vale("a"), NULL), EINVAL);
}

CASE(body_bad_pointer_efault)
{
	void *hole = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ERR(try_request(device(), NETMAP_REQ_REGISTER, vale("a"), hole), EFAULT);
}

CASE(body_unchanged_on_error)
{
	struct nmreq_register reg = {.nr_mode = 99, .nr_tx_slots = 7, .nr_memsize = 5, .nr_mem_id = 0}, before = reg;

	ERR(try_register(device(), vale("a"), &reg), EINVAL);
	EQ(memcmp(&reg, &before, sizeof(reg)), 0);
}

CASE(name_without_end_einval)
{
	struct nmreq_register reg = all_nic();
	struct nmreq_header h = {.nr_version = NETMAP_API, .nr_reqtype = NETMAP_REQ_REGISTER};

	h.nr_body = (uintptr_t)&reg;
	memset(h.nr_name, 'v', sizeof(h.nr_name));
	TRUE(ioctl(device(), NIOCCTRL, &h) != 0);
}

CASE(name_empty_enxio)
{
	ERR(mode("", NR_REG_ALL_NIC, 0), ENXIO);
}

CASE(name_unknown_enxio)
{
	ERR(mode("nosuchdev0", NR_REG_ALL_NIC, 0), ENXIO);
	ERR(mode("nosuchdev0", NR_REG_SW, 0), ENXIO);
}

CASE(mode_unknown_einval)
{
	static const uint32_t modes[] = {0, 5, 6, 9, 10, 1000};

	for (unsigned i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		ERR(mode(vale("a"), modes[i], 0), EINVAL);
}

CASE(mode_host_of_vale_einval)
{
	ERR(mode(vale("a"), NR_REG_SW, 0), EINVAL);
	ERR(mode(vale("a"), NR_REG_NIC_SW, 0), EINVAL);
	ERR(mode(vale("a"), NR_REG_ONE_SW, 0), EINVAL);
}

CASE(mode_host_of_pipe_einval)
{
	ERR(mode(vale("a{1"), NR_REG_SW, 0), EINVAL);
	ERR(mode(vale("a{1"), NR_REG_NIC_SW, 0), EINVAL);
	ERR(mode(vale("a{1"), NR_REG_ONE_SW, 0), EINVAL);
}

CASE(ring_beyond_einval)
{
	struct nmreq_register reg = {.nr_tx_rings = 2, .nr_rx_rings = 3, .nr_mode = NR_REG_ALL_NIC};
	struct port p = open_with(vale("a"), reg);

	ERR(mode(p.name, NR_REG_ONE_NIC, 0), 0);
	ERR(mode(p.name, NR_REG_ONE_NIC, 2), 0); /* an RX ring only */
	ERR(mode(p.name, NR_REG_ONE_NIC, 3), EINVAL);
	ERR(mode(p.name, NR_REG_ONE_NIC, 65535), EINVAL);
}

CASE(flags_unknown_ignored)
{
	ERR(try_open(vale("a"), (struct nmreq_register){.nr_flags = 0xfff0000000000000u}), 0);
}

CASE(flag_do_rx_poll_accepted)
{
	ERR(try_open(vale("a"), (struct nmreq_register){.nr_flags = NR_DO_RX_POLL}), 0);
}

CASE(memory_id_unknown_einval)
{
	ERR(try_open(vale("a"), (struct nmreq_register){.nr_mem_id = 999}), EINVAL);
	ERR(try_open(vale("a"), (struct nmreq_register){.nr_mem_id = 65535}), EINVAL);
}

CASE(register_twice_ebusy)
{
	struct port p = open_port(vale("a"));
	struct nmreq_register reg = all_nic();

	ERR(try_register(p.fd, vale("a"), &reg), EBUSY);
	ERR(try_register(p.fd, vale("b"), &reg), EBUSY);
	tx_sync(&p);
}

CASE(register_after_error)
{
	struct nmreq_register reg = {.nr_mode = 99};
	int fd = device();

	ERR(try_register(fd, vale("a"), &reg), EINVAL);
	reg = all_nic();
	ERR(try_register(fd, vale("a"), &reg), 0);
}

CASE(request_on_registered_descriptor)
{
	struct port p = open_port(vale("a"));
	struct nmreq_port_info_get info = {0};
	struct nmreq_vale_list list = {0};

	ERR(try_request(p.fd, NETMAP_REQ_PORT_INFO_GET, p.name, &info), 0);
	EQ(info.nr_tx_slots, 1024);
	ERR(try_request(p.fd, NETMAP_REQ_VALE_LIST, p.name, &list), 0);
	tx_sync(&p);
}

CASE(exclusive_second_ebusy)
{
	struct port p = open_with(vale("a"), (struct nmreq_register){.nr_flags = NR_EXCLUSIVE});

	ERR(try_open(p.name, (struct nmreq_register){0}), EBUSY);
	ERR(try_open(p.name, (struct nmreq_register){.nr_flags = NR_EXCLUSIVE}), EBUSY);
	close_port(&p);
	ERR(try_open(p.name, (struct nmreq_register){.nr_flags = NR_EXCLUSIVE}), 0);
}

CASE(exclusive_of_open_port_ebusy)
{
	struct port p = open_port(vale("a"));

	ERR(try_open(p.name, (struct nmreq_register){.nr_flags = NR_EXCLUSIVE}), EBUSY);
	ERR(try_open(p.name, (struct nmreq_register){0}), 0);
}

CASE(switch_name_bad_enomem)
{
	ERR(mode("vale-x:a", NR_REG_ALL_NIC, 0), ENOMEM);
	ERR(mode("vale.x:a", NR_REG_ALL_NIC, 0), ENOMEM);
	ERR(mode("vale_has_a_very_long_name:a", NR_REG_ALL_NIC, 0), ENOMEM);
}

CASE(port_named_like_netdev_einval)
{
	ERR(mode(vale("lo"), NR_REG_ALL_NIC, 0), EINVAL);
}

CASE(polling_errors)
{
	struct nmreq_vale_polling q = {.nr_mode = NETMAP_POLLING_MODE_SINGLE_CPU, .nr_num_polling_cpus = 1};
	struct port p = open_port(vale("a"));

	ERR(try_request(device(), NETMAP_REQ_VALE_POLLING_ENABLE, p.name, &q), EOPNOTSUPP);
	ERR(try_request(device(), NETMAP_REQ_VALE_POLLING_DISABLE, p.name, &q), EOPNOTSUPP);
	ERR(try_request(device(), NETMAP_REQ_VALE_POLLING_ENABLE, vale("b"), &q), ENXIO);
}

CASE(kloop_stop_unregistered_enxio)
{
	ERR(try_request(device(), NETMAP_REQ_SYNC_KLOOP_STOP, "", NULL), ENXIO);
}

CASE(csb_without_option_einval)
{
	ERR(try_request(device(), NETMAP_REQ_CSB_ENABLE, "", NULL), EINVAL);
}
