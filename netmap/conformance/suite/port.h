/*
 * Ports as the cases use them. What can fail and is not expected to ends the case, so that a case reads as what
 * it is about; functions named try_... give an errno instead, or 0.
 */
#ifndef CONFORMANCE_PORT_H
#define CONFORMANCE_PORT_H

#include <stddef.h>
#include <stdint.h>

#include "netmap_abi.h"

#define REGION_GLOBAL 1 /* mem_id of the region that all network devices share */

struct port {
	int fd;
	char name[NETMAP_REQ_IFNAMSIZ];
	struct nmreq_register reg; /* as answered */
	char *mem;                 /* the region */
	struct netmap_if *nifp;
};

/* A port name on a switch that no other case uses: vale("a"); vale_at(1, "a") is on another switch. */
const char *vale(const char *port);
const char *vale_at(int number, const char *port);
/* NAME with more behind it: "vale1:a", "{3". */
const char *with(const char *name, const char *more);

int device(void); /* open("/dev/netmap") */

/* NIOCCTRL. */
int try_request(int fd, uint16_t type, const char *name, void *body);
int try_request_with(int fd, uint16_t type, const char *name, void *body, void *options);

/* The same with a header of the caller's, which comes back. */
int try_header(int fd, struct nmreq_header *h, void *body);

int try_register(int fd, const char *name, struct nmreq_register *reg);

/* Opens and maps a port: all its rings, those of reg's mode and flags, or with options. */
struct port open_port(const char *name);
struct port open_with(const char *name, struct nmreq_register reg);
struct port open_options(const char *name, struct nmreq_register reg, void *options);
int try_open(const char *name, struct nmreq_register reg); /* and closes again */
void map_port(struct port *p);
void close_port(struct port *p); /* the mapping, too */
int exists(const char *name);    /* whether the switch has this port */

struct netmap_ring *tx_ring(const struct port *p, uint32_t i);
struct netmap_ring *rx_ring(const struct port *p, uint32_t i);
struct netmap_ring *host_tx(const struct port *p);
struct netmap_ring *host_rx(const struct port *p);
char *buffer(const struct netmap_ring *r, uint32_t idx);

static inline uint32_t next(const struct netmap_ring *r, uint32_t i)
{
	return i + 1 == r->num_slots ? 0 : i + 1;
}

static inline uint32_t space(const struct netmap_ring *r) /* slots from head to tail */
{
	return (r->tail + r->num_slots - r->head) % r->num_slots;
}

void tx_sync(const struct port *p);
void rx_sync(const struct port *p);
int try_tx_sync(const struct port *p);
int try_rx_sync(const struct port *p);

#endif
