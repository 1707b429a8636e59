/*
 * The persistent state of a switch: what must survive the process. It lies in a sealed memfd that no
 * program maps, so everything in it is trusted once magic, version and size are right.
 *
 * One thread writes (the switch's worker); counters are read by others at any time, so each is written by
 * one relaxed atomic store. Layouts are fixed: a change is a new VALE_STATE_VERSION.
 */
#ifndef VALELAB_VALE_STATE_H
#define VALELAB_VALE_STATE_H

#include <stdint.h>

#define VALE_STATE_MAGIC   0x4554415453454c56ull /* "VLESTATE" */
#define VALE_STATE_VERSION 2

#define VALE_PORTS      252  /* of a switch: as many as the module really takes */
#define VALE_RINGS      16   /* NIC rings of a port, each way */
#define VALE_TABLE_BITS 10
#define VALE_TABLE_SIZE (1u << VALE_TABLE_BITS)
#define VALE_NAME       128  /* bytes of a port's name, with its NUL */

/* reasons of a drop, in the order of the counters */
enum vale_drop {
	VALE_DROP_FULL,
	VALE_DROP_RUNT,
	VALE_DROP_BAD,
	VALE_DROP_CLOSED,
	VALE_DROP_TOO_BIG,
	VALE_DROP_NO_PORT,
	VALE_DROP_SOCKET,
	VALE_DROP_KERNEL,
	VALE_DROPS
};

/* One ring of a port, one direction. */
struct vale_ring_state {
	uint64_t packets;
	uint64_t bytes;
	uint64_t drops[VALE_DROPS];
	uint64_t syncs;       /* of opens that are over */
	uint64_t wakeups;     /* writes to the program's wake descriptor */
	uint32_t syncs_start; /* nmu_ctl.syncs when the open began */
	uint32_t pos;         /* TX: the next slot to take. RX: the next slot to fill. */
	uint32_t head;        /* RX: the first slot that the program has not given back */
	uint32_t shown;       /* RX of a pipe: the end of the last whole frame */
	uint64_t stalls;      /* RX: times that the ring was found full, each step of the program once */
	uint32_t pad[2];
};

/* The rings of a port: host tx, host rx, then tx and rx of NIC ring 0, of NIC ring 1, ... A port without
 * rings of its own counts as NIC ring 0. Host rings beyond the first have the places of NIC rings that the port
 * has not, from the last on. */
#define VALE_RING_HOST_TX    0
#define VALE_RING_HOST_RX    1
#define VALE_RING_TX(i)      (2 + 2 * (i))
#define VALE_RING_RX(i)      (3 + 2 * (i))
#define VALE_RING_HOST(first, i) ((first) + ((i) == 0 ? 0 : VALE_RING_TX(VALE_RINGS - (i))))
#define VALE_RING_STATES     (2 + 2 * VALE_RINGS)

struct vale_port_state {
	char name[VALE_NAME]; /* empty: this index is free */
	uint32_t lost;        /* the kernel's count of frames lost before the socket, as last seen */
	uint32_t header;      /* bytes of virtio-net header in its rings */
	uint32_t pad[30];
	struct vale_ring_state ring[VALE_RING_STATES];
};

struct vale_state {
	uint64_t magic;
	uint32_t version;
	uint32_t size; /* of this struct */
	uint32_t wire; /* 1: two ports, nothing learned */
	uint32_t pad[11];
	/* VALE_TABLE_SIZE places, direct-mapped: port + 1 in the upper 16 bits, MAC address in the lower 48 as
	 * a little-endian number; 0: empty. */
	uint64_t table[VALE_TABLE_SIZE];
	struct vale_port_state port[VALE_PORTS];
};

_Static_assert(sizeof(struct vale_ring_state) == 128, "vale_ring_state");
_Static_assert(sizeof(struct vale_port_state) == 256 + 128 * VALE_RING_STATES, "vale_port_state");
_Static_assert(sizeof(struct vale_state) == 64 + 8 * VALE_TABLE_SIZE + VALE_PORTS * sizeof(struct vale_port_state),
	       "vale_state");

#endif
