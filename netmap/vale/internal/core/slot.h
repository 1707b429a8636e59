/*
 * The slots of a ring, from the switch's side. The program may write slots, buffers and its positions at any
 * time: each is read once, checked, and used from the copy.
 */
#ifndef VALELAB_VALE_SLOT_H
#define VALELAB_VALE_SLOT_H

#include "vale.h"

/* The fields of a slot that matter, read at once. */
struct view {
	uint32_t buf;
	uint16_t len;
	uint16_t flags;
	uint32_t ofs; /* where in the buffer the bytes begin */
};

static inline struct view slot_read(const struct netmap_slot *s)
{
	uint64_t word = __atomic_load_n((const uint64_t *)(const void *)s, __ATOMIC_RELAXED);
	struct view v = {(uint32_t)word, (uint16_t)(word >> 32), (uint16_t)(word >> 48), 0};

	return v;
}

/* The offset of a slot of a ring that has any. More than the program has asked for counts as that, as in the module. */
static inline uint32_t slot_offset(const struct vale_ring *r, const struct netmap_slot *s)
{
	uint64_t ofs;

	if (likely(r->offset_mask == 0))
		return 0;
	ofs = __atomic_load_n(&s->ptr, __ATOMIC_RELAXED) & r->offset_mask;
	return ofs < r->offset_max ? (uint32_t)ofs : r->offset_max;
}

static inline struct view slot_read_all(const struct vale_ring *r, const struct netmap_slot *s)
{
	struct view v = slot_read(s);

	v.ofs = slot_offset(r, s);
	return v;
}

static inline bool buf_valid(const struct vale_ring *r, uint32_t idx)
{
	return idx >= NETMAP_FIRST_BUF && idx < r->buf_num;
}

static inline uint8_t *buf_at(const struct vale_ring *r, uint32_t idx)
{
	return r->buf + (size_t)idx * r->buf_size;
}

static inline uint8_t *view_data(const struct vale_ring *r, struct view v)
{
	return buf_at(r, v.buf) + v.ofs;
}

static inline uint32_t step(const struct vale_ring *r, uint32_t i)
{
	return i + 1 == r->slots ? 0 : i + 1;
}

static inline uint32_t distance(const struct vale_ring *r, uint32_t from, uint32_t to)
{
	return to >= from ? to - from : to + r->slots - from;
}

/* The length of the virtio-net header before each frame of the ring. */
static inline uint32_t ring_header(const struct vale_ring *r)
{
	return r->host ? 0 : r->port->header;
}

static inline bool slot_good(const struct vale_ring *r, struct view v)
{
	return !(v.flags & NS_INDIRECT) && buf_valid(r, v.buf) && v.len <= r->buf_size - v.ofs;
}

static inline void clear_changed(struct netmap_slot *s, uint16_t flags)
{
	if (unlikely(flags & NS_BUF_CHANGED))
		__atomic_store_n(&s->flags, flags & ~NS_BUF_CHANGED, __ATOMIC_RELAXED);
}

#endif
