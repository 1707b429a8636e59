/* What a process must have mapped of an open that is registered. */
#include "client.h"
#include "sys.h"

#include <sys/mman.h>

static void *map(size_t size, int flags, int fd)
{
	long at = sys(__NR_mmap, NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);

	return at < 0 && at > -4096 ? NULL : (void *)at;
}

static size_t ring_list(const struct nm_port *p)
{
	const struct nmu_grant *g = &p->grant;
	size_t n = (size_t)g->tx_rings + g->host_tx_rings + g->rx_rings + g->host_rx_rings;

	return (n + 1) * sizeof(struct nm_ring);
}

/* Finds the rings that are open: those that the netmap_if has an offset of. */
static void find_rings(struct nm_port *p)
{
	const struct nmu_grant *g = &p->grant;
	const struct netmap_if *nif = (void *)(p->mem + g->if_ofs);
	uint32_t tx = (uint32_t)g->tx_rings + g->host_tx_rings, n = tx + g->rx_rings + g->host_rx_rings;

	p->ntx = 0;
	p->nrx = 0;
	for (uint32_t i = 0; i < n; i++) {
		struct nm_ring *r = &p->ring[p->ntx + p->nrx];
		uint64_t ofs = g->if_ofs + (uint64_t)nif->ring_ofs[i];
		uint64_t object = (ofs - g->ring_ofs) / g->ring_size;

		if (nif->ring_ofs[i] == 0 || object >= g->ring_num)
			continue;
		r->ring = (void *)(p->mem + ofs);
		r->ctl = (void *)(p->mem + g->ctl_ofs + object * NMU_CTL_SIZE);
		r->slots = r->ring->num_slots;
		r->host = i < tx ? i >= g->tx_rings : i - tx >= g->rx_rings;
		*(i < tx ? &p->ntx : &p->nrx) += 1;
	}
}

/* Takes over the descriptors of a grant, also when it fails. The caller sees to it that one thread does this. */
int nm_bind(struct nm_port *p, const struct nmu_grant *g, const int fds[3])
{
	if (atomic_load(&p->bound)) {
		for (int i = 0; i < (g->kind & NMU_NATIVE ? 1 : 3); i++)
			sys_close(fds[i]);
		return 0;
	}
	if (g->kind & NMU_NATIVE) {
		p->native = true;
		p->device = fds[0];
		return 0;
	}
	p->grant = *g;
	p->mem = map(g->region_size, MAP_SHARED, fds[0]);
	p->ring = map(ring_list(p), MAP_PRIVATE | MAP_ANONYMOUS, -1);
	if (p->mem == NULL || p->ring == NULL) {
		for (int i = 0; i < 3; i++)
			sys_close(fds[i]);
		if (p->mem != NULL)
			sys(__NR_munmap, p->mem, g->region_size);
		return -ENOMEM;
	}
	p->memfd = fds[0];
	p->kick = fds[1];
	p->wake = fds[2];
	nm_keep_fd(&p->memfd);
	nm_keep_fd(&p->kick);
	nm_keep_fd(&p->wake);
	find_rings(p);
	atomic_store(&p->bound, true);
	return 0;
}

void nm_unbind(struct nm_port *p)
{
	if (!atomic_exchange(&p->bound, false))
		return;
	sys(__NR_munmap, p->ring, ring_list(p));
	sys(__NR_munmap, p->mem, p->grant.region_size);
	nm_drop_fd(&p->memfd);
	nm_drop_fd(&p->kick);
	nm_drop_fd(&p->wake);
}

/* Whether the open is registered. What is not yet, another process that has the connection may have done meanwhile. */
bool nm_registered(struct nm_port *p, int conn)
{
	return likely(atomic_load_explicit(&p->bound, memory_order_acquire)) || nm_describe(p, conn) == 0;
}

/* Asks what is open on a connection that came from elsewhere. -ENXIO: nothing is, yet. */
int nm_describe(struct nm_port *p, int conn)
{
	struct nmu_grant space;
	struct nm_message m = {.op = NMU_OP_DESCRIBE, .data = &space, .capacity = sizeof(space)};
	int ret = nm_call(p, conn, &m);

	if (ret == 0)
		ret = m.has_grant ? nm_bind(p, &m.grant, m.fds) : -EPROTO;
	if (ret == 0)
		nm_share(p);
	return ret;
}
