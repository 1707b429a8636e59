/*
 * mmap and munmap. A mapping is one of the region's memfd, which the kernel keeps; that it keeps the port,
 * too, is the work of a duplicate of the connection, until the last byte of the last mapping has gone.
 */
#include "preload.h"

#include <fcntl.h>
#include <sys/mman.h>

#define PAGE         4096
#define MAX_MAPPINGS 4096

/* A mapping of the program's. Its open is held as long as its length is not 0. */
static struct mapping {
	_Atomic int busy;
	uint64_t at, len;
	struct nm_open *open;
} mappings[MAX_MAPPINGS];
static _Atomic bool any;

static bool lock(struct mapping *m)
{
	int no = 0;

	return atomic_compare_exchange_strong(&m->busy, &no, 1);
}

/* Keeps the port with the mapping. That fails with the room for it, and then the port goes with its descriptors. */
static void remember(struct nm_open *o, int fd, uint64_t at, uint64_t len)
{
	if (atomic_load(&o->keep) < 0) {
		int dup = (int)sys(__NR_fcntl, fd, F_DUPFD_CLOEXEC, 0), none = -1;

		if (dup < 0)
			return;
		if (atomic_compare_exchange_strong(&o->keep, &none, dup))
			nm_keep_fd((int *)&o->keep);
		else
			sys_close(dup);
	}
	for (uint32_t i = 0; i < MAX_MAPPINGS; i++) {
		struct mapping *m = &mappings[i];

		if (!lock(m))
			continue;
		if (m->len == 0) {
			nm_hold(o);
			m->open = o;
			m->at = at;
			m->len = len;
			atomic_store(&any, true);
			atomic_store(&m->busy, 0);
			return;
		}
		atomic_store(&m->busy, 0);
	}
}

/* Takes [at, at + len) out of a mapping; a hole in its middle leaves it as it is. */
static void cut(struct mapping *m, uint64_t at, uint64_t len)
{
	uint64_t end = m->at + m->len;

	if (at <= m->at && at + len > m->at) {
		m->at = at + len < end ? at + len : end;
		m->len = end - m->at;
	} else if (at < end && at + len >= end) {
		m->len = at - m->at;
	}
}

static void unmapped(uint64_t at, uint64_t len)
{
	len = (len + PAGE - 1) / PAGE * PAGE;
	for (uint32_t i = 0; i < MAX_MAPPINGS; i++) {
		struct mapping *m = &mappings[i];
		struct nm_open *gone = NULL;

		if (m->len == 0)
			continue;
		while (!lock(m))
			sys_yield();
		if (m->len != 0) {
			cut(m, at, len);
			if (m->len == 0)
				gone = m->open;
		}
		atomic_store(&m->busy, 0);
		if (gone != NULL)
			nm_put(gone);
	}
}

long nm_map(struct nm_open *o, int fd, void *at, size_t len, int prot, int flags, int64_t ofs)
{
	struct nm_port *p = &o->port;
	uint64_t room;
	long ret;

	if (!nm_registered(p, fd) || ofs < 0 || (uint64_t)ofs > p->grant.memsize)
		return -EINVAL;
	room = p->grant.memsize - (uint64_t)ofs;
	if (len > (room + PAGE - 1) / PAGE * PAGE)
		return -EINVAL;
	ret = sys(__NR_mmap, at, len, prot, flags, p->memfd, ofs);
	if (ret >= 0 || ret <= -4096)
		remember(o, fd, (uint64_t)ret, (len + PAGE - 1) / PAGE * PAGE);
	return ret;
}

#undef mmap
#undef mmap64

static void *map_any(void *at, size_t len, int prot, int flags, int fd, int64_t ofs)
{
	struct nm_open *o;
	long ret;

	if (unlikely(nm_slot(fd) != 0) && !(flags & MAP_ANONYMOUS) && (o = nm_get(fd)) != NULL) {
		ret = nm_map(o, fd, at, len, prot, flags, ofs);
		nm_put(o);
		return (void *)nm_result(ret);
	}
	ret = sys(__NR_mmap, at, len, prot, flags, fd, ofs);
	/* What a connection answers that came from elsewhere. */
	if (unlikely(ret == -ENODEV) && (o = nm_adopt(fd)) != NULL) {
		ret = nm_map(o, fd, at, len, prot, flags, ofs);
		nm_put(o);
	}
	return (void *)nm_result(ret);
}

EXPORT void *mmap(void *at, size_t len, int prot, int flags, int fd, off_t ofs)
{
	return map_any(at, len, prot, flags, fd, ofs);
}

EXPORT void *mmap64(void *at, size_t len, int prot, int flags, int fd, int64_t ofs)
{
	return map_any(at, len, prot, flags, fd, ofs);
}

EXPORT int munmap(void *at, size_t len)
{
	long ret = sys(__NR_munmap, at, len);

	if (unlikely(atomic_load_explicit(&any, memory_order_relaxed)) && ret == 0)
		unmapped((uint64_t)(uintptr_t)at, len);
	return (int)nm_result(ret);
}
