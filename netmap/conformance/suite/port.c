#define _GNU_SOURCE
#include "port.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness.h"

static char names[16][NETMAP_REQ_IFNAMSIZ]; /* one after the other */

static char *next_name(void)
{
	static unsigned at;

	return names[at++ % 16];
}

const char *vale_at(int number, const char *port)
{
	char *name = next_name();

	if (number == 0) /* short, since a legacy request has 15 bytes for it */
		snprintf(name, NETMAP_REQ_IFNAMSIZ, "vale%x:%s", (unsigned)getpgrp(), port);
	else
		snprintf(name, NETMAP_REQ_IFNAMSIZ, "vale%x_%x:%s", (unsigned)getpgrp(), (unsigned)number, port);
	return name;
}

const char *vale(const char *port)
{
	return vale_at(0, port);
}

const char *with(const char *name, const char *more)
{
	char *both = next_name();

	snprintf(both, NETMAP_REQ_IFNAMSIZ, "%s%s", name, more);
	return both;
}

int device(void)
{
	int fd = open("/dev/netmap", O_RDWR);

	if (fd < 0)
		FAIL("open /dev/netmap: %s", strerror(errno));
	return fd;
}

int try_request_with(int fd, uint16_t type, const char *name, void *body, void *options)
{
	struct nmreq_header h = {.nr_version = NETMAP_API, .nr_reqtype = type};

	memcpy(h.nr_name, name, strlen(name));
	h.nr_body = (uintptr_t)body;
	h.nr_options = (uintptr_t)options;
	return ioctl(fd, NIOCCTRL, &h) == 0 ? 0 : errno;
}

int try_request(int fd, uint16_t type, const char *name, void *body)
{
	return try_request_with(fd, type, name, body, NULL);
}

int try_header(int fd, struct nmreq_header *h, void *body)
{
	h->nr_body = (uintptr_t)body;
	return ioctl(fd, NIOCCTRL, h) == 0 ? 0 : errno;
}

int try_register(int fd, const char *name, struct nmreq_register *reg)
{
	return try_request(fd, NETMAP_REQ_REGISTER, name, reg);
}

void map_port(struct port *p)
{
	p->mem = mmap(NULL, p->reg.nr_memsize, PROT_READ | PROT_WRITE, MAP_SHARED, p->fd, 0);
	if (p->mem == MAP_FAILED)
		FAIL("mmap of %s: %s", p->name, strerror(errno));
	p->nifp = (struct netmap_if *)(p->mem + p->reg.nr_offset);
}

struct port open_options(const char *name, struct nmreq_register reg, void *options)
{
	struct port p = {.fd = device(), .reg = reg};
	int e;

	memcpy(p.name, name, strlen(name));
	if (p.reg.nr_mode == 0)
		p.reg.nr_mode = NR_REG_ALL_NIC;
	e = try_request_with(p.fd, NETMAP_REQ_REGISTER, name, &p.reg, options);
	if (e != 0)
		FAIL("register %s: %s", name, strerror(e));
	map_port(&p);
	return p;
}

struct port open_with(const char *name, struct nmreq_register reg)
{
	return open_options(name, reg, NULL);
}

struct port open_port(const char *name)
{
	return open_with(name, (struct nmreq_register){0});
}

int try_open(const char *name, struct nmreq_register reg)
{
	int fd = device(), e;

	if (reg.nr_mode == 0)
		reg.nr_mode = NR_REG_ALL_NIC;
	e = try_register(fd, name, &reg);
	close(fd);
	return e;
}

void close_port(struct port *p)
{
	munmap(p->mem, p->reg.nr_memsize);
	close(p->fd);
}

int exists(const char *name)
{
	struct nmreq_vale_list list = {0};
	int fd = device();
	int e = try_request(fd, NETMAP_REQ_VALE_LIST, name, &list);

	close(fd);
	return e == 0 && list.nr_port_idx < 255;
}

static struct netmap_ring *ring(const struct port *p, uint32_t i)
{
	if (p->nifp->ring_ofs[i] == 0)
		FAIL("%s: ring_ofs[%u] is 0", p->name, i);
	return (struct netmap_ring *)((char *)p->nifp + p->nifp->ring_ofs[i]);
}

struct netmap_ring *tx_ring(const struct port *p, uint32_t i)
{
	return ring(p, i);
}

struct netmap_ring *rx_ring(const struct port *p, uint32_t i)
{
	return ring(p, p->nifp->ni_tx_rings + p->nifp->ni_host_tx_rings + i);
}

struct netmap_ring *host_tx(const struct port *p)
{
	return ring(p, p->nifp->ni_tx_rings);
}

struct netmap_ring *host_rx(const struct port *p)
{
	return ring(p, p->nifp->ni_tx_rings + p->nifp->ni_host_tx_rings + p->nifp->ni_rx_rings);
}

char *buffer(const struct netmap_ring *r, uint32_t idx)
{
	return (char *)r + r->buf_ofs + (size_t)idx * r->nr_buf_size;
}

int try_tx_sync(const struct port *p)
{
	return ioctl(p->fd, NIOCTXSYNC, NULL) == 0 ? 0 : errno;
}

int try_rx_sync(const struct port *p)
{
	return ioctl(p->fd, NIOCRXSYNC, NULL) == 0 ? 0 : errno;
}

void tx_sync(const struct port *p)
{
	ERR(try_tx_sync(p), 0);
}

void rx_sync(const struct port *p)
{
	ERR(try_rx_sync(p), 0);
}
