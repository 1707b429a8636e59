/* Frames with a number in them, put into rings and taken out. */
#ifndef CONFORMANCE_FRAME_H
#define CONFORMANCE_FRAME_H

#include "port.h"

#define FRAME 60 /* bytes of a frame, where a case does not say otherwise */

/* Stations are numbers: 1 is 02:00:00:00:00:01 and so on. */
#define EVERYBODY 0xffffu /* ff:ff:ff:ff:ff:ff */
#define GROUP     0x10000u /* and a number: 01:00:5e:00:00:01 */

void write_frame(char *p, unsigned to, unsigned from, uint32_t tag, uint32_t len);
uint32_t tag_of(const char *frame);

/* Puts a frame at head of a ring and moves head and cur; nothing is synced. Gives the slot. */
struct netmap_slot *put(struct netmap_ring *r, unsigned to, unsigned from, uint32_t tag);
struct netmap_slot *put_len(struct netmap_ring *r, unsigned to, unsigned from, uint32_t tag, uint16_t len);

/* One frame by ring 0, synced. */
void send_frame(const struct port *p, unsigned to, unsigned from, uint32_t tag);
/* Frames with the tags first to first + n - 1, n up to any number, synced each time the ring is full. */
void send_frames(const struct port *p, unsigned to, unsigned from, uint32_t first, uint32_t n);

/* Takes the next frame of a ring without syncing and gives its tag; fails where there is none. */
uint32_t take(struct netmap_ring *r);
/* Syncs, then: what arrived at ring 0, all of it, has these tags in this order. */
void expect_frames(const struct port *p, uint32_t first, uint32_t n);
void expect_nothing(const struct port *p);
/* Syncs and gives the number of frames that came to ring 0, which are taken. */
uint32_t drain(const struct port *p);

#endif
