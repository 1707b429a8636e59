#ifndef BENCH_COPY_H
#define BENCH_COPY_H

#include <stdint.h>

struct slot {
	uint32_t buf_idx;
	uint16_t len;
	uint16_t flags;
	uint64_t ptr;
};

/* Two rings of `slots` slots, each with its buffers of `size` bytes. */
struct rings {
	struct slot *from, *to;
	uint8_t *from_bufs, *to_bufs;
	uint32_t slots, size;
};

/* Copies the frames of one ring to the other, round and round, `times` times. */
void copy_rings(const struct rings *r, uint32_t times);

#endif
