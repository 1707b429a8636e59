/* VALE_LIST, and persistent ports: NEWIF, DELIF, ATTACH, DETACH. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "frame.h"
#include "harness.h"

static int request(uint16_t type, const char *name, void *body)
{
	int fd = device(), e = try_request(fd, type, name, body);

	close(fd);
	return e;
}

static const char *persistent(void) /* a name of the case's own */
{
	static char name[16];

	snprintf(name, sizeof(name), "p%x", (unsigned)getpgrp());
	return name;
}

static int newif(const char *name, struct nmreq_vale_newif how)
{
	return request(NETMAP_REQ_VALE_NEWIF, name, &how);
}

static int attach(const char *name)
{
	struct nmreq_vale_attach q = {.reg.nr_mode = NR_REG_ALL_NIC};

	return request(NETMAP_REQ_VALE_ATTACH, name, &q);
}

static int detach(const char *name)
{
	struct nmreq_vale_detach q = {0};

	return request(NETMAP_REQ_VALE_DETACH, name, &q);
}

static int delif(const char *name)
{
	return request(NETMAP_REQ_VALE_DELIF, name, NULL);
}

CASE(list_of_port)
{
	struct nmreq_vale_list list = {0};
	struct port a = open_port(vale("a")), b = open_port(vale("b"));

	(void)a;
	ERR(request(NETMAP_REQ_VALE_LIST, b.name, &list), 0);
	EQ(list.nr_port_idx, 1);
}

CASE(list_of_unknown_port_is_255)
{
	struct nmreq_vale_list list = {0};
	struct port a = open_port(vale("a"));

	(void)a;
	ERR(request(NETMAP_REQ_VALE_LIST, vale("b"), &list), 0);
	EQ(list.nr_port_idx, 255);
}

CASE(list_of_unknown_switch_enoent)
{
	struct nmreq_vale_list list = {0};

	ERR(request(NETMAP_REQ_VALE_LIST, vale("a"), &list), ENOENT);
}

CASE(list_of_no_switch_einval)
{
	struct nmreq_vale_list list = {0};

	ERR(request(NETMAP_REQ_VALE_LIST, "lo", &list), EINVAL);
}

CASE(list_all)
{
	struct port a = open_port(vale("a")), b = open_port(vale("b")), c = open_port(vale_at(1, "c"));
	struct nmreq_vale_list body = {0};
	int fd = device(), seen = 0, e;

	for (;;) {
		struct nmreq_header h = {.nr_version = NETMAP_API, .nr_reqtype = NETMAP_REQ_VALE_LIST};

		e = try_header(fd, &h, &body);
		if (e != 0)
			break;
		seen += strcmp(h.nr_name, a.name) == 0 || strcmp(h.nr_name, b.name) == 0 || strcmp(h.nr_name, c.name) == 0;
		body.nr_port_idx++;
	}
	ERR(e, ENOENT);
	EQ(seen, 3);
}

CASE(newif_and_delif)
{
	const char *name = persistent();

	ERR(newif(name, (struct nmreq_vale_newif){0}), 0);
	ERR(newif(name, (struct nmreq_vale_newif){0}), EEXIST);
	ERR(delif(name), 0);
	ERR(delif(name), ENXIO);
}

CASE(newif_geometry)
{
	const char *name = persistent();
	struct nmreq_vale_newif how = {.nr_tx_slots = 64, .nr_rx_slots = 128, .nr_tx_rings = 1, .nr_rx_rings = 2};
	struct nmreq_port_info_get info = {0};

	ERR(newif(name, how), 0);
	ERR(request(NETMAP_REQ_PORT_INFO_GET, name, &info), 0);
	EQ(info.nr_tx_slots, 64);
	EQ(info.nr_rx_slots, 128);
	EQ(info.nr_tx_rings, 1);
	EQ(info.nr_rx_rings, 2);
	ERR(delif(name), 0);
}

CASE(newif_existing_netdev_eexist)
{
	ERR(newif("lo", (struct nmreq_vale_newif){0}), EEXIST);
}

CASE(newif_bad_name_einval)
{
	ERR(newif("valex", (struct nmreq_vale_newif){0}), EINVAL);
	ERR(newif("a_name_of_17_char", (struct nmreq_vale_newif){0}), EINVAL);
	ERR(newif("a/b", (struct nmreq_vale_newif){0}), EINVAL);
	ERR(newif("", (struct nmreq_vale_newif){0}), EINVAL);
}

CASE(delif_not_persistent_einval)
{
	ERR(delif("lo"), EINVAL);
}

CASE(delif_with_body_einval)
{
	const char *name = persistent();
	int body = 0;

	ERR(newif(name, (struct nmreq_vale_newif){0}), 0);
	ERR(request(NETMAP_REQ_VALE_DELIF, name, &body), EINVAL);
	ERR(delif(name), 0);
}

CASE(delif_in_use_ebusy)
{
	const char *name = persistent();
	struct port p;

	ERR(newif(name, (struct nmreq_vale_newif){0}), 0);
	p = open_port(name);
	ERR(delif(name), EBUSY);
	close_port(&p);
	ERR(delif(name), 0);
}

CASE(persistent_port_outlives_opens)
{
	const char *name = persistent();
	struct port p;

	ERR(newif(name, (struct nmreq_vale_newif){0}), 0);
	p = open_port(name);
	close_port(&p);
	p = open_port(name);
	close_port(&p);
	ERR(delif(name), 0);
	ERR(try_open(name, (struct nmreq_register){0}), ENXIO);
}

CASE(attach_puts_port_on_switch)
{
	const char *name = persistent();
	struct port b = open_port(vale("b")), p;

	ERR(newif(name, (struct nmreq_vale_newif){0}), 0);
	ERR(attach(vale(name)), 0);
	TRUE(exists(vale(name)));
	p = open_port(vale(name));
	send_frame(&p, EVERYBODY, 1, 7);
	expect_frames(&b, 7, 1);
	send_frame(&b, 1, 2, 8);
	expect_frames(&p, 8, 1);
	close_port(&p);
	TRUE(exists(vale(name)));
	ERR(detach(vale(name)), 0);
	EQ(exists(vale(name)), 0);
	ERR(delif(name), 0);
}

CASE(attach_gives_index)
{
	const char *name = persistent();
	struct nmreq_vale_attach q = {.reg.nr_mode = NR_REG_ALL_NIC};
	struct nmreq_vale_detach d = {.port_index = 99};
	struct port b = open_port(vale("b"));

	(void)b;
	ERR(newif(name, (struct nmreq_vale_newif){0}), 0);
	ERR(request(NETMAP_REQ_VALE_ATTACH, vale(name), &q), 0);
	EQ(q.port_index, 1);
	ERR(request(NETMAP_REQ_VALE_DETACH, vale(name), &d), 0);
	EQ(d.port_index, 1);
	ERR(delif(name), 0);
}

CASE(attach_twice_ebusy)
{
	const char *name = persistent();

	ERR(newif(name, (struct nmreq_vale_newif){0}), 0);
	ERR(attach(vale(name)), 0);
	ERR(attach(vale(name)), EBUSY);
	ERR(delif(name), EBUSY);
	ERR(detach(vale(name)), 0);
	ERR(delif(name), 0);
}

CASE(attach_to_two_switches)
{
	const char *name = persistent();

	ERR(newif(name, (struct nmreq_vale_newif){0}), 0);
	ERR(attach(vale_at(1, name)), 0);
	ERR(attach(vale_at(2, name)), 0);
	ERR(attach(vale_at(2, name)), EBUSY);
	TRUE(exists(vale_at(1, name)));
	TRUE(exists(vale_at(2, name)));
	ERR(detach(vale_at(2, name)), 0);
	TRUE(exists(vale_at(1, name)));
	ERR(detach(vale_at(1, name)), 0);
	ERR(delif(name), 0);
}

CASE(attach_unknown_einval)
{
	ERR(attach(vale("nosuchdev0")), EINVAL);
}

CASE(attach_without_switch_einval)
{
	const char *name = persistent();

	ERR(newif(name, (struct nmreq_vale_newif){0}), 0);
	ERR(attach(name), EINVAL);
	ERR(delif(name), 0);
}

CASE(attach_ephemeral_ebusy)
{
	struct port a = open_port(vale("a"));

	ERR(attach(a.name), EBUSY);
}

CASE(detach_unknown_enxio)
{
	struct port a = open_port(vale("a"));

	(void)a;
	ERR(detach(vale("b")), ENXIO);
	ERR(detach(vale_at(1, "b")), ENXIO);
}

CASE(detach_without_switch_einval)
{
	ERR(detach("lo"), EINVAL);
}

/* The module detaches a port that a program has open, and the program never comes back from its next sync. */
CASE_ON(detach_in_use_ebusy, USER)
{
	const char *name = persistent();
	struct port p;

	ERR(newif(name, (struct nmreq_vale_newif){0}), 0);
	ERR(attach(vale(name)), 0);
	p = open_port(vale(name));
	ERR(detach(vale(name)), EBUSY);
	close_port(&p);
	ERR(detach(vale(name)), 0);
	ERR(delif(name), 0);
}

CASE(persistent_port_by_its_own_name)
{
	const char *name = persistent();
	struct port b = open_port(vale("b")), p;

	ERR(newif(name, (struct nmreq_vale_newif){0}), 0);
	ERR(attach(vale(name)), 0);
	p = open_port(name);
	send_frame(&p, EVERYBODY, 1, 7);
	expect_frames(&b, 7, 1);
	close_port(&p);
	ERR(detach(vale(name)), 0);
	ERR(delif(name), 0);
}

CASE(persistent_port_off_switch)
{
	const char *name = persistent();
	struct port p;

	ERR(newif(name, (struct nmreq_vale_newif){0}), 0);
	p = open_port(name);
	EQ(space(tx_ring(&p, 0)), 1023);
	expect_nothing(&p);
	close_port(&p);
	ERR(delif(name), 0);
}

CASE_ON(attach_netdev, NETDEV)
{
	struct port a = open_port(vale("a"));

	ERR(attach(vale(netdev)), 0);
	ERR(attach(vale(netdev)), EBUSY);
	ERR(try_open(netdev, (struct nmreq_register){0}), EBUSY);
	ERR(try_open(vale(netdev), (struct nmreq_register){0}), EBUSY);
	TRUE(exists(vale(netdev)));
	ERR(detach(vale(netdev)), 0);
	EQ(exists(vale(netdev)), 0);
	tx_sync(&a);
}

CASE_ON(attach_netdev_in_use_ebusy, NETDEV)
{
	struct port p = open_port(netdev);

	ERR(attach(vale(netdev)), EBUSY);
	close_port(&p);
	ERR(attach(vale(netdev)), 0);
	ERR(detach(vale(netdev)), 0);
}
