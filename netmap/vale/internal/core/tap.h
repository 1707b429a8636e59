/*
 * Taps: copies of the frames of a port for those who capture. A port without one pays for it with one
 * branch a batch; with one, its worker copies into a queue that one reader empties, and never waits: what
 * does not fit is counted at the tap.
 */
#ifndef VALELAB_VALE_TAP_H
#define VALELAB_VALE_TAP_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A queue of records in memory of this process: one worker writes, any one thread reads. head and tail count
 * bytes and never wrap; the place of byte n is n modulo size. Records begin at multiples of 8.
 */
struct vale_tap_queue {
	uint64_t head; /* the worker's; release: the bytes before it are written */
	uint64_t pad0[7];
	uint64_t tail; /* the reader's; release: the bytes before it may be written again */
	uint64_t pad1[7];
	uint64_t size; /* a power of 2 */
	uint64_t pad2[7];
	uint8_t data[];
};

struct vale_tap_record {
	uint64_t time;    /* ns since 1970 */
	uint32_t len;     /* of the frame */
	uint32_t caplen;  /* bytes of it that follow */
	uint32_t tag;     /* of the tap */
	uint32_t tx;      /* 1: sent by the node; 0: received */
};

struct vale_port;
struct vale_tap;

/* Copies up to snaplen bytes of each frame that the port sends into the switch or is delivered; with host,
 * of those between the program that has the port open and the node's kernel stack. The queue stays the
 * caller's. */
struct vale_tap *vale_tap_new(struct vale_port *p, struct vale_tap_queue *q, uint32_t tag, uint32_t snaplen, bool host);
void vale_tap_free(struct vale_tap *t); /* before its port */

/* From any thread: frames for which there was no room. */
uint64_t vale_tap_lost(const struct vale_tap *t);

#endif
