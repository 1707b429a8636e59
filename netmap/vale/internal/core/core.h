/*
 * What the Go side calls. Unless said otherwise a function is called by the thread that runs the worker
 * (or by any one thread while none does), and pointers stay valid until the matching _free. Functions
 * that can fail return NULL or -1 with errno set.
 */
#ifndef VALELAB_VALE_CORE_H
#define VALELAB_VALE_CORE_H

#include <stdbool.h>
#include <stdint.h>

#include "state.h"

struct vale_worker;
struct vale_switch;
struct vale_port;
struct vale_open;

/* ---- workers */

struct vale_worker *vale_worker_new(void);
void vale_worker_free(struct vale_worker *w);

/* Moves frames and sleeps, until control is wanted or a port has broken the rules. */
void vale_worker_run(struct vale_worker *w);

/* Looks once at who was woken, and makes one pass over all sources; returns the number of frames taken. */
uint32_t vale_worker_step(struct vale_worker *w);

/* From any thread: makes vale_worker_run return, now or when it is next called, until taken back by as
 * many calls of vale_worker_release. */
void vale_worker_interrupt(struct vale_worker *w);
void vale_worker_release(struct vale_worker *w);

/* From any thread: how long to look for more after a busy time. */
void vale_worker_set_spin(struct vale_worker *w, uint64_t ns);

/* Takes the next port that broke the rules since the last call off the list; NULL: none. */
struct vale_port *vale_worker_take_broken(struct vale_worker *w);

/* ---- switches and ports */

/* The state stays the caller's and must outlive the switch. */
struct vale_switch *vale_switch_new(struct vale_worker *w, struct vale_state *state);
void vale_switch_free(struct vale_switch *sw); /* its ports are freed already */

/* A port on an AF_PACKET socket with virtio-net headers. The socket stays the caller's. mtu: bytes of
 * Ethernet payload that the other side takes. The port's state must be reset by vale_port_forget unless it
 * carries on. */
struct vale_port *vale_socket_new(struct vale_switch *sw, uint32_t index, int sock, uint32_t mtu);
/* Gives a socket port another socket, in the place of the one that it has, which is the caller's to close. */
int vale_socket_rebind(struct vale_port *p, int sock, uint32_t mtu);

/* A port that has nothing but the rings that programs open. */
struct vale_port *vale_plain_new(struct vale_switch *sw, uint32_t index);

/* Makes a pipe of two ports of one switch: TX ring i of one and RX ring i of the other, which have as many slots and
 * lie in one region. All NIC rings of both are open, and stay so as long as either port is there. */
void vale_pipe_connect(struct vale_port *a, struct vale_port *b);

/* Makes own, a port of the same worker without rings yet, a monitor of port: its RX ring i shows what goes through TX
 * ring i (tx) and RX ring i (rx). zcopy: it lies in the port's region. To be stopped before either port is freed. */
int vale_monitor_start(struct vale_port *own, struct vale_port *port, bool tx, bool rx, bool zcopy);
void vale_monitor_stop(struct vale_port *own);

/* Connects two ports of two switches: frames that one switch sends to its port come out of the other's, past what else
 * the ports have. Nobody has them open. Neither worker may run. */
int vale_trunk_connect(struct vale_port *a, struct vale_port *b);

/* The same for the socket of a, which has a trunk besides, and the port b. */
int vale_stack_connect(struct vale_port *a, struct vale_port *b);

/* Undo it. Both workers stand still. Frames inside are lost. */
void vale_trunk_disconnect(struct vale_port *a, struct vale_port *b);
void vale_stack_disconnect(struct vale_port *a, struct vale_port *b);

void vale_port_free(struct vale_port *p); /* opens closed, trunk disconnected */

/* Empties the state of an index: its counters, and its entries in the MAC table. */
void vale_port_forget(struct vale_state *state, uint32_t index);

/* ---- netmap mode */

/* Each frame in the port's NIC rings has a virtio-net header of this many bytes before it: 0, 10 or 12. It stays in the
 * port's state. */
void vale_port_set_header(struct vale_port *p, uint32_t header);

/* The port is in netmap mode, with this many NIC rings that receive, or back in socket mode. */
void vale_port_set_netmap(struct vale_port *p, bool on, uint32_t rx_rings);

/* An open: kick is readable when a program wants the switch to look; wake is written to wake the program.
 * Both stay the caller's; writing to wake must not block. -1: there is no program. */
struct vale_open *vale_open_new(struct vale_port *p, int kick, int wake);

struct vale_ring_config {
	bool tx, host;
	uint32_t id;    /* NIC ring number */
	uint32_t slots; /* from 2 */
	uint32_t buf_size, buf_num;
	void *ring, *ctl, *buf; /* struct netmap_ring, struct nmu_ctl, buffer 0 */
	/* Where in its buffer a slot's bytes begin: ptr & offset_mask, at most offset_max, which is up to buf_size. */
	uint64_t offset_mask;
	uint32_t offset_max;
};

/* The rings of a port, which nobody has open, begin at slot 0. */
void vale_port_rewind(struct vale_state *state, uint32_t index);

/* Adds a ring to an open: one that another open of the port has already, or a new one, which begins at the position
 * that the state has. restored: what was delivered before is still there. */
int vale_open_add_ring(struct vale_open *o, const struct vale_ring_config *cfg, bool restored);

/* Takes the rings away from the program, wakes it, and frees the open. Rings that other opens have stay theirs. */
void vale_open_close(struct vale_open *o);

/* Whether the port broke the rules since it came into netmap mode. */
bool vale_port_broken(const struct vale_port *p);

/* Why a port was taken by vale_worker_take_broken. */
struct vale_fault {
	const char *reason;
	bool tx, host;
	uint32_t ring;
};
struct vale_fault vale_port_fault(const struct vale_port *p);

#endif
